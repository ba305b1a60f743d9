# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a verification asks the server; checks.py says what the answers mean."""

from __future__ import annotations

import base64
import typing as t

from .._agent import restart, start_signs
from .._agent.start_signs import FAR_PAST
from .._core import probe
from .._core.probe import Ask, Query
from .._windows import iis_config, windows_path
from . import agent_logs, held_client, key_checks, mail_checks, need_checks, reach_checks, server_api
from .wanted import Wanted

SERVICE_PROVIDERS = (".NET Runtime", "Application Error")
"""Who writes the errors of an agent that is a service to the Application log: .NET itself."""
WAS = "Microsoft-Windows-WAS"
# Belief [slow-stop]: WAS logs 5013 in the System log where a worker does not end in time, learn.microsoft.com "Event ID
# 5013, IIS Worker Process Availability".
SLOW_STOP = 5013
WRITTEN_FOLDERS = ("Temp", "Work", "Mails")
READ_FOLDERS = ("Runtime", "Sources")
"""Folders that may inherit nothing, so that a right on the working directory does not reach them."""
SERVICE_BASE = "C:\\Windows\\System32"
"""The current directory of a service's process, where its relative paths begin."""
MAIL_PREFIX = "imops-test-"


# The questions of each step


def common_questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the questions of every step: run state, identity, and the files whose settings name the agent's logs."""
    host: tuple[Query, ...] = (probe.service(wanted.service),) if wanted.service else (probe.iis(), web_config(wanted))
    return (*host, settings(wanted), *wanted.identity.questions())


def request_questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the questions of the checks that send a request to the agent, as the inventory lets expect them."""
    return (
        wanted.request,
        *held_client.questions(wanted),
        *(key_checks.questions_ahead(wanted) if wanted.credentials else ()),
        events(wanted),
        *(() if wanted.service else (system_events(FAR_PAST), configuration())),
        temp_files(wanted),
        rights(wanted),
        *((jobs(wanted),) if wanted.jobs else ()),
        *((mails(wanted),) if wanted.mail else ()),
    )


def guessed_questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what ``further_questions`` most likely returns: the question to the agent's server, for an agent that
    holds the client of the inventory.
    """
    return (server_api.question(wanted.credentials, wanted.agent),) if wanted.credentials else ()


def further_questions(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return what the answers decide: the agent's own logs, and its client where it holds another one."""
    logged = tuple(log.question for log in logs(wanted, ask))
    if wanted.credentials:
        logged = (*logged, *key_checks.questions(wanted, ask))
    if wanted.connections:
        logged = (*logged, *need_checks.questions(wanted, ask), *reach_checks.questions(wanted, ask))
    if wanted.asks_mail:
        logged = (*logged, *mail_checks.questions(wanted, ask))
    if not wanted.credentials:
        return logged
    return (held_client.of_agent(wanted, wanted.credentials, ask).question(wanted), *logged)


def start_questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the further questions of the checks that must not send a request, since it would start the agent."""
    return (events(wanted), temp_files(wanted), *((jobs(wanted),) if wanted.jobs else ()))


def stop_questions(wanted: Wanted, ask: Ask, since: str) -> tuple[Query, ...]:
    """Return the further questions about a stop that began at ``since`` (UTC, ISO 8601, as the probe writes it)."""
    system = () if wanted.service else (system_events(since),)
    return (events(wanted, since), *system, *(log.question for log in logs(wanted, ask)))


# Single questions


def settings(wanted: Wanted) -> Query:
    """Ask for appsettings.json."""
    return restart.question(windows_path.join(wanted.folders.path("Runtime"), "appsettings.json"))


def web_config(wanted: Wanted) -> Query:
    """Ask for web.config."""
    return probe.file(windows_path.join(wanted.folders.path("Runtime"), "web.config"))


def events(wanted: Wanted, since: str = FAR_PAST) -> Query:
    """Ask for the agent's entries in the Application log."""
    return probe.events(since, *SERVICE_PROVIDERS) if wanted.service else start_signs.under_iis(since)


def configuration() -> Query:
    """Ask for IIS's configuration, as every other subject asks for it."""
    return probe.file(iis_config.PATH, iis_config.MAX_BYTES)


def system_events(since: str) -> Query:
    """Ask for what WAS has logged of worker processes in the System log."""
    return probe.events(since, WAS, log="System")


def rights(wanted: Wanted) -> Query:
    """Ask for the rights on all folders, in the same words as the plan of the rights, so that it is one question."""
    return probe.acl(*dict.fromkeys(wanted.folders.all()))


def used_folders(wanted: Wanted) -> dict[str, str]:
    """Return the folders that the agent writes to or reads, with the right that it needs."""
    needed = dict.fromkeys(WRITTEN_FOLDERS, "Modify") | dict.fromkeys(READ_FOLDERS, "ReadAndExecute")
    return {wanted.folders.path(name): right for name, right in needed.items()}


def jobs(wanted: Wanted) -> Query:
    """Ask for the newest log of a job."""
    # Belief [job-logs]: the agent's jobs write their logs there, vendor page "Set Up the Working Directory".
    return probe.files(windows_path.join(wanted.folders.path("Temp"), "JobLogs"), recurse=True, newest=1)


def temp_files(wanted: Wanted) -> Query:
    """Ask for the newest file in Temp, which an agent that starts writes to."""
    return start_signs.newest_file(wanted.folders.path("Temp"))


def mails(wanted: Wanted) -> Query:
    """Ask for test mails that no mail server has collected."""
    return probe.files(wanted.folders.path("Mails"), f"{MAIL_PREFIX}*.eml")


def logs(wanted: Wanted, ask: Ask) -> tuple[agent_logs.Log, ...]:
    """Return the agent's own logs, which its settings name; ``ask`` has the answers to ``common_questions``."""
    runtime = wanted.folders.path("Runtime")
    if wanted.service:
        return agent_logs.logs(runtime, SERVICE_BASE, web_config=None, settings=_content(ask(settings(wanted))))
    return agent_logs.logs(
        runtime, runtime, web_config=_content(ask(web_config(wanted))), settings=_content(ask(settings(wanted)))
    )


def _content(answer: t.Mapping[str, t.Any] | None) -> bytes | None:
    return base64.b64decode(answer["content"]) if answer and answer["content"] else None
