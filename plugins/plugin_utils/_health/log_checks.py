# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of what was logged since the agent was started: in Windows' log, and in its own."""

from __future__ import annotations

import base64
import re
import typing as t

from .._agent.start_signs import FAR_PAST
from .._core.mask import MASK
from .._core.probe import Ask, NotAnswered
from .._core.secret_form import looks_secret
from . import agent_events, agent_logs, questions, running
from .check import Check, State, verdict
from .wanted import Wanted

_OPTION = re.compile(r"((?<!\S)--?[A-Za-z][\w-]*[=: ])[^\s'\"]+")
LONGEST = 400
"""Characters of a message that are shown."""


def application_log(wanted: Wanted, ask: Ask, since: str) -> Check:
    """Return whether IIS's module, or .NET, has logged an error since a time."""
    errors = [e for e in agent_events.of_agent(wanted, ask) if agent_events.is_error(e) and e["time"] >= since]
    found = (
        f"{len(errors)} errors, the newest at {errors[0]['time'][:19]}Z: {short(errors[0]['message'])}"
        if errors
        else "none"
    )
    return Check(
        "application_log",
        "errors in the Application log",
        verdict(not errors),
        found,
        "none since the agent was started",
        "Fix the cause named in the entry.",
    )


def own_logs(wanted: Wanted, ask: Ask, since: str, when: str) -> t.Iterator[Check]:
    """Yield whether the agent has logged an error itself."""
    started = running.started(wanted, ask)
    process = since if started == FAR_PAST else started
    for log in questions.logs(wanted, ask):
        name = f"errors in {log.name} {log.folder}\\{log.pattern}"
        try:
            answer = ask(log.question) or []
        except NotAnswered as failed:
            found = f"a log that cannot be read ({failed.message.strip()})"
            remedy = "Find the process that locks the file."
            yield Check("own_log", name, State.FAILED, found, "none", remedy)
            continue
        files = [f | {"text": base64.b64decode(f["tail"] or "").decode("utf-8", "replace")} for f in answer]
        # An open file without times has the time at which it was begun, which is before the agent reported its start.
        errors = agent_logs.errors(log, files, since if log.timed else min(since, process))
        found = f"{len(errors)} lines, the last: {short(errors[-1])}" if errors else "none"
        remedy = "Fix the cause named in the line; the lines before it may say more."
        yield Check("own_log", name, verdict(not errors), found, f"none {when}", remedy)


def short(message: str) -> str:
    """Return a message on one line, cut where it is long, and without what programs and Windows quote of secrets: the
    values of a command line's options, and a whole message in which something has the form of a secret.
    """
    text = _OPTION.sub(rf"\1{MASK}", " ".join(message.split()))
    if looks_secret(text):
        return f"{MASK} (it may quote a secret: read the log on the server)"
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
