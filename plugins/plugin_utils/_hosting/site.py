# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's site: its binding with certificate, preload, and IIS's untouched defaults out of the way. Docs:
win_im_site.yml.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import MADE_EARLIER, Diff, Operation, Plan, Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import iis_config, iis_states, windows_path
from .._windows.iis_config import Binding, Configuration, Site
from . import default_site, firewall_rules, heard_addresses, port_owner, service_urls, site_changes
from .default_site import SITE_MODULE
from .wanted_site import ARGUMENT_SPEC, SNI, Wanted

__all__ = ["ARGUMENT_SPEC", "Wanted", "plan", "questions"]


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    asked = [
        probe.file(iis_config.PATH, iis_config.MAX_BYTES),
        iis_config.redirection(),
        probe.iis(),
        iis_states.web_service(),
        probe.registry(iis_config.TLS_ADDRESSES, depth=1),
        probe.registry(iis_config.TLS_NAMES, depth=1),
        probe.listeners(),
        heard_addresses.question(),
        *firewall_rules.questions(wanted.guarded),
        *iis_config.backups_questions(wanted.backup_count),
    ]
    if wanted.remove_defaults and wanted.state != "absent":
        asked.append(default_site.question())
    if wanted.path:
        asked.append(probe.file(wanted.path))
    if wanted.replaces_service:
        asked.append(probe.service(wanted.replaces_service))
    asked += [probe.certificates(store=store) for store in sorted({b.store for b in wanted.bindings if b.thumbprint})]
    return tuple(asked)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused for what stands in the way, before anything is written."""
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    if answer is None:
        if wanted.state == "absent":
            return Plan()
        if not check:
            raise Refused("IIS is not installed: run win_im_prerequisites (role im_prerequisites) first")
        return _on_bare_server(wanted, ask)
    iis_config.check_in_force(ask)
    iis = iis_config.parse(iis_config.content(answer))
    states = {s["name"].lower(): s["state"] for s in (ask(probe.iis()) or {"sites": []})["sites"]}
    site = iis.site(wanted.name)
    if wanted.state == "absent":
        return _with_backup(wanted, ask, _absent(wanted, site))
    defaults = _removed_defaults(wanted, iis, ask)
    going = {d.arguments["name"].lower() for d in defaults if d.module == SITE_MODULE}
    _check_others(wanted, iis, ask, going)
    if not check:
        _check_needs(wanted, iis, ask)
    let_in = firewall_rules.verdicts(wanted.guarded, firewall_rules.HTTP_SYS, ask)
    closed = firewall_rules.warning(let_in, ask(probe.host())["domain"])
    shown = firewall_rules.shown(let_in)
    served = iis_config.served(
        ask(probe.registry(iis_config.TLS_ADDRESSES, depth=1)),
        ask(probe.registry(iis_config.TLS_NAMES, depth=1)),
    )
    asleep, told = iis_states.asleep(ask), (*iis_states.warnings(ask), *heard_addresses.warnings(wanted, ask))
    if site is None:
        _check_pool(wanted, iis, going)
        woken = (iis_states.START_WEB_SERVICE,) if asleep and wanted.state == "started" else ()
        diffs = (default_site.diff(defaults), _diff(wanted, None, "", {}))
        warnings = (*_shared_certificates(wanted, iis, served), *_beaten(wanted, served), *closed, *told)
        return _with_backup(wanted, ask, [*woken, *defaults, *_new(wanted)], diffs, warnings, firewall=shown)
    if site.own_preload is False and wanted.preload:
        raise Refused(
            f"the root application of site {site.name} sets preloadEnabled=false itself, which overrides the site's:"
            f" remove the attribute in {iis_config.PATH} (site {site.name}, application '/'), then run again"
        )
    state = states.get(wanted.name.lower(), "Unknown")
    operations = site_changes.operations(wanted, site, state, served, asleep=asleep)
    shared = tuple(_shared_certificates(wanted, iis, served)) if operations else ()
    diffs = (default_site.diff(defaults), _diff(wanted, site, state, served))
    warnings = (*shared, *_beaten(wanted, served), *closed, *_starts_never(wanted, site), *told)
    return _with_backup(wanted, ask, [*defaults, *operations], diffs, warnings, firewall=shown)


def _removed_defaults(wanted: Wanted, iis: Configuration, ask: Ask) -> list[Operation]:
    """Return the removal of IIS's own site and pool, where that is wanted."""
    if not wanted.remove_defaults:
        return []
    return default_site.removed(iis, ask, wanted.name, wanted.pool, force=wanted.force)


def _with_backup(
    wanted: Wanted,
    ask: Ask,
    operations: t.Sequence[Operation],
    diffs: tuple[Diff, ...] = (),
    warnings: tuple[Warned, ...] = (),
    **facts: t.Any,
) -> Plan:
    woken = iis_states.START_WEB_SERVICE in operations
    operations = [
        *iis_config.backed_up(operations, ask, wanted.backup_count),
        *iis_config.unwanted_backups(ask, wanted.backup_count),
    ]
    settles = (iis_states.WEB_SERVICE_STARTED,) if woken else ()
    return Plan(tuple(operations), diffs, warnings, settles=settles, facts={"site": wanted.name, **facts})


