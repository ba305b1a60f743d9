# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies around the agent: files that override its settings, what runs left, logs that grow, and a second host."""

from __future__ import annotations

import re
import typing as t

from ..._agent import leftovers, restart, settings_files, version_folders
from ..._core import probe
from ..._core.probe import Ask, Query
from ..._windows import windows_path
from ..rule import Finding, Severity, State
from .item import Agent, Findings, Item, rule

PAGE = "audit.md"
RESTART = rule(
    "restart-pending",
    "agent",
    Severity.MEDIUM,
    "Netwrix Identity Manager documentation: the agent reads its settings at its start",
    "The agent was started after its settings were written",
    "The agent works with settings that are no longer those on its disk.",
    r"Compare LastWriteTime of Runtime\appsettings*.json with the start of w3wp.exe or of the service",
    "Run the playbook install, or start the pool or the service again when its jobs allow it",
    "hosting.md",
)
SECOND = rule(
    "second-scheduler",
    "agent",
    Severity.HIGH,
    "Netwrix Identity Manager documentation: Scheduler",
    "The agent runs once: under IIS or as a service",
    "Two processes run the same jobs at the same time, and wait for each other's lock.",
    "Get-Service IdentityManager*; Get-WebAppPoolState",
    "Run the playbook install, which removes the hosting that im_agent_hosting does not name",
    "hosting.md",
)
OVERRIDES = rule(
    "overriding-files",
    "settings",
    Severity.MEDIUM,
    "Microsoft: Configuration in ASP.NET Core",
    "No file overrides the settings that the inventory wants",
    "What the inventory says is in the file, and the agent does something else.",
    r"Get-ChildItem C:\identitymanagerContoso\Runtime\appsettings.*.json",
    "Move its values to im_agent_settings or im_agent_agent_settings, then remove the file",
    "settings.md",
)
FORMER = rule(
    "former-files",
    "folders",
    Severity.LOW,
    "this collection: im_agent_backup_count",
    "No more than 2 former versions and 40 backups lie beside the agent",
    "They fill the disk, and former settings hold former secrets.",
    r"Get-ChildItem C:\identitymanagerContoso; Get-ChildItem C:\identitymanagerContoso\Runtime\*.bak",
    "Remove those that nobody needs; im_agent_backup_count limits what a run keeps",
    PAGE,
)
LEFT = rule(
    "leftovers",
    "folders",
    Severity.LOW,
    "this collection: docs/probe-and-writer.md",
    "No run left a file half written",
    "A run was killed: what it was about to write may hold secrets.",
    r"Get-ChildItem C:\identitymanagerContoso\Runtime\*.im-*",
    "Run the playbook install: it sweeps what killed runs left",
    "probe-and-writer.md",
)
LOCK = rule(
    "stale-lock",
    "agent",
    Severity.MEDIUM,
    "Netwrix Identity Manager documentation: Scheduler.LockFilePath, Scheduler.MaxLockWatchTime",
    "No lock of the scheduler stays behind",
    "The scheduler waits up to MaxLockWatchTime for a lock that nobody holds, or for ever.",
    r"Get-Item C:\identitymanagerContoso\Temp\scheduler.lock",
    "Remove the file while the agent is stopped",
    "troubleshooting.md",
)
LOGS = rule(
    "log-growth",
    "folders",
    Severity.LOW,
    "Netwrix Identity Manager documentation: Monitoring",
    "The logs in Temp take less than 1 GiB",
    "A full disk stops the agent, and everything else on the server.",
    r"Get-ChildItem C:\identitymanagerContoso\Temp -Recurse | Measure-Object Length -Sum",
    "Set rollingInterval and retainedFileCountLimit of Serilog's sink in im_agent_settings, and remove old logs",
    "settings.md",
)
MOST_VERSIONS, MOST_BACKUPS, MOST_BYTES = 2, 40, 2**30
_OURS = {name.lower() for name in settings_files.CHAIN}
_OVERRIDES = re.compile(r"appsettings\.(?:\w+\.)*json", re.IGNORECASE)


def _settings(agent: Agent) -> Query:
    return probe.files(agent.runtime, "appsettings*")


def _backups(agent: Agent) -> Query:
    return probe.files(agent.runtime, "*.bak")


def _beside(agent: Agent) -> Query:
    return probe.folders(agent.folders.root, "Runtime*")


def _left(agent: Agent) -> tuple[Query, ...]:
    return probe.files(agent.runtime, "*.im-*"), probe.folders(agent.runtime, "*.im-*")


# Belief [scheduler-lock]: the lock of the agent's scheduler is there unless LockFilePath says otherwise, the vendor's
# page "Network Configuration", whose example is the only one.
def _lock(agent: Agent) -> Query:
    return probe.file(windows_path.join(agent.folders.path("Temp"), "scheduler.lock"), 0)


def _logs(agent: Agent) -> Query:
    return probe.files(agent.folders.path("Temp"), "*log*", recurse=True)


