# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a pool or site of IIS has stopped or started: the modules return while it is still on its way."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Operation, Until, write
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind

STOPPING, UNKNOWN = "Stopping", "Unknown"
NO_WEB_SERVICE = (
    "the web server's service W3SVC does not run, so no site answers (Start-Service W3SVC starts it, and WAS)"
)
WEB_SERVICE_STARTED = Mark(MarkKind.WEB_SERVICE_STARTED, "W3SVC")
START_WEB_SERVICE = Operation(
    "start the services W3SVC and WAS",
    "ansible.windows.win_service",
    {"name": "W3SVC", "state": "started"},
    mark=WEB_SERVICE_STARTED,
)
"""W3SVC needs WAS, which Windows starts with it."""
# Belief [pool-stop]: Stop-WebAppPool returns while the pool is Stopping, and it then takes no order; its worker may be
# there a little longer, OctopusDeploy/Library PR 153 and Issues 1374.
RUNNING = frozenset({"Started", "Starting", STOPPING})
"""States in which a pool may have a worker."""
STARTS = frozenset({"Started", "Starting"})
STARTS_ITSELF = frozenset({"automatic", "delayed"})
"""Start modes of services that run after a restart of the server."""
START_SECONDS = 60
SITE_SECONDS = 60
WORKER_SECONDS = 90
"""How long a worker may take to end, learn.microsoft.com "Process Model Settings for an Application Pool"."""
SPARE_SECONDS = 30
"""What Windows may need beside the time that a worker has to end."""
_ORDER = "pool"
_STOP_REMEDY = "a job that runs delays a stop: wait for it, or raise shutdownTimeLimit of the pool"
# learn.microsoft.com "IIS Application Pool Availability" and "IIS Application Pool Identity".
_START_REMEDY = (
    "see the System log (WAS): 5021 and 5057 are a wrong account or password, 5002 is rapid-fail protection after a"
    " worker that ended again and again; Unknown is a service WAS that does not run"
)
_SITE_REMEDY = "see the System log (WAS, HttpEvent); another site or program may have one of its bindings"


def web_service() -> Query:
    """Ask for the web server's service."""
    return probe.service(WEB_SERVICE_STARTED.subject)


def asleep(ask: Ask) -> bool:
    """Tell whether the web server is there and its service is stopped: no site answers, and no pool starts."""
    found = ask(web_service())
    return found is not None and found["state"] == "Stopped" and WEB_SERVICE_STARTED not in ask(probe.settled())


def warnings(ask: Ask) -> t.Iterator[Warned]:
    """Yield a warning for a web server that does not run, and for one that does not start by itself."""
    found = ask(web_service())
    if found is not None and found["state"] == "Stopped":
        yield Warned(NO_WEB_SERVICE, WarningKind.WEB_SERVICE_STOPPED)
    if found is not None and found["start_mode"] not in STARTS_ITSELF:
        yield Warned(
            f"found the service {found['name']} with start mode {found['start_mode']}, wanted automatic: no site"
            f" answers after the next restart of the server (Set-Service {found['name']} -StartupType Automatic)",
            WarningKind.WEB_SERVICE_START,
        )


def pool_stopped(name: str, worker_seconds: int) -> Until:
    """Return when a pool has stopped: its state says so, and none of its workers runs.

    Args:
        name: the pool.
        worker_seconds: how long a worker may take, the pool's shutdownTimeLimit.
    """
    question = probe.iis_wait("Stopped", worker_seconds + SPARE_SECONDS, pool=name)
    return Until(question, lambda answer: _found(answer, "pools", name, "Stopped", _STOP_REMEDY))


def ordered(operation: Operation) -> Operation:
    """Return a stop or start of a pool, a call of the module, as the writer does it: in the execution that looks for
    what has to hold before it. A stop is waited for there too.
    """
    name, state = operation.arguments["name"], str(operation.arguments["state"]).capitalize()
    seconds = operation.until.question["wait"]["seconds"] if operation.until and state == "Stopped" else 0
    order = write(operation.does, _ORDER, name=name, state=state, seconds=seconds)
    return dataclasses.replace(operation, module=order.module, arguments=order.arguments, tolerate=())


def is_ordered(operation: Operation) -> bool:
    """Tell whether an operation is such a stop or start, so that it sets nothing."""
    return bool(operation.arguments.get("operation") == _ORDER)


def pool_started(name: str) -> Until:
    """Return when a pool has started."""
    question = probe.iis_wait("Started", START_SECONDS, pool=name)
    return Until(question, lambda answer: _found(answer, "pools", name, "Started", _START_REMEDY))


def site_stopped(name: str) -> Until:
    """Return when a site has stopped."""
    question = probe.iis_wait("Stopped", SITE_SECONDS, site=name)
    return Until(question, lambda answer: _found(answer, "sites", name, "Stopped", _SITE_REMEDY))


def site_started(name: str) -> Until:
    """Return when a site has started."""
    question = probe.iis_wait("Started", START_SECONDS, site=name)
    return Until(question, lambda answer: _found(answer, "sites", name, "Started", _SITE_REMEDY))


def _found(answer: t.Mapping[str, t.Any] | None, kind: str, name: str, wanted: str, remedy: str) -> str:
    """Return what was found instead of a state, and what to do."""
    answer = answer or {kind: [], "workers": [], "waited": 0}
    state = next((item["state"] for item in answer[kind] if item["name"].lower() == name.lower()), "absent")
    workers = [str(w["process_id"]) for w in answer["workers"] if w["pool"].lower() == name.lower()]
    processes = f", worker process {', '.join(workers)} still runs" if kind == "pools" and workers else ""
    return f"found {state}{processes} after {answer['waited']} seconds, wanted {wanted}: {remedy}"