def _on_bare_server(wanted: Wanted, ask: Ask) -> Plan:
    """Return what a run would do after an earlier step has installed IIS, whose defaults are there then; raises Refused
    for a port that something listens on already.
    """
    _check_others(wanted, Configuration((), ()), ask, set())
    defaults = [*default_site.REMOVAL] if wanted.remove_defaults else []
    return _with_backup(
        wanted, ask, [*defaults, *_new(wanted)], (default_site.diff(defaults), _diff(wanted, None, "", {}))
    )


# What stands in the way


def _check_needs(wanted: Wanted, iis: Configuration, ask: Ask) -> None:
    folder = ask(probe.file(wanted.path))
    if folder is None or folder["type"] != "folder":
        raise Refused(f"path: found no folder {wanted.path} on the server; run win_im_working_directory first")
    if iis.pool(wanted.pool) is None:
        raise Refused(f"pool: found no application pool {wanted.pool} on the server; run win_im_apppool first")
    for b in wanted.bindings:
        if b.binding.protocol != "https":
            continue
        if not b.thumbprint:
            raise Refused(f"bindings: found no certificate for {b.binding.key}, wanted certificate_thumbprint")
        certificates = ask(probe.certificates(store=b.store)) or []
        found = next((c for c in certificates if c["thumbprint"].upper() == b.thumbprint), None)
        if found is None or not found["has_private_key"]:
            what = "no certificate" if found is None else "a certificate without private key"
            raise Refused(
                f"bindings: found {what} {b.thumbprint} in LocalMachine\\{b.store}, wanted one with its private key; "
                "run win_im_cert_pair first"
            )


def _check_others(wanted: Wanted, iis: Configuration, ask: Ask, going: set[str]) -> None:
    """Refuse a binding that another site has, or a port that something outside IIS listens on; ``going``: the sites
    that this run removes before.
    """
    others = [s for s in iis.sites if s.name.lower() not in {wanted.name.lower(), *going}]
    ports_of_iis = {b.port for s in iis.sites for b in s.bindings}
    for b in wanted.bindings:
        taken = next((s.name for s in others if b.binding.key in {o.key for o in s.bindings}), None)
        if taken:
            raise Refused(
                f"bindings: {b.binding.key} belongs to site {taken}: choose another host name or port, or remove it"
                " there"
            )
        is_taken = b.binding.port in {x["port"] for x in ask(probe.listeners())}
        if b.binding.port not in ports_of_iis and is_taken and not _is_freed(wanted, b.binding.port, ask):
            owner = port_owner.of(b.binding.port, ask)
            if port_owner.is_http_sys(owner):
                continue
            raise Refused(
                f"bindings: something outside IIS listens on port {b.binding.port} of the server"
                f" ({port_owner.words(owner)}): stop it, or choose another port"
            )


def _check_pool(wanted: Wanted, iis: Configuration, going: set[str]) -> None:
    """Refuse a new site in the pool of another one: in process, ASP.NET Core allows one application for each pool.
    ``going``: the sites that this run removes before.
    """
    users = [name for name in iis.users(wanted.pool) if name.lower() not in going]
    if users:
        raise Refused(
            f"pool: the application pool {wanted.pool} already serves {', '.join(users)}, wanted a pool of the agent's"
            " own: a worker process runs one ASP.NET Core application in process (error 500.35), and a restart of the"
            " one would stop the other. Name another pool"
        )


def _is_freed(wanted: Wanted, port: int, ask: Ask) -> bool:
    """Tell whether the service that the site replaces listens on the port: in a real run it is gone before."""
    found = ask(probe.service(wanted.replaces_service)) if wanted.replaces_service else None
    return found is not None and found["state"] != "Stopped" and port in service_urls.ports(found["path"])