def _questions(agent: Agent) -> tuple[Query, ...]:
    watched = map(restart.question, settings_files.watched(agent.runtime))
    own = (_settings(agent), _backups(agent), _beside(agent), *_left(agent), _lock(agent), _logs(agent))
    return (*own, *watched, probe.iis(), *((probe.service(agent.service),) if agent.service else ()))


def _judge(agent: Agent, ask: Ask) -> Findings:
    started = _started(agent, ask)
    for path in settings_files.watched(agent.runtime) if started else ():
        answer = ask(restart.question(path))
        if answer and answer["last_write"] > started:
            yield Finding(RESTART.id, State.FAIL, path, f"older than {started[:19]}Z", f"{answer['last_write'][:19]}Z")
    yield from _second(agent, ask)
    for one in ask(_settings(agent)) or ():
        if _OVERRIDES.fullmatch(one["name"]) and one["name"].lower() not in _OURS:
            path = windows_path.join(agent.runtime, one["name"])
            yield Finding(OVERRIDES.id, State.FAIL, path, "no such file", f"a file of {one['size']} bytes")
    yield from _piled(agent, ask)
    lock = ask(_lock(agent))
    if lock and (lock["last_write"] < started if started else not _runs(agent, ask)):
        path = windows_path.join(agent.folders.path("Temp"), "scheduler.lock")
        why = "older than the agent's start" if started else "while the agent does not run"
        yield Finding(LOCK.id, State.FAIL, path, "no lock that nobody holds", f"of {lock['last_write'][:19]}Z, {why}")


def _piled(agent: Agent, ask: Ask) -> Findings:
    # A folder that is being swapped in has a name of its own, which counts as left behind.
    runtime = agent.runtime.rpartition("\\")[2].lower()
    former = [one["name"] for one in ask(_beside(agent)) or () if one["name"].lower() != runtime]
    versions = [
        name for name in former if not leftovers.is_left(name) and not version_folders.is_staged(agent.runtime, name)
    ]
    if len(versions) > MOST_VERSIONS:
        wanted = f"at most {MOST_VERSIONS} former versions"
        yield Finding(FORMER.id, State.FAIL, agent.folders.root, wanted, f"{len(versions)}: {', '.join(versions)}")
    backups = ask(_backups(agent)) or ()
    if len(backups) > MOST_BACKUPS:
        wanted = f"at most {MOST_BACKUPS} backups"
        yield Finding(FORMER.id, State.FAIL, agent.runtime, wanted, f"{len(backups)}")
    yield from _left_behind(agent, ask)
    size = sum(one["size"] for one in ask(_logs(agent)) or ())
    if size > MOST_BYTES:
        wanted = f"less than {MOST_BYTES >> 20} MiB"
        yield Finding(LOGS.id, State.FAIL, agent.folders.path("Temp"), wanted, f"{size >> 20} MiB")


def _left_behind(agent: Agent, ask: Ask) -> Findings:
    limit = leftovers.limit(ask)  # younger: a run may be at work on it
    found = [one for query in (*_left(agent), _beside(agent)) for one in ask(query) or ()]
    for name in sorted(
        {one["name"] for one in found if leftovers.is_left(one["name"]) and one["last_write"][:19] <= limit}
    ):
        yield Finding(LEFT.id, State.FAIL, name, "nothing left behind", "a file or folder of a run that was killed")


def _second(agent: Agent, ask: Ask) -> Findings:
    service = ask(probe.service(agent.service)) if agent.service else None
    runs = bool(service and service["state"] == "Running")
    pool = any(one["name"].lower() == agent.pool.lower() and one["state"] == "Started" for one in _pools(ask))
    if runs and pool:
        wanted = "a service only" if agent.is_service else "an application pool only"
        found = f"the service {agent.service} runs, and the application pool {agent.pool} is started"
        yield Finding(SECOND.id, State.FAIL, "", wanted, found)


def _pools(ask: Ask) -> list[dict[str, str]]:
    return t.cast("list[dict[str, str]]", (ask(probe.iis()) or {"pools": []})["pools"])


def _runs(agent: Agent, ask: Ask) -> bool:
    """Tell whether the agent's process runs; when it started Windows may not tell."""
    if agent.is_service:
        service = ask(probe.service(agent.service)) if agent.service else None
        return service is not None and service["state"] != "Stopped"
    workers = (ask(probe.iis()) or {"workers": []})["workers"]
    return any(worker["pool"].lower() == agent.pool.lower() for worker in workers)


def _started(agent: Agent, ask: Ask) -> str:
    """Return when the agent's process was started; empty where it does not run, or nobody knows."""
    if agent.is_service:
        service = ask(probe.service(agent.service)) if agent.service else None
        return (service or {}).get("started") or "" if service else ""
    workers = (ask(probe.iis()) or {"workers": []})["workers"]
    return min((w["started"] for w in workers if w["pool"].lower() == agent.pool.lower() and w["started"]), default="")


ITEM = Item((RESTART, SECOND, OVERRIDES, FORMER, LEFT, LOCK, LOGS), _questions, _judge)
