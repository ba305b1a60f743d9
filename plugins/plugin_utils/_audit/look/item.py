# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One thing that the audit looks at: what it asks of the server, and what the answers mean."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._agent.folders import Folders
from ..._core.plan import Refused
from ..._core.probe import Ask, NotAnswered, Query
from ..._windows.identity import Identity
from ..rule import Finding, Rule, Severity, State


@dataclasses.dataclass(frozen=True)
class Agent:
    """Which agent is looked at.

    Attributes:
        folders: where it is.
        identity: who it runs as.
        service: its Windows service, whether or not it is one.
        pool: its application pool, whether or not it has one.
        site: the same of its site.
        is_service: whether it is meant to be a service.
        host_name: of its https binding.
        dotnet: the version of .NET that it needs, as the inventory has it.
        now: the controller's time, seconds since 1970, when the server was asked.
    """

    folders: Folders
    identity: Identity
    service: str
    pool: str
    site: str
    is_service: bool
    host_name: str
    dotnet: str
    now: float

    @property
    def runtime(self) -> str:
        """Return the agent's Runtime folder."""
        return self.folders.path("Runtime")


Findings = t.Iterator[Finding]


@dataclasses.dataclass(frozen=True)
class Item:
    """One thing that is looked at.

    Attributes:
        rules: what it may find.
        questions: returns what is surely asked.
        judge: yields what does not hold; a rule of which it yields nothing holds.
    """

    rules: tuple[Rule, ...]
    questions: t.Callable[[Agent], tuple[Query, ...]]
    judge: t.Callable[[Agent, Ask], Findings]

    def findings(self, agent: Agent, ask: Ask) -> Findings:
        """Yield what each of the rules says."""
        found: list[Finding] = []
        reason = ""
        try:
            found += self.judge(agent, ask)
        except NotAnswered as failure:
            reason = f"the server could not answer: {failure}"
        except Refused as refusal:
            reason = f"it cannot be read: {refusal}"
        yield from found
        seen = {one.rule for one in found}
        rest = State.UNKNOWN if reason else State.PASS
        yield from (Finding(rule.id, rest, reason=reason) for rule in self.rules if rule.id not in seen)


def rule(
    name: str, subject: str, severity: Severity, basis: str, title: str, why: str, check: str, remedy: str, page: str
) -> Rule:
    """Return a rule of the look."""
    return Rule(f"look.{name}", subject, severity, basis, title, why, check, remedy, page)
