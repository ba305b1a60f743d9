# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's site: its binding with certificate, preload, and IIS's untouched defaults out of the way. Docs:
win_im_site.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _firewall, _iis_config, _questions, _service_urls, _site_defaults, _windows_path
from ._iis_config import Binding, Configuration, Site
from ._plan import Diff, Operation, Plan, Refused
from ._questions import Ask, Query

SITE = _site_defaults.SITE_MODULE
SNI, KNOWN_FLAGS = 1, 3

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
        "firewall": {"type": "str", "choices": list(_firewall.CHOICES), "default": _firewall.CHOICES[0]},
        "backup_count": _iis_config.BACKUP_COUNT,
    },
}


@dataclasses.dataclass(frozen=True)
class WantedBinding:
    """A binding that shall be, with its certificate (None: http, or made by an earlier step of a check-mode run)."""

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
            reason = _windows_path.why_not_absolute(path)
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
            arguments["name"],
            state,
            _windows_path.normal(path) if path else "",
            arguments.get("pool") or "",
            bindings,
            arguments["preload"],
            arguments.get("replaces_service") or "",
            arguments["remove_defaults"],
            arguments["force_remove_defaults"],
            _guarded(bindings) if _firewall.minded(arguments) else frozenset(),
            arguments["backup_count"],
        )


def _guarded(bindings: t.Iterable[WantedBinding]) -> frozenset[int]:
    """Return the ports that others than the server itself reach."""
    return frozenset(b.binding.port for b in bindings if not b.binding.address.startswith(("127.", "[::1]")))


