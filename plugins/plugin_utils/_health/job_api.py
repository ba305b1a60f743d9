# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the Identity Manager server is asked about one job, and what its answers say of it and of its runs."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t

from .._core.probe import Query
from . import server_api
from .server_api import Told
from .token_request import ENDPOINT, Credentials

PAGE = "Netwrix Identity Manager, Integration Guide: API, Agent, Job; API, Server, Job; Usercube-Invoke-Job"
RUN, JOBS = "/api/Job/Job/RunJob", "/api/Job/Job"
NEWEST = 5
"""Instances of a job that are asked for."""
ERROR = re.compile(r"\[(?:ERR|FTL|Error|Fatal)\]|\b(?:ERR|FTL)\b|\b(?:[Ee]rror|ERROR|[Ff]atal|FATAL|\w*Exception)\b")
"""What a line of a log has that tells an error: a level of Serilog's, or the word."""


class End(enum.Enum):
    """How a run ended, in words."""

    WELL = "without an error"
    WARNED = "with warnings"
    FAILED = "in error"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


_NUMBERS = {3: End.FAILED, 5: End.BLOCKED, 6: End.BLOCKED, 7: End.WARNED, 10: End.WARNED}
_WORDS = {"err": End.FAILED, "fail": End.FAILED, "abort": End.CANCELLED, "cancel": End.CANCELLED}
_WORDS |= {"block": End.BLOCKED, "warn": End.WARNED}


@dataclasses.dataclass(frozen=True)
class Job:
    """A job of the server's configuration.

    Attributes:
        number: its Id.
        agent: the Identifier of its agent; empty where nobody tells.
        denied: whether its launch by hand is denied, page "Job", UserStartDenied.
    """

    number: str
    agent: str
    denied: bool


@dataclasses.dataclass(frozen=True)
class Run:
    """A run of a job, an instance as the server has it.

    Attributes:
        number: its Id.
        started: as the server wrote it.
        over: whether it has an end.
        state: its State, as the server wrote it.
    """

    number: str
    started: str
    over: bool
    state: str

    @property
    def end(self) -> End:
        """Return how it ended, as far as its State tells."""
        if self.state.isdecimal():
            return _NUMBERS.get(int(self.state), End.WELL)
        lowered = self.state.lower()
        return next((end for word, end in _WORDS.items() if word in lowered), End.WELL)


def question(credentials: Credentials, job: str, *, bare: bool) -> Query:
    """Ask for a job by its Identifier, without a quotation mark, and for its newest instances."""
    base = credentials.path.removesuffix(ENDPOINT)
    entry = f'join Agent a select Id, Identifier, UserStartDenied, a.Identifier where Identifier = "{job}"'
    newest = (
        f"join Job j PageSize {NEWEST} select Id, StartDate, EndDate, State"
        f' where j.Identifier = "{job}" order by StartDate desc, Id desc'
    )
    ask = credentials.undocumented if bare else credentials.question
    return ask(server_api.path(base + JOBS, entry), server_api.path(base + server_api.INSTANCES, newest))


def job(item: t.Mapping[str, t.Any]) -> Job:
    """Return a job as the server returned it."""
    agent = item.get("Agent")
    named = agent.get("Identifier") if isinstance(agent, dict) else None
    return Job(_text(item.get("Id")), _text(named), item.get("UserStartDenied") is True)


def runs(told: Told) -> list[Run]:
    """Return the instances of a job, the newest first."""
    return [
        Run(_text(one.get("Id")), _text(one.get("StartDate")), bool(one.get("EndDate")), _text(one.get("State")))
        for one in told.items or ()
    ]


def _text(value: t.Any) -> str:
    """Return a value of an answer as a text, cut where it is longer than any that is meant."""
    return "" if value is None else str(value)[:100]
