# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the agent runs, and since when: its pool and site, or its service."""

from __future__ import annotations

import typing as t

from .._agent.start_signs import FAR_PAST
from .._core import probe
from .._core.probe import Ask
from . import agent_events, pool_causes
from .check import Check, verdict
from .wanted import Wanted

INSTALL = "There is none of this name: run install.yml, or correct the name in the inventory."


def runs(wanted: Wanted, ask: Ask) -> bool:
    """Tell whether the agent's service or pool is started."""
    if wanted.service:
        found = ask(probe.service(wanted.service))
        return bool(found and found["state"] == "Running")
    return state(ask, "pools", wanted.pool) == "Started"


def is_there(wanted: Wanted, ask: Ask) -> bool:
    """Tell whether there is such a site or service at all."""
    if wanted.service:
        return ask(probe.service(wanted.service)) is not None
    return state(ask, "sites", wanted.site) != "absent"


def state(ask: Ask, kind: str, name: str) -> str:
    """Return the state of one of the ``pools`` or ``sites``."""
    states = {item["name"].lower(): item["state"] for item in (ask(probe.iis()) or {kind: []})[kind]}
    return str(states.get(name.lower(), "absent"))


def workers(wanted: Wanted, ask: Ask) -> list[t.Mapping[str, t.Any]]:
    """Return the pool's worker processes."""
    found = (ask(probe.iis()) or {"workers": []})["workers"]
    return [w for w in found if w["pool"].lower() == wanted.pool.lower()]


def worker_started(wanted: Wanted, ask: Ask) -> str | None:
    """Return when the pool's first worker process was started, None where there is none or Windows does not tell."""
    return min((w["started"] for w in workers(wanted, ask) if w["started"]), default=None)


def started(wanted: Wanted, ask: Ask) -> str:
    """Return when the agent's process was started; a time in the far past if that is not known."""
    if wanted.service:
        found = ask(probe.service(wanted.service))
        return str((found or {}).get("started") or FAR_PAST)
    return worker_started(wanted, ask) or FAR_PAST


def since(wanted: Wanted, ask: Ask) -> str:
    """Return the time after which errors count: the agent's start, or the last one that succeeded."""
    starts = (str(e["time"]) for e in agent_events.of_agent(wanted, ask) if agent_events.reports_start(e))
    return max([started(wanted, ask), *starts])


def checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether pool and site, or the service, are started."""
    if wanted.service:
        yield _service(wanted, ask)
        return
    for kind, name in (("pools", wanted.pool), ("sites", wanted.site)):
        found = state(ask, kind, name)
        what, id_ = ("application pool", "pool_started") if kind == "pools" else ("site", "site_started")
        causes: tuple[str, ...] = ()
        page = ""
        remedy = INSTALL if found == "absent" else pool_causes.START
        if kind == "pools" and found == "Stopped":
            causes, remedy = pool_causes.of_pool(wanted, ask)
            page = pool_causes.PAGE
        yield Check(id_, f"{what} {name}", verdict(found == "Started"), found, "Started", remedy, causes, page=page)


def _service(wanted: Wanted, ask: Ask) -> Check:
    answer = ask(probe.service(wanted.service))
    found = answer["state"] if answer else "absent"
    causes = (
        "A service that stops by itself is told in the System log (Service Control Manager): 7034 is a process that"
        " ended, 7038 a wrong password, 7041 an account that may not log on.",
    )
    remedy = pool_causes.START if answer else INSTALL
    name = f"service {wanted.service}"
    return Check("service_running", name, verdict(found == "Running"), found, "Running", remedy, causes)
