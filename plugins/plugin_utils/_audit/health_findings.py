# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the verification as findings. The only file of the audit that knows the shape of a check."""

from __future__ import annotations

import typing as t

from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered
from .._health import agent_health
from .._health.check import Check
from .._health.check import State as CheckState
from .rule import Finding, Rule, Severity, State

PREFIX = "health."
_TITLES = {
    "service_running": (Severity.CRITICAL, "The agent's service runs"),
    "pool_started": (Severity.CRITICAL, "The agent's application pool is started"),
    "site_started": (Severity.CRITICAL, "The agent's site is started"),
    "serves_agent": (Severity.CRITICAL, "The site serves the agent"),
    "identity": (Severity.HIGH, "The agent runs as the identity that is wanted"),
    "process_identity": (Severity.HIGH, "The agent's process runs as the identity that is wanted"),
    "starts_with_windows": (Severity.HIGH, "The agent starts with Windows"),
    "agent_answers": (Severity.CRITICAL, "The agent answers at its address"),
    "certificate": (Severity.HIGH, "The certificate that is wanted is served"),
    "certificate_usable": (Severity.HIGH, "The certificate that is served can be used"),
    "certificate_chain": (Severity.HIGH, "The certificate that is served leads to a root that Windows trusts"),
    "application_log": (Severity.HIGH, "Windows has logged no error of the agent"),
    "own_log": (Severity.MEDIUM, "The agent has logged no error itself"),
    "folder_rights": (Severity.HIGH, "The agent may read and write where it must"),
    "job_ran": (Severity.MEDIUM, "A job has run since the agent was started"),
}
"""Severity and title of the checks that ask nobody but the server, by their id."""


def _rule(name: str, severity: Severity, title: str) -> Rule:
    return Rule(
        PREFIX + name.replace("_", "-"),
        "health",
        severity,
        "the verification of this collection",
        title,
        "An agent that is not sound runs no jobs and answers no request; the server's pages show it as absent.",
        "ansible-playbook imops.identity_manager.verify --limit SERVER",
        "Do what the finding says",
        "verification.md",
    )


RULES: tuple[Rule, ...] = tuple(_rule(name, *about) for name, about in _TITLES.items())


def findings(wanted: agent_health.Wanted, ask: Ask) -> t.Iterator[Finding]:
    """Yield what the checks say that change nothing and ask nobody but the server.

    Args:
        wanted: without credentials, and without a restart or a mail, which check mode leaves out.
        ask: answers questions; what cannot be answered leaves the rest unknown.
    """
    found: list[Finding] = []
    reason = "there is no such site or service"
    try:
        for stage in agent_health.stages(wanted, ask, check=True):
            reason = "the agent's hosting has no such part"
            for query in (*stage.questions, *stage.further(ask)):
                _met(ask, query)
            for check in stage.checks(ask):
                if check.id in _TITLES:
                    found.append(_finding(check))
    except (NotAnswered, Refused) as failure:
        reason = f"the server could not answer: {failure}"
    yield from found
    seen = {one.rule for one in found}
    absent = State.UNKNOWN if reason.startswith("the server") else State.NOT_APPLICABLE
    yield from (Finding(rule.id, absent, reason=reason) for rule in RULES if rule.id not in seen)


def unknown(reason: str) -> t.Iterator[Finding]:
    """Yield what is said of every check where the agent's address is not known."""
    yield from (Finding(rule.id, State.UNKNOWN, reason=reason) for rule in RULES)


def _met(ask: Ask, query: dict[str, t.Any]) -> None:
    """Ask a question of which the check that needs it tells whether it was answered."""
    try:
        ask(query)
    except NotAnswered:
        return


def _finding(check: Check) -> Finding:
    state = {CheckState.PASSED: State.PASS, CheckState.FAILED: State.FAIL}.get(check.state, State.UNKNOWN)
    why = check.advice if state is State.FAIL else check.reason
    rule = PREFIX + check.id.replace("_", "-")
    return Finding(rule, state, check.name, check.wanted, check.found, why)
