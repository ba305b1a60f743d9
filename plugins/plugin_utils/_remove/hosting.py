# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs the agent: its service, or its application pool, site and entries of HTTP.sys, with the right to log on."""

from __future__ import annotations

import dataclasses
import typing as t

from .._certificates import other_agents
from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Operation, Refused
from .._core.probe import Ask, Query
from .._hosting import application_pool, default_site, http_sys, service
from .._windows import account_name, command_line, iis_config, iis_states, windows_path
from .._windows.iis_config import Configuration, Site
from .part import Part
from .wanted import Wanted

SERVICES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services"
REST_SECONDS = 120


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    return (
        probe.file(iis_config.PATH, iis_config.MAX_BYTES),
        iis_config.redirection(),
        probe.iis(),
        probe.registry(iis_config.TLS_ADDRESSES, depth=1),
        probe.registry(iis_config.TLS_NAMES, depth=1),
        probe.service(wanted.service),
        accounts(),
        *(() if not wanted.identity.account else (probe.account(wanted.identity.account),)),
    )


def accounts() -> Query:
    """Ask whom the services of the server run as."""
    return probe.registry(SERVICES, "ObjectName", depth=1)


def configuration(ask: Ask) -> Configuration:
    """Return IIS's configuration, an empty one without IIS."""
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    return iis_config.parse(iis_config.content(answer)) if answer else Configuration((), ())


def ends(wanted: Wanted, ask: Ask) -> tuple[Operation, ...]:
    """Return what stops the agent, before anything of it is removed; raises Refused for what is not its own."""
    operations: list[Operation] = []
    found = _own_service(wanted, ask)
    if found and found["state"] != "Stopped":
        arguments = {"name": wanted.service, "state": "stopped"}
        operations.append(Operation(f"stop service {wanted.service}", service.MODULE, arguments))
    iis = configuration(ask)
    if iis.pool(wanted.pool) is not None or iis.site(wanted.site) is not None:
        iis_config.check_in_force(ask)
        _check_own(wanted, iis, iis.site(wanted.site))
        operations += _stopped(wanted, ask)
    return tuple(operations)


def part(wanted: Wanted, ask: Ask) -> Part:
    """Return what removes what runs the agent, once it has stopped; raises Refused for what is not its own."""
    of_service, of_iis = _service(wanted, ask), _under_iis(wanted, ask)
    return Part(
        (*of_service.operations, *of_iis.operations),
        (*of_service.gone, *of_iis.gone),
        (*of_service.stays, *of_iis.stays),
    )


def _own_service(wanted: Wanted, ask: Ask) -> t.Mapping[str, t.Any] | None:
    """Return the agent's service, None where there is none; raises Refused for one that runs something else."""
    found = ask(probe.service(wanted.service))
    if found and found["state"].endswith("Pending"):
        # It takes no order meanwhile (belief service-rest).
        found = ask(probe.service_wait(wanted.service, REST_SECONDS))
        if found and not found["reached"]:
            raise Refused(
                f"found service {wanted.service} in state {found['state']} for {found['waited']} seconds, wanted it"
                " started or stopped, as it takes no order meanwhile. Nothing was removed: wait for it, or end its"
                " process"
            )
    if found and f"{wanted.runtime}\\{other_agents.PROGRAM}.".lower() not in found["path"].lower():
        raise Refused(
            f"found a service {wanted.service} that runs {command_line.shown(found['path'])}, wanted a program of"
            f" {wanted.runtime}. Nothing was removed: check im_agent_service_name and im_agent_working_directory"
        )
    return t.cast("t.Mapping[str, t.Any] | None", found)


def _service(wanted: Wanted, ask: Ask) -> Part:
    if not _own_service(wanted, ask):
        return Part()
    right = _right(wanted, service.LOGON_RIGHT, "log on as a service", ask)
    gone = Operation(f"remove service {wanted.service}", service.MODULE, {"name": wanted.service, "state": "absent"})
    return Part((*right.operations, gone), (*right.gone, f"service: {wanted.service}"), right.stays)