def _shared_certificates(
    wanted: Wanted, iis: Configuration, served: t.Mapping[str, iis_config.Served]
) -> t.Iterator[Warned]:
    """Yield a warning for each certificate whose change affects other sites too, since they share an address and port
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
            text = (
                f"the certificate of {b.binding.endpoint} is replaced for {', '.join(sharing)} too, which share it:"
                " give one of them another port (im_agent_https_port) or a binding with SNI where they need their own"
            )
            yield Warned(text, WarningKind.CERTIFICATE_OF_OTHERS, b.binding.endpoint)
        elif not any(o.endpoint == b.binding.endpoint for s in iis.sites for o in s.bindings):
            yield Warned(
                f"HTTP.sys has the certificate {now.thumbprint} for {b.binding.endpoint}, which no site of IIS uses,"
                f" and which is replaced by {b.thumbprint}: if another program serves there (netsh http show sslcert"
                f" ipport={b.binding.endpoint} has its application id), choose another port, or let the binding use"
                " SNI",
                WarningKind.CERTIFICATE_OF_OTHERS,
                b.binding.endpoint,
            )


def _beaten(wanted: Wanted, served: t.Mapping[str, iis_config.Served]) -> t.Iterator[Warned]:
    """Yield a warning for each certificate that HTTP.sys has for one address of the server, at the port of a binding
    for all of them.
    """
    # Belief [tls-order]: HTTP.sys looks for address and port first, then for the host name, and then for any address;
    # learn.microsoft.com "IIS Central Certificate Store / SNI", blog "IIS 8 SNI, order of bindings".
    for b in wanted.bindings:
        if b.thumbprint is None or b.binding.address != "*":
            continue
        for endpoint, entry in served.items():
            address, _colon, port = endpoint.rpartition(":")
            if port == str(b.binding.port) and _is_one_address(address) and entry.thumbprint != b.thumbprint:
                yield Warned(
                    f"HTTP.sys has the certificate {entry.thumbprint} for {endpoint}, which comes before the binding"
                    f" {b.binding.key}: who reaches the server at that address gets it instead of {b.thumbprint}."
                    f" Remove it unless another program needs it (netsh http delete sslcert ipport={endpoint})",
                    WarningKind.CERTIFICATE_OF_ADDRESS,
                    f"{endpoint}, {b.binding.key}",
                )


def _is_one_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text.strip("[]")).is_unspecified
    except ValueError:
        return False


def _starts_never(wanted: Wanted, site: Site) -> t.Iterator[Warned]:
    """Yield a warning for a site that stays stopped after a restart of the server; no option of the module sets it."""
    if wanted.state == "started" and not site.starts:
        yield Warned(
            f"site {site.name} has serverAutoStart=false, so it stays stopped after the next restart of the server:"
            f' set it to true (appcmd set site "{site.name}" /serverAutoStart:true)',
            WarningKind.SITE_STAYS_STOPPED,
        )


# The site itself


def _new(wanted: Wanted) -> list[Operation]:
    """Return the operations of a new site: created with its bindings; stopped after it where it shall not run."""
    arguments = {
        "name": wanted.name,
        "state": "started" if wanted.state == "started" else "stopped",
        "physical_path": wanted.path,
        "application_pool": wanted.pool,
        "preload_enabled": wanted.preload,
        "bindings": {"set": [b.argument() for b in wanted.bindings]},
    }
    operations = [Operation(f"create site {wanted.name}", SITE_MODULE, arguments)]
    # Belief [site-starts]: a new site starts with its first binding, microsoft.iis website.ps1; so it is stopped again.
    if wanted.state != "started":
        operations.append(Operation(f"stop site {wanted.name}", SITE_MODULE, {"name": wanted.name, "state": "stopped"}))
    return operations


def _absent(wanted: Wanted, site: Site | None) -> list[Operation]:
    if site is None:
        return []
    if site.applications:
        raise Refused(
            f"site {site.name} has further applications ({', '.join(site.applications)}), wanted the agent alone: they"
            " would go with it. Nothing was removed: move them to another site, then run again"
        )
    mark = Mark(MarkKind.SITE_REMOVED, wanted.name.lower())
    arguments = {"name": wanted.name, "state": "absent"}
    return [Operation(f"remove site {wanted.name}", SITE_MODULE, arguments, mark=mark)]


def _diff(wanted: Wanted, site: Site | None, state: str, served: t.Mapping[str, iis_config.Served]) -> Diff:
    title = f"site {wanted.name}"
    after_state = (
        "Started" if wanted.state == "started" else "Stopped" if wanted.state == "stopped" or site is None else state
    )
    after = _text(
        name=wanted.name,
        state=after_state,
        path=wanted.path,
        pool=wanted.pool,
        preload=wanted.preload,
        bindings=[_binding_text(b.binding, b.thumbprint or MADE_EARLIER) for b in wanted.bindings],
    )
    if site is None:
        return Diff(title, "", after)
    before = _text(
        name=site.name,
        state=state,
        path=windows_path.expand(site.path),
        pool=site.pool,
        preload=site.preload,
        bindings=[_binding_text(b, s.thumbprint if (s := served.get(b.endpoint)) else "none") for b in site.bindings],
    )
    return Diff(title, before, after)


def _binding_text(binding: Binding, thumbprint: str) -> str:
    if binding.protocol == "http":
        return f"http {binding.key}"
    return f"https {binding.key} sni={str(bool(binding.ssl_flags & SNI)).lower()} certificate={thumbprint}"


def _text(*, name: str, state: str, path: str, pool: str, preload: bool, bindings: t.Sequence[str]) -> str:
    lines = [f"site: {name}", f"state: {state}", f"path: {path}", f"pool: {pool}", f"preload: {str(preload).lower()}"]
    return "\n".join([*lines, *(f"binding: {b}" for b in sorted(bindings))]) + "\n"