def _wanted_binding(number: int, given: dict[str, t.Any]) -> WantedBinding:
    where = f"bindings, entry {number}"
    https = given["protocol"] == "https"
    port = given.get("port") or (443 if https else 80)
    if not 1 <= port <= 65535:
        raise Refused(f"{where}: found port {port}, wanted 1 to 65535")
    host = given["host_name"].lower()
    sni = given.get("sni") if given.get("sni") is not None else bool(host)
    if https and sni and not host:
        raise Refused(f"{where}: found sni without host_name, wanted the host name that the certificate is chosen by")
    flags = SNI if https and sni else 0
    thumbprint = (given.get("certificate_thumbprint") or "").replace(" ", "").upper() or None
    if not https and thumbprint:
        raise Refused(f"{where}: found a certificate for http, wanted protocol https or no certificate")
    return WantedBinding(
        Binding(given["protocol"], given["ip"], port, host, flags), thumbprint, given["certificate_store"]
    )


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    asked = [
        _questions.file(_iis_config.PATH, _iis_config.MAX_BYTES),
        _questions.iis(),
        _questions.registry(_iis_config.TLS_ADDRESSES, depth=1),
        _questions.registry(_iis_config.TLS_NAMES, depth=1),
        _questions.listeners(),
        *_firewall.questions(wanted.guarded),
    ]
    if wanted.path:
        asked.append(_questions.file(wanted.path))
    if wanted.replaces_service:
        asked.append(_questions.service(wanted.replaces_service))
    asked += [
        _questions.certificates(store=store) for store in sorted({b.store for b in wanted.bindings if b.thumbprint})
    ]
    return tuple(asked)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused for what stands in the way, before anything is written."""
    answer = ask(_questions.file(_iis_config.PATH, _iis_config.MAX_BYTES))
    if answer is None:
        if wanted.state == "absent":
            return Plan()
        if not check:
            raise Refused("IIS is not installed: run win_im_prerequisites (role im_prerequisites) first")
        return _on_bare_server(wanted, ask)
    iis = _iis_config.parse(base64.b64decode(answer["content"]))
    states = {s["name"].lower(): s["state"] for s in (ask(_questions.iis()) or {"sites": []})["sites"]}
    site = iis.site(wanted.name)
    if wanted.state == "absent":
        return _with_backup(wanted, ask, _absent(wanted, site))
    defaults = (
        _site_defaults.removed(iis, wanted.name, wanted.pool, force=wanted.force) if wanted.remove_defaults else []
    )
    _mind_others(wanted, iis, ask, {d.arguments["name"].lower() for d in defaults if d.module == SITE})
    if not check:
        _mind_needs(wanted, iis, ask)
    let_in = _firewall.verdicts(wanted.guarded, _firewall.HTTP_SYS, ask)
    closed = _firewall.warning(let_in, ask(_questions.host())["domain"])
    shown = _firewall.shown(let_in)
    if site is None:
        diffs = (_site_defaults.diff(defaults), _diff(wanted, None, "", {}))
        return _with_backup(wanted, ask, [*defaults, *_new(wanted)], diffs, closed, firewall=shown)
    if site.own_preload is False and wanted.preload:
        raise Refused(
            f"the root application of site {site.name} says preloadEnabled=false itself, which beats the site's: remove"
            f" the attribute in {_iis_config.PATH} (site {site.name}, application '/'), then run again"
        )
    served = _iis_config.served(
        ask(_questions.registry(_iis_config.TLS_ADDRESSES, depth=1)),
        ask(_questions.registry(_iis_config.TLS_NAMES, depth=1)),
    )
    state = states.get(wanted.name.lower(), "Unknown")
    operations = _differences(wanted, site, state, served)
    shared = tuple(_shared_certificates(wanted, iis, served)) if operations else ()
    diffs = (_site_defaults.diff(defaults), _diff(wanted, site, state, served))
    return _with_backup(wanted, ask, [*defaults, *operations], diffs, (*shared, *closed), firewall=shown)


def _with_backup(
    wanted: Wanted,
    ask: Ask,
    operations: t.Sequence[Operation],
    diffs: tuple[Diff, ...] = (),
    warnings: tuple[str, ...] = (),
    **facts: t.Any,
) -> Plan:
    operations = _iis_config.backed_up(operations, ask, wanted.backup_count)
    return Plan(tuple(operations), diffs, warnings, facts={"site": wanted.name, **facts})


def _on_bare_server(wanted: Wanted, ask: Ask) -> Plan:
    """Return what a run would do after an earlier step has installed IIS, whose defaults are there then."""
    defaults = [*_site_defaults.REMOVAL] if wanted.remove_defaults else []
    return _with_backup(
        wanted, ask, [*defaults, *_new(wanted)], (_site_defaults.diff(defaults), _diff(wanted, None, "", {}))
    )


# What stands in the way


def _mind_needs(wanted: Wanted, iis: Configuration, ask: Ask) -> None:
    folder = ask(_questions.file(wanted.path))
    if folder is None or folder["type"] != "folder":
        raise Refused(f"path: found no folder {wanted.path} on the server; run win_im_working_directory first")
    if iis.pool(wanted.pool) is None:
        raise Refused(f"pool: found no application pool {wanted.pool} on the server; run win_im_apppool first")
    for b in wanted.bindings:
        if b.binding.protocol != "https":
            continue
        if not b.thumbprint:
            raise Refused(f"bindings: found no certificate for {b.binding.key}, wanted certificate_thumbprint")
        held = ask(_questions.certificates(store=b.store)) or []
        found = next((c for c in held if c["thumbprint"].upper() == b.thumbprint), None)
        if found is None or not found["has_private_key"]:
            what = "no certificate" if found is None else "a certificate without private key"
            raise Refused(
                f"bindings: found {what} {b.thumbprint} in LocalMachine\\{b.store}, wanted one with its private key; "
                "run win_im_cert_pair first"
            )


def _mind_others(wanted: Wanted, iis: Configuration, ask: Ask, going: set[str]) -> None:
    """Refuse a binding that another site has, or a port that something outside IIS listens on."""
    others = [s for s in iis.sites if s.name.lower() not in {wanted.name.lower(), *going}]
    ports_of_iis = {b.port for s in iis.sites for b in s.bindings}
    for b in wanted.bindings:
        taken = next((s.name for s in others if b.binding.key in {o.key for o in s.bindings}), None)
        if taken:
            raise Refused(
                f"bindings: {b.binding.key} belongs to site {taken}: choose another host name or port, or remove it"
                " there"
            )
        held = b.binding.port in {x["port"] for x in ask(_questions.listeners())}
        if b.binding.port not in ports_of_iis and held and not _is_freed(wanted, b.binding.port, ask):
            raise Refused(
                f"bindings: something outside IIS listens on port {b.binding.port} of the server (netstat -abno names"
                " it): stop it, or choose another port"
            )


def _is_freed(wanted: Wanted, port: int, ask: Ask) -> bool:
    """Tell whether the service that the site replaces holds the port: in a real run it is gone before."""
    found = ask(_questions.service(wanted.replaces_service)) if wanted.replaces_service else None
    return found is not None and found["state"] != "Stopped" and port in _service_urls.ports(found["path"])


def _shared_certificates(
    wanted: Wanted, iis: Configuration, served: t.Mapping[str, _iis_config.Served]
) -> t.Iterator[str]:
    """Yield a warning for each certificate whose change hits other sites too, since they share an address and port
    without SNI.
    """
    for b in wanted.bindings:
        now = served.get(b.binding.endpoint)
        if b.binding.ssl_flags & SNI or now is None or b.thumbprint is None or now.thumbprint == b.thumbprint:
            continue
        sharing = [
            s.name
            for s in iis.sites
            if s.name.lower() != wanted.name.lower() and any(o.endpoint == b.binding.endpoint for o in s.bindings)
        ]
        if sharing:
            yield f"the certificate of {b.binding.endpoint} is replaced for {', '.join(sharing)} too, which share it"


# The site itself


def _new(wanted: Wanted) -> list[Operation]:
    """Return the operations of a new site: made with its bindings, then stopped, as its first binding starts it;
    started last.
    """
    made = {
        "name": wanted.name,
        "state": "started" if wanted.state == "started" else "stopped",
        "physical_path": wanted.path,
        "application_pool": wanted.pool,
        "preload_enabled": wanted.preload,
        "bindings": {"set": [b.argument() for b in wanted.bindings]},
    }
    operations = [Operation(f"make site {wanted.name}", SITE, made)]
    # Belief [site-starts]: a new site starts with its first binding, microsoft.iis website.ps1; so it is stopped again.
    if wanted.state != "started":
        operations.append(Operation(f"stop site {wanted.name}", SITE, {"name": wanted.name, "state": "stopped"}))
    return operations


def _absent(wanted: Wanted, site: Site | None) -> list[Operation]:
    if site is None:
        return []
    return [Operation(f"remove site {wanted.name}", SITE, {"name": wanted.name, "state": "absent"})]


def _differences(wanted: Wanted, site: Site, state: str, served: t.Mapping[str, _iis_config.Served]) -> list[Operation]:
    operations = []
    run = "started" if state == "Started" else "stopped"  # what website would otherwise change by itself
    settings: dict[str, t.Any] = {}
    if not _windows_path.same(_windows_path.expand(site.path), wanted.path):
        settings["physical_path"] = wanted.path
    if site.pool.lower() != wanted.pool.lower():
        settings["application_pool"] = wanted.pool
    if site.preload != wanted.preload:
        settings["preload_enabled"] = wanted.preload
    present = {b.key: b for b in site.bindings}
    added = [b for b in wanted.bindings if _differs(b, present.get(b.binding.key), served)]
    edited = [b.binding.key for b in added if b.binding.key in present]
    for key in edited:
        if present[key].ssl_flags > KNOWN_FLAGS:
            raise Refused(
                f"the binding {key} of site {site.name} has sslFlags {present[key].ssl_flags}, which"
                " microsoft.iis.website does not keep: set it to 0 or 1 in IIS Manager, then run again"
            )
    if edited and site.other_bindings:
        # It counts http and https bindings only, and then takes that number among all: it may edit another binding.
        raise Refused(
            f"site {site.name} has {site.other_bindings} bindings that are neither http nor https, and"
            f" {', '.join(edited)} has to be edited, which microsoft.iis.website may do to the wrong one: remove the"
            " others in IIS Manager, then run again"
        )
    surplus = [b for key, b in present.items() if key not in {w.binding.key for w in wanted.bindings}]
    if surplus:
        # Belief [binding-wildcard]: removing '*' addresses is a wildcard in IIS's cmdlets and takes other bindings of
        # the port along, microsoft.iis website.ps1: they are put back after it.
        ports = {b.port for b in surplus}
        gone = [{"ip": b.address, "port": b.port, "hostname": b.host} for b in surplus]
        arguments = {"name": wanted.name, "state": run, "bindings": {"remove": gone}}
        operations.append(
            Operation(f"remove bindings {', '.join(b.key for b in surplus)} of site {wanted.name}", SITE, arguments)
        )
        added = [b for b in wanted.bindings if b in added or b.binding.port in ports]
    if added:
        settings["bindings"] = {"add": [b.argument() for b in added]}
    if settings:
        does = f"set {', '.join(sorted(settings))} of site {wanted.name}"
        operations.append(Operation(does, SITE, {"name": wanted.name, "state": run, **settings}))
    if wanted.state == "started" and state != "Started":
        operations.append(Operation(f"start site {wanted.name}", SITE, {"name": wanted.name, "state": "started"}))
    if wanted.state == "stopped" and state != "Stopped":
        operations.append(Operation(f"stop site {wanted.name}", SITE, {"name": wanted.name, "state": "stopped"}))
    return operations


def _differs(wanted: WantedBinding, old: Binding | None, served: t.Mapping[str, _iis_config.Served]) -> bool:
    if old is None or (old.protocol, old.ssl_flags & KNOWN_FLAGS) != (
        wanted.binding.protocol,
        wanted.binding.ssl_flags,
    ):
        return True
    now = served.get(wanted.binding.endpoint)
    return wanted.binding.protocol == "https" and (now is None or now.thumbprint != wanted.thumbprint)


def _diff(wanted: Wanted, site: Site | None, state: str, served: t.Mapping[str, _iis_config.Served]) -> Diff:
    title = f"site {wanted.name}"
    after_state = (
        "Started" if wanted.state == "started" else "Stopped" if wanted.state == "stopped" or site is None else state
    )
    after = _text(
        wanted.name,
        after_state,
        wanted.path,
        wanted.pool,
        wanted.preload,
        [_binding_text(b.binding, b.thumbprint or "made by an earlier step") for b in wanted.bindings],
    )
    if site is None:
        return Diff(title, "", after)
    shown = [_binding_text(b, s.thumbprint if (s := served.get(b.endpoint)) else "none") for b in site.bindings]
    return Diff(title, _text(site.name, state, _windows_path.expand(site.path), site.pool, site.preload, shown), after)


def _binding_text(binding: Binding, thumbprint: str) -> str:
    if binding.protocol == "http":
        return f"http {binding.key}"
    return f"https {binding.key} sni={str(bool(binding.ssl_flags & SNI)).lower()} certificate={thumbprint}"


def _text(name: str, state: str, path: str, pool: str, preload: bool, bindings: t.Sequence[str]) -> str:
    lines = [f"site: {name}", f"state: {state}", f"path: {path}", f"pool: {pool}", f"preload: {str(preload).lower()}"]
    return "\n".join([*lines, *(f"binding: {b}" for b in sorted(bindings))]) + "\n"
