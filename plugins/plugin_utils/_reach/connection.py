# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the controller reaches a server, as the options of Ansible's connection plugins say."""

from __future__ import annotations

import dataclasses
import typing as t

ENCRYPTING = {"kerberos": "Kerberos", "ntlm": "NTLM", "negotiate": "Negotiate", "credssp": "CredSSP"}
"""The authentications that can encrypt messages over http, as people call them."""
OTHERS = {"basic": "Basic", "certificate": "a client's certificate"}


@dataclasses.dataclass(frozen=True)
class Connection:
    """One way to a server.

    Attributes:
        plugin: psrp or winrm; of others only the name is known.
        address: the name or address that is connected to.
        port: and its port.
        scheme: https or http.
        authentication: basic, certificate, kerberos, ntlm, negotiate or credssp; of winrm the first that it tries.
        user: who logs on; empty for who has the ticket.
        judges: whether the server's certificate is validated.
        authorities: the file of trusted authorities, where it is not the controller's own.
        messages: whether messages over http are encrypted.
        path: what is asked for.
        service: the first part of the service's name in Kerberos.
        named: the second part: the server's name in the domain.
    """

    plugin: str
    address: str
    port: int
    scheme: str
    authentication: str
    user: str = ""
    judges: bool = True
    authorities: str = ""
    messages: bool = True
    path: str = "wsman"
    service: str = "HTTP"
    named: str = ""

    @property
    def known(self) -> bool:
        """Tell whether it is a plugin whose options are understood."""
        return self.plugin in ("psrp", "winrm")

    @property
    def way(self) -> str:
        """Return how people call the authentication."""
        return (ENCRYPTING | OTHERS).get(self.authentication, self.authentication)

    @property
    def encryption(self) -> str:
        """Return what keeps others from reading."""
        if self.scheme == "https":
            return "TLS"
        if self.messages and self.authentication in ENCRYPTING:
            return f"messages, by {ENCRYPTING[self.authentication]}"
        return "none"


Option = t.Callable[[str], t.Any]
"""Returns an option of the connection plugin by its name; None where it has none."""


def of(plugin: str, option: Option, address: str) -> Connection:
    """Return the way that a connection plugin takes."""
    read = {"psrp": _psrp, "winrm": _winrm}.get(plugin)
    return read(option, address) if read else Connection(plugin, address, 0, "", "")


def _psrp(option: Option, address: str) -> Connection:
    port, scheme = option("port"), option("protocol")
    scheme = scheme or ("http" if port is not None and int(port) == 5985 else "https")
    return Connection(
        "psrp",
        str(option("remote_addr") or address),
        int(port or (5986 if scheme == "https" else 5985)),
        scheme,
        str(option("auth") or "negotiate"),
        str(option("remote_user") or ""),
        judges=option("cert_validation") != "ignore",
        authorities=str(option("ca_cert") or ""),
        messages=option("message_encryption") != "never",
        path=str(option("path") or "wsman").strip("/"),
        service=str(option("negotiate_service") or "HTTP"),
        named=str(option("negotiate_hostname_override") or ""),
    )


def _winrm(option: Option, address: str) -> Connection:
    extras = option("_extras") or {}
    port = int(option("port") or 5986)
    scheme = option("scheme") or ("http" if port == 5985 else "https")
    user = str(option("remote_user") or "")
    ways = option("transport") or (["kerberos"] if "@" in user else ["ssl" if scheme == "https" else "plaintext"])
    way = {"ssl": "basic", "plaintext": "basic"}.get(ways[0], ways[0])
    trust = str(extras.get("ansible_winrm_ca_trust_path") or "")
    return Connection(
        "winrm",
        str(option("remote_addr") or address),
        port,
        scheme,
        way,
        user,
        judges=extras.get("ansible_winrm_server_cert_validation") != "ignore",
        authorities="" if trust == "legacy_requests" else trust,
        messages=extras.get("ansible_winrm_message_encryption") != "never",
        path=str(option("path") or "wsman").strip("/"),
        named=str(extras.get("ansible_winrm_kerberos_hostname_override") or ""),
    )
