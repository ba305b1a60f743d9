# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which entries of Windows' logs are the agent's: all programs of a kind share one provider."""

from __future__ import annotations

import re
import typing as t

from .._agent.start_signs import FAR_PAST
from .._core.probe import Ask
from .._windows import windows_path
from . import questions
from .wanted import Wanted

Event = t.Mapping[str, t.Any]
PROGRAM = "usercube-agent"
# Belief [start-in-english]: the module's message of a start is English on every Windows; its id is the same everywhere:
# 1001 out of process, 1032 in process, dotnet/aspnetcore aspnetcore_msg.mc and resources.h.
STARTS = frozenset({1001, 1032})
_PATH = re.compile(rf"([a-z]:\\[^\r\n\"'<>|?*:]*)\\{PROGRAM}\.(?:exe|dll)", re.IGNORECASE)
_MARKS = "'\"`\u00ab\u00b4\u00bb\u2018-\u201f\u2039\u203a"
"""Quotation marks of all languages."""
_STARTED = re.compile(r"started (process .* )?successfully")


def of_agent(wanted: Wanted, ask: Ask, since: str = FAR_PAST) -> list[Event]:
    """Return the Application log's entries that name the agent, newest first.

    IIS's module names the application's folder in its messages; .NET and Windows name the program that failed.
    """
    entries = ask(questions.events(wanted, since)) or []
    if wanted.service:
        return [e for e in entries if PROGRAM in e["message"].lower() and not _of_another(wanted, e["message"])]
    # Belief [events-name-folder]: dotnet/aspnetcore CommonLib/resources.h and inprocessapplication.cpp put the physical
    # path into each message, with a backslash at its end or without.
    folder = re.escape(wanted.folders.path("Runtime").rstrip("\\").lower())
    named = re.compile(rf"(?<![\w\\]){folder}(?![\w.-])")
    return [e for e in entries if named.search(e["message"].lower())]


def _of_another(wanted: Wanted, message: str) -> bool:
    """Tell whether an entry names the program of another agent on the server. Windows names its path, .NET only the
    program's name, so that an entry of .NET counts for every agent.
    """
    own = wanted.folders.path("Runtime")
    folders = [match[1] for match in _PATH.finditer(message)]
    return bool(folders) and not any(windows_path.same(folder, own) for folder in folders)


def slow_stops(wanted: Wanted, ask: Ask, since: str) -> list[Event]:
    """Return what WAS says of the agent's pool whose worker did not end in time, in Windows' language: in quotation
    marks, or, where Windows has no text, as what the text would be filled with, the pool and its process.
    """
    pool = re.escape(wanted.pool)
    named = re.compile(rf"[{_MARKS}]\s?{pool}\s?[{_MARKS}]|^{pool}(?: \d+)?$", re.IGNORECASE)
    return [
        e
        for e in ask(questions.system_events(since)) or []
        if e["id"] == questions.SLOW_STOP and named.search(e["message"].strip())
    ]


def reports_start(event: Event) -> bool:
    """Tell whether an entry reports that the agent has started."""
    return event["level"] == "Information" and (event["id"] in STARTS or bool(_STARTED.search(event["message"])))


def is_error(event: Event) -> bool:
    """Tell whether an entry is an error."""
    return event["level"] in {"Critical", "Error"}
