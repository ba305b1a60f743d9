# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the scheduler of an agent leaves behind: its lock, and the logs of its jobs.

The scheduler is not launched before its lock is gone or MaxLockWatchTime is over (vendor page "Network Configuration"),
so that a lock which nobody has holds up all jobs after a start.
"""

from __future__ import annotations

import base64
import dataclasses
import ntpath
import typing as t

from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Diff, Guard, Operation, Plan, Refused, write
from .._core.probe import Ask, Query
from .._core.touched import Touched
from .._windows import iis_config, windows_path
from . import settings_files, settings_text

PREFIX, AGENT = "Usercube-", "Usercube-Agent"
_WITH_LOCK = (
    "and stop the agent and start it again, as two runs (stop.yml, start.yml), where no jobs start: the start of a"
    " stopped agent removes a lock that no process has"
)
NEWEST = 3
"""How many logs of jobs are looked at."""
_TEMP, _LOCK = "TempFolderPath", "Scheduler:LockFilePath"


class Places(t.NamedTuple):
    """Where an agent's scheduler writes.

    Attributes:
        lock: the file that is its lock.
        logs: the folder with the logs of jobs.
    """

    lock: str
    logs: str


def questions(runtime: str) -> tuple[Query, ...]:
    """Ask for what names the places, and for the lock where most agents have it."""
    return (_settings(runtime), probe.file(_usual(runtime).lock, 0))


def questions_of_start(runtime: str, ask: Ask) -> tuple[Query, ...]:
    """Return those of ``questions`` that this run needs yet: what names the places may be known."""
    settings = _settings(runtime)
    return tuple(one for one in questions(runtime) if one != settings or _kept(runtime, ask) is None)


def places(runtime: str, ask: Ask) -> Places:
    """Return the places that the settings of an agent name, by default those beside Runtime."""
    kept = _kept(runtime, ask)
    if kept:
        return kept
    answer = ask(_settings(runtime))
    return _named(runtime, base64.b64decode((answer or {}).get("content") or "e30="))


def written(runtime: str, content: bytes, ask: Ask) -> Mark:
    """Return the mark of a write of appsettings.json: where that leaves the places as they are, no later task of the
    run reads the file again.
    """
    before = places(runtime, ask)
    known = before if _named(runtime, content) == before else ("", "")
    return Mark(MarkKind.SCHEDULER_PLACES, "\n".join((runtime.lower(), *known)))


def _kept(runtime: str, ask: Ask) -> Places | None:
    """Return the places that all writes of this run have left as they were; None where there was no write, or one that
    moved them.
    """
    marks = [mark.subject.split("\n") for mark in ask(probe.done()) if mark.kind is MarkKind.SCHEDULER_PLACES]
    found = {Places(lock, logs) for folder, lock, logs in marks if folder == runtime.lower()}
    return found.pop() if len(found) == 1 and all(place.lock for place in found) else None


def _named(runtime: str, content: bytes) -> Places:
    """Return the places that the content of appsettings.json names."""
    try:
        settings = settings_text.of_others("", content)
    except Refused:  # an agent with such a file does not start
        settings = {}
    named = {name.lower(): str(value) for name, value in settings.items() if value}
    temp = _full(runtime, named.get(_TEMP.lower()) or "../Temp")
    lock = named.get(_LOCK.lower())
    # Belief [scheduler-lock]: without LockFilePath the lock is Temp\scheduler.lock, the vendor's only example.
    return Places(
        _full(runtime, lock) if lock else windows_path.join(temp, "scheduler.lock"), windows_path.join(temp, "JobLogs")
    )


def _usual(runtime: str) -> Places:
    temp = windows_path.join(windows_path.above(runtime), "Temp")
    return Places(windows_path.join(temp, "scheduler.lock"), windows_path.join(temp, "JobLogs"))


def _settings(runtime: str) -> Query:
    return probe.file(windows_path.join(runtime, settings_files.GENERAL), settings_files.MAX_BYTES)


def _full(runtime: str, path: str) -> str:
    return windows_path.normal(ntpath.join(runtime, path.replace("/", "\\")))


# Before a start


def unlocked(plan: Plan, runtime: str, ask: Ask) -> Plan:
    """Return a plan with the removal of a lock that nobody has in front of what starts a stopped agent; as it is where
    there is no lock, or a process of the agent lives.
    """
    turns = [(number, one.arguments["state"]) for number, one in enumerate(plan.operations) if _turns(one)]
    if not turns or turns[0][1] != "started":
        return plan
    lock = places(runtime, ask).lock
    if ask(probe.file(lock, 0)) is None or ask(_processes(runtime))["processes"] or _works(runtime, ask):
        return plan
    removal = write(f"remove {lock}, the scheduler's lock that no process has", "remove", path=lock)
    guard = Guard(lambda seconds: _processes(runtime), 0, lambda answer: _lives(runtime, lock, answer))
    removal = dataclasses.replace(removal, touches=Touched(files=(lock,)), guard=guard)
    operations, diff = list(plan.operations), Diff("lock of the agent's scheduler", f"{lock}\n", "")
    operations.insert(turns[0][0], removal)
    return dataclasses.replace(plan, operations=tuple(operations), diffs=(*plan.diffs, diff))


def _turns(operation: Operation) -> bool:
    """Tell whether an operation starts or stops something that is there."""
    return operation.arguments.get("state") in {"started", "Stopped"}


def _processes(runtime: str) -> Query:
    return probe.processes(runtime, PREFIX)


def _lives(runtime: str, lock: str, answer: t.Mapping[str, t.Any]) -> str:
    names = ", ".join(f"{one['name']}.exe, process {one['id']}" for one in answer["processes"])
    return (
        f"found a program of {runtime} that runs ({names}), wanted none, as it may have {lock}: end it, then run again"
    )


def _works(runtime: str, ask: Ask) -> bool:
    """Tell whether a worker process of IIS runs the agent, whichever pool it is of."""
    answer, found = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES)), ask(probe.iis())
    if answer is None or found is None:
        return False
    sites = iis_config.parse(iis_config.content(answer)).sites
    pools = {site.pool.lower() for site in sites if windows_path.same(windows_path.expand(site.path), runtime)}
    return any(worker["pool"].lower() in pools for worker in found["workers"])


# After a stop


def questions_after(runtime: str, ask: Ask) -> tuple[Query, ...]:
    """Return what is asked once an agent was stopped."""
    there = places(runtime, ask)
    logs = probe.files(there.logs, recurse=True, newest=NEWEST)
    return logs, probe.file(there.lock, 0), _processes(runtime), probe.iis()


def interrupted(runtime: str, pool: str, since: str, asked: tuple[Query, ...], ask: Ask) -> str:
    """Return what shows that a job began after the last look for jobs, so that the stop has interrupted it, as a
    sentence; empty where nothing does.

    Args:
        runtime: the agent's folder.
        pool: its application pool; empty for a service.
        since: when it was looked for jobs last, in the server's time.
        asked: ``questions_after``, of before the stop: the settings may be others by now.
        ask: answers them as it was after the stop.
    """
    logs, lock, answer, iis = (ask(query) for query in asked)
    again = _started_again(pool, since, answer, iis)
    signs = [
        f"log {one['name']} of {one['last_write'][:19]}Z"
        for one in logs or ()
        if since <= one["last_write"] and (not again or one["last_write"] < again)
    ]
    signs += [
        f"{one['name']}.exe, process {one['id']}, which goes on without its agent"
        for one in answer["processes"]
        if one["name"].lower() != AGENT.lower() and not (again and (one["started"] or again) >= again)
    ]
    if not signs:  # a lock alone is none: an agent that was killed leaves one too
        return ""
    stays = lock and (not again or lock["last_write"] < again)
    if stays:
        signs.append(f"the scheduler's lock {asked[1]['path']}, which was not taken away")
    return (
        f"found, after the stop of the agent in {runtime}, what a job has left that began right before it:"
        f" {'; '.join(signs)}. The stop may have interrupted it, and nobody was told: look at the page Job Execution of"
        " the server, and launch the job again where it has not ended" + (f", {_WITH_LOCK}" * bool(stays))
    )


def of_service(since: str, asked: t.Sequence[Query], ask: Ask) -> str:
    """Return ``interrupted`` of an agent that runs as a service."""
    return interrupted(asked[2]["folder"], "", since, tuple(asked), ask)


def _started_again(pool: str, since: str, answer: t.Mapping[str, t.Any], iis: t.Mapping[str, t.Any] | None) -> str:
    """Return when the agent has started after its stop; empty where it has not."""
    of_service = [one for one in answer["processes"] if one["name"].lower() == AGENT.lower()]
    of_pool = [one for one in (iis or {"workers": []})["workers"] if pool and one["pool"].lower() == pool.lower()]
    return min((str(one["started"]) for one in (*of_service, *of_pool) if (one["started"] or "") >= since), default="")
