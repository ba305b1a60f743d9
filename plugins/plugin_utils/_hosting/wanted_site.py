# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's site as a task wants it. Docs: win_im_site.yml."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .._core.plan import Refused
from .._windows import iis_config, iis_names, windows_path
from .._windows.iis_config import Binding
from .._windows.thumbprint import cleaned
from . import firewall_rules

SNI, KNOWN_FLAGS = 1, 3
"""Bits of a binding's sslFlags: SNI; and those that microsoft.iis.website knows, SNI and the central store."""

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "started", "stopped", "absent"], "default": "present"},
        "path": {"type": "str"},
        "pool": {"type": "str"},
        "bindings": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "protocol": {"type": "str", "choices": ["http", "https"], "default": "https"},
                "ip": {"type": "str", "default": "*"},
                "port": {"type": "int"},
                "host_name": {"type": "str", "default": ""},
                "sni": {"type": "bool"},
                "certificate_thumbprint": {"type": "str"},
                "certificate_store": {"type": "str", "default": "My"},
            },
        },
        "preload": {"type": "bool", "default": True},
        "replaces_service": {"type": "str"},
        "remove_defaults": {"type": "bool", "default": True},
        "force_remove_defaults": {"type": "bool", "default": False},
        "firewall": {"type": "str", "choices": list(firewall_rules.CHOICES), "default": firewall_rules.CHOICES[0]},
        "backup_count": iis_config.BACKUP_COUNT,
    },
}


@dataclasses.dataclass(frozen=True)
class WantedBinding:
    """A wanted binding with its certificate (None: http, or created by an earlier step of a check-mode run)."""

    binding: Binding
    thumbprint: str | None
    store: str

    def argument(self) -> dict[str, t.Any]:
        """Return it as microsoft.iis.website takes it; the address always spelled out, since an omitted one never
        matches.
        """
        b = self.binding
        argument: dict[str, t.Any] = {"protocol": b.protocol, "ip": b.address, "port": b.port, "hostname": b.host}
        if b.protocol == "https":
            argument |= {"use_sni": bool(b.ssl_flags & SNI), "use_ccs": False}
            argument |= {"certificate_hash": self.thumbprint, "certificate_store_name": self.store}
        return argument


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the site shall be; ``guarded`` are the ports that the server's firewall has to let in."""

    name: str
    state: str
    path: str
    pool: str
    bindings: tuple[WantedBinding, ...]
    preload: bool
    replaces_service: str
    remove_defaults: bool
    force: bool
    guarded: frozenset[int]
    backup_count: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        path, state = arguments.get("path") or "", arguments["state"]
        if state != "absent":
            iis_names.check_site(arguments["name"])
            reason = windows_path.why_not_absolute(path)
            if reason:
                raise Refused(f"path: found {path!r}, wanted an absolute Windows path ({reason})")
            if not arguments.get("pool"):
                raise Refused("pool: found nothing, wanted the application pool")
            if not arguments["bindings"]:
                raise Refused("bindings: found none, wanted at least one")
        bindings = tuple(_wanted_binding(n, b) for n, b in enumerate(arguments["bindings"], start=1))
        keys = [b.binding.key for b in bindings]
        if len(set(keys)) < len(keys):
            raise Refused("bindings: found the same address, port and host name twice")
        return cls(
            name=arguments["name"],
            state=state,
            path=windows_path.normal(path) if path else "",
            pool=arguments.get("pool") or "",
            bindings=bindings,
            preload=arguments["preload"],
            replaces_service=arguments.get("replaces_service") or "",
            remove_defaults=arguments["remove_defaults"],
            force=arguments["force_remove_defaults"],
            guarded=_guarded(bindings) if firewall_rules.is_checked(arguments) else frozenset(),
            backup_count=arguments["backup_count"],
        )


def _guarded(bindings: t.Iterable[WantedBinding]) -> frozenset[int]:
    """Return the ports that others than the server itself reach."""
    return frozenset(b.binding.port for b in bindings if not b.binding.address.startswith(("127.", "[::1]")))


def _address(where: str, text: str) -> str:
    """Return the address of a binding, ``*`` for all; raises Refused for none, and for IPv6."""
    if text in {"*", iis_config.ANY_ADDRESS}:
        return "*"
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        raise Refused(f"{where}: found ip {text!r}, wanted '*' or an IPv4 address") from None
    if address.version == 6:
        # website.ps1 of microsoft.iis takes a binding's parts by splitting it at ':'.
        raise Refused(
            f"{where}: found the IPv6 address {text}, wanted '*' (which has IPv6 too) or an IPv4 address:"
            " microsoft.iis.website cannot set such a binding"
        )
    return str(address)


def _wanted_binding(number: int, given: dict[str, t.Any]) -> WantedBinding:
    where = f"bindings, entry {number}"
    https = given["protocol"] == "https"
    port = given.get("port") or (443 if https else 80)
    if not 1 <= port <= 65535:
        raise Refused(f"{where}: found port {port}, wanted 1 to 65535")
    address = _address(where, given["ip"])
    host = given["host_name"].lower()
    sni = given.get("sni") if given.get("sni") is not None else bool(host)
    if https and sni and not host:
        raise Refused(f"{where}: found sni without host_name, wanted the host name that the certificate is chosen by")
    flags = SNI if https and sni else 0
    thumbprint = cleaned(given.get("certificate_thumbprint") or "") or None
    if not https and thumbprint:
        raise Refused(f"{where}: found a certificate for http, wanted protocol https or no certificate")
    return WantedBinding(Binding(given["protocol"], address, port, host, flags), thumbprint, given["certificate_store"])
