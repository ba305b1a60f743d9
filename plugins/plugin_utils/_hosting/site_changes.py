# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What turns a site that is there into the wanted one, by operations of microsoft.iis.website."""

from __future__ import annotations

import typing as t

from .._core.plan import Operation, Refused, Until
from .._windows import iis_config, iis_states, windows_path
from .._windows.iis_config import Binding, Site
from .default_site import SITE_MODULE
from .wanted_site import KNOWN_FLAGS, Wanted, WantedBinding

Certificates = t.Mapping[str, iis_config.Served]
"""What HTTP.sys serves, by endpoint."""


def operations(
    wanted: Wanted, site: Site, state: str, served: Certificates, *, asleep: bool = False
) -> list[Operation]:
    """Return the operations, in order.

    Args:
        wanted: the site as it shall be.
        site: as it is.
        state: whether it runs, as IIS calls it.
        served: the certificates that its bindings have.
        asleep: whether the web server's services do not run, so that no site does.

    Raises:
        Refused: a binding has to be edited, and the module would lose what it has or edit another one.
    """
    # What the module would otherwise change by itself.
    run = "started" if state in iis_states.STARTS else "stopped"
    present = {b.key: b for b in site.bindings}
    added = [b for b in wanted.bindings if _differs(b, present.get(b.binding.key), served)]
    _check_edits(site, [b.binding.key for b in added if b.binding.key in present], present)
    found = []
    if state == iis_states.STOPPING and wanted.state == "started":
        # It takes no order before it has stopped.
        found.append(_turn("stop", wanted.name, iis_states.site_stopped(wanted.name)))
    surplus = [b for key, b in present.items() if key not in {w.binding.key for w in wanted.bindings}]
    if surplus:
        _check_removal(site, surplus)
        found.append(_removal(wanted, surplus, run))
        # Belief [binding-wildcard]: removing '*' addresses is a wildcard in IIS's cmdlets and removes other bindings of
        # the port as well, microsoft.iis website.ps1: they are put back after it.
        ports = {b.port for b in surplus}
        added = [b for b in wanted.bindings if b in added or b.binding.port in ports]
    settings = _settings(wanted, site)
    if added:
        settings["bindings"] = {"add": [b.argument() for b in added]}
    if settings:
        does = f"set {', '.join(sorted(settings))} of site {wanted.name}"
        found.append(Operation(does, SITE_MODULE, {"name": wanted.name, "state": run, **settings}))
    # Last, so that a site never runs with half of its bindings.
    return [*found, *_last_turn(wanted, state, asleep=asleep)]


def _last_turn(wanted: Wanted, state: str, *, asleep: bool) -> t.Iterator[Operation]:
    """Yield what starts or stops the site, after the web server where that does not run."""
    if wanted.state == "started" and state != "Started":
        if asleep:
            yield iis_states.START_WEB_SERVICE
        yield _turn("start", wanted.name, iis_states.site_started(wanted.name))
    if wanted.state == "stopped" and state != "Stopped" and not asleep:
        yield _turn("stop", wanted.name, iis_states.site_stopped(wanted.name))


def _turn(verb: str, site: str, until: Until) -> Operation:
    """Return the start or stop of a site."""
    arguments = {"name": site, "state": "started" if verb == "start" else "stopped"}
    return Operation(f"{verb} site {site}", SITE_MODULE, arguments, until=until)


def _settings(wanted: Wanted, site: Site) -> dict[str, t.Any]:
    """Return what differs beside the bindings: the module is given nothing else, since it sets whatever it is given."""
    found: dict[str, t.Any] = {}
    if not windows_path.same(windows_path.expand(site.path), wanted.path):
        found["physical_path"] = wanted.path
    if site.pool.lower() != wanted.pool.lower():
        found["application_pool"] = wanted.pool
    if site.preload != wanted.preload:
        found["preload_enabled"] = wanted.preload
    return found


def _differs(wanted: WantedBinding, old: Binding | None, served: Certificates) -> bool:
    if old is None or (old.protocol, old.ssl_flags & KNOWN_FLAGS) != (
        wanted.binding.protocol,
        wanted.binding.ssl_flags,
    ):
        return True
    # A binding of IIS has no certificate of its own that counts: HTTP.sys serves the one of the binding's endpoint.
    now = served.get(wanted.binding.endpoint)
    return wanted.binding.protocol == "https" and (now is None or now.thumbprint != wanted.thumbprint)


def _check_edits(site: Site, edited: t.Sequence[str], present: t.Mapping[str, Binding]) -> None:
    """Raise Refused for an edit of a binding that the module would do wrong."""
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


def _check_removal(site: Site, surplus: t.Sequence[Binding]) -> None:
    """Raise Refused for a binding that the module cannot remove: it takes a binding's parts by splitting it at ':'."""
    addressed = [b.key for b in surplus if ":" in b.address]
    if addressed:
        raise Refused(
            f"site {site.name} has the IPv6 binding {', '.join(addressed)}, which is not wanted and which"
            " microsoft.iis.website cannot remove: remove it in IIS Manager, then run again"
        )


def _removal(wanted: Wanted, surplus: t.Sequence[Binding], run: str) -> Operation:
    gone = [{"ip": b.address, "port": b.port, "hostname": b.host} for b in surplus]
    does = f"remove bindings {', '.join(b.key for b in surplus)} of site {wanted.name}"
    return Operation(does, SITE_MODULE, {"name": wanted.name, "state": run, "bindings": {"remove": gone}})