def _under_iis(wanted: Wanted, ask: Ask) -> Part:
    iis = configuration(ask)
    site, pool = iis.site(wanted.site), iis.pool(wanted.pool)
    if site is None and pool is None:
        return Part()
    right = _right(wanted, application_pool.LOGON_RIGHT, "log on as a batch job", ask) if pool else Part()
    operations, gone = list(right.operations), list(right.gone)
    if site is not None:
        for endpoint, sni in sorted(http_sys.endpoints(wanted.site, configuration(ask), ask)):
            operations.append(http_sys.without_certificate(endpoint, sni=sni))
            gone.append(f"certificate of HTTP.sys: {endpoint}")
    removals: list[Operation] = []
    if site is not None:
        mark = Mark(MarkKind.SITE_REMOVED, wanted.site.lower())
        arguments = {"name": wanted.site, "state": "absent"}
        removals.append(Operation(f"remove site {wanted.site}", default_site.SITE_MODULE, arguments, mark=mark))
        gone.append(f"site: {wanted.site}, bindings {', '.join(b.key for b in site.bindings)}")
    if pool is not None:
        arguments = {"name": wanted.pool, "state": "absent"}
        removals.append(Operation(f"remove application pool {wanted.pool}", default_site.POOL_MODULE, arguments))
        gone.append(f"application pool: {wanted.pool}")
    operations += iis_config.backed_up(removals, ask, wanted.backup_count)
    return Part(tuple(operations), tuple(gone), right.stays)


def _check_own(wanted: Wanted, iis: Configuration, site: Site | None) -> None:
    """Refuse a site or pool that is not this agent's alone."""
    if site is not None and not windows_path.same(windows_path.expand(site.path), wanted.runtime):
        raise Refused(
            f"found site {site.name} with the folder {site.path}, wanted {wanted.runtime}. Nothing was removed: check"
            " im_agent_site_name and im_agent_working_directory"
        )
    if site is not None and site.applications:
        raise Refused(
            f"site {site.name} has further applications ({', '.join(site.applications)}), wanted the agent alone: they"
            " would go with it. Nothing was removed: move them to another site, then run again"
        )
    users = [name for name in iis.users(wanted.pool) if name.lower() != wanted.site.lower()]
    if users:
        raise Refused(
            f"application pool {wanted.pool} still runs applications of {', '.join(users)}, which would answer 503"
            " without it. Nothing was removed: give them another pool, then run again"
        )


def _stopped(wanted: Wanted, ask: Ask) -> list[Operation]:
    """Return the stop of the agent's pool and its workers, where it may have any."""
    states = ask(probe.iis()) or {"pools": [], "workers": []}
    name = wanted.pool.lower()
    runs = any(one["name"].lower() == name and one["state"] in iis_states.RUNNING for one in states["pools"])
    if not runs and not any(one["pool"].lower() == name for one in states["workers"]):
        return []
    until = iis_states.pool_stopped(wanted.pool, max(0, wanted.stop_seconds - iis_states.SPARE_SECONDS))
    remedy = ", or set stop_seconds (im_remove_stop_seconds) to more"
    patient = dataclasses.replace(until, describe=lambda answer: until.describe(answer) + remedy)
    arguments = {"name": wanted.pool, "state": "stopped"}
    does = f"stop application pool {wanted.pool}"
    return [iis_states.ordered(Operation(does, default_site.POOL_MODULE, arguments, until=patient))]


def _right(wanted: Wanted, right: str, words: str, ask: Ask) -> Part:
    """Return what takes the right to log on from the agent's account, unless something else runs as it."""
    account = wanted.identity.account
    if not account or account_name.of(account).sid == account_name.LOCAL_SYSTEM:
        return Part()
    users = others(wanted, ask)
    if users:
        return Part(stays=(f"the right of {account} to {words}: {', '.join(users)} runs as it too",))
    if not ask(probe.account(account))[0]:
        return Part(stays=(f"the right of {account} to {words}, which the server does not know any more",))
    arguments = {"name": right, "users": [account], "action": "remove"}
    does = f"take from {account} the right to {words}"
    return Part((Operation(does, service.RIGHT_MODULE, arguments),), (f"right to {words}: {account}",))


def others(wanted: Wanted, ask: Ask) -> list[str]:
    """Return which services and pools beside the agent's own run as its account."""
    if not wanted.identity.account:
        return []
    found = []
    for name, key in ((ask(accounts()) or {}).get("children") or {}).items():
        account = str(key["values"].get("ObjectName", {}).get("data") or "")
        if name.lower() != wanted.service.lower() and _is_same(account, wanted.identity.account):
            found.append(f"service {name}")
    for pool in configuration(ask).pools:
        own = pool.name.lower() == wanted.pool.lower()
        if not own and _is_same(str(pool.attributes.get("processModel.userName") or ""), wanted.identity.account):
            found.append(f"application pool {pool.name}")
    return found


def _is_same(one: str, other: str) -> bool:
    r"""Tell whether two names may be one account: DOMAIN\user and user@domain are told by the user alone."""
    return bool(one) and _user(one) == _user(other)


def _user(name: str) -> str:
    return name.rpartition("\\")[2].partition("@")[0].lower()
