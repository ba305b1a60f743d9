# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shape of every answer of a verification: one check, its state, and on what its verdict rests."""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class State(enum.StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASKED = "not_asked"
    UNKNOWN = "unknown"


class Basis(enum.StrEnum):
    """What a verdict rests on: somebody's documentation, or what this collection believes of Windows or the agent."""

    DOCUMENTED = "documented"
    BELIEF = "belief"


class Beliefs(enum.StrEnum):
    """What a belief that fails, or what stays unknown, does to a run."""

    WARN = "warn"
    FAIL = "fail"


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        id: what does not change between versions, a key of ``NOT_ASKED``.
        name: what was checked, of what.
        state: what became of it.
        found: what was found.
        wanted: what should have been found.
        remedy: what to do, with the variable.
        causes: why it may be so, the likeliest first, as sentences.
        basis: what the verdict rests on.
        reason: why it is unknown, or was not asked.
        page: where that is documented.
        final: whether it stays failed however long somebody waits, so that nothing is asked again.
        goes_on: whether another look may tell more, as long as there is time.
    """

    id: str
    name: str
    state: State
    found: str
    wanted: str
    remedy: str = ""
    causes: tuple[str, ...] = ()
    basis: Basis = Basis.DOCUMENTED
    reason: str = ""
    page: str = ""
    final: bool = False
    goes_on: bool = False

    @property
    def passed(self) -> bool | None:
        """Tell whether it is as wanted, None where nobody knows."""
        return {State.PASSED: True, State.FAILED: False}.get(self.state)

    @property
    def is_open(self) -> bool:
        """Tell whether nothing is certain: it is unknown, or only a belief says that it failed."""
        return self.state is State.UNKNOWN or (self.state is State.FAILED and self.basis is Basis.BELIEF)

    def fails(self, beliefs: Beliefs) -> bool:
        """Tell whether it fails the run."""
        return beliefs is Beliefs.FAIL if self.is_open else self.state is State.FAILED

    @property
    def facts(self) -> dict[str, t.Any]:
        """Return it for a result, with a remedy only where there may be something to do: Ansible keeps the results of
        all servers in memory, and each of its workers begins as a copy of that.
        """
        facts: dict[str, t.Any] = {"id": self.id, "name": self.name, "state": self.state.value, "passed": self.passed}
        if self.state is State.NOT_ASKED:
            return facts | {"reason": self.reason}
        facts |= {"found": self.found, "wanted": self.wanted, "basis": self.basis.value}
        if self.state is State.PASSED:
            return facts
        more = {"remedy": self.remedy, "causes": list(self.causes), "reason": self.reason, "page": self.page}
        return facts | more

    @property
    def sentence(self) -> str:
        """Return what was found, wanted, why that may be so, and what to do."""
        unknown = f" ({self.reason})" if self.reason else ""
        return f"{self.name}: found {self.found}{unknown}, wanted {self.wanted}. {self.advice}".strip()

    @property
    def advice(self) -> str:
        """Return why it may be so, as what nobody has checked, and what to do."""
        if not self.causes:
            return self.remedy
        head = "Possible cause:" if len(self.causes) == 1 else "Possible causes:"
        return " ".join((head, *self.causes, *((f"What to do: {self.remedy}",) if self.remedy else ())))


def verdict(passed: bool) -> State:
    """Return the state of a check that had an answer."""
    return State.PASSED if passed else State.FAILED


NOT_ASKED = {
    "service_running": "the agent runs under IIS",
    "pool_started": "the agent is a service",
    "site_started": "the agent is a service",
    "serves_agent": "the agent is a service, or IIS is not there",
    "identity": "the pool or service is not there",
    "process_identity": "its process does not run, or Windows does not tell this account whom it runs as",
    "starts_with_windows": "the site or service is not there",
    "agent_answers": "the agent's address was not asked",
    "answer_to_controller": "im_verify_from_controller is false",
    "certificate": "the agent is asked over http",
    "certificate_usable": "no certificate was served",
    "certificate_chain": "no certificate was served",
    "application_log": "its log was not read",
    "own_log": "its settings name no log that could be read here",
    "folder_rights": "its folders were not looked at",
    "key_rights": "the agent's settings were not read, or name no pair of the computer's store and no file",
    "client_credentials": "im_verify_credentials is false, or the client's secret is kept on the server",
    "server_knows_agent": "im_verify_server is false, or the client's credentials are not asked",
    "server_jobs": "im_verify_server is false, or the client's credentials are not asked",
    "start_without_request": "this run did not start the pool, and im_verify_recycle is false",
    "stop": "im_verify_recycle is false",
    "job_ran": "im_verify_jobs is false",
    "launched_job": "im_verify_job names no job",
    "connection_needs": "im_verify_connections is false, or no connection needs anything",
    "connection_reached": "im_verify_connections is false, or no connection leads to another server",
    "mail_folder": "im_verify_mail is false, or mails go to a mail server",
    "mail_waiting": "im_verify_mail is false, or mails go to a mail server",
    "mail_server": "im_verify_mail is false, or the agent's settings name no mail server",
    "mail": "im_verify_test_mail names no address",
}
"""Every check, with why it is not among those that were asked."""


def complete(checks: t.Sequence[Check]) -> list[Check]:
    """Return checks with those that were not asked; none at all stay none."""
    asked = {check.id for check in checks}
    left = [
        Check(name, name.replace("_", " "), State.NOT_ASKED, "", "", reason=reason)
        for name, reason in NOT_ASKED.items()
        if name not in asked
    ]
    return [*checks, *left] if checks else []
