# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an audit asks of a server, and what it found: a rule is data, a finding is what one rule says of one thing."""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Severity(enum.StrEnum):
    """How much it matters that a rule does not hold, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return list(Severity).index(self)


class State(enum.StrEnum):
    """What a finding says of its rule."""

    PASS = "pass"  # noqa: S105  (no password)
    FAIL = "fail"
    WAIVED = "waived"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: its name, which never changes: ``subject.name``.
        subject: what it is about, such as pool or settings.
        severity: how much it matters that it does not hold.
        basis: what says so: a page of the vendor or of Microsoft, or the inventory.
        title: what must hold.
        why: the failure that it prevents.
        check: how to look at it by hand.
        remedy: the variable or command that corrects it.
        page: the page of the documentation.
    """

    id: str
    subject: str
    severity: Severity
    basis: str
    title: str
    why: str
    check: str
    remedy: str
    page: str


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a rule says of one thing on one server.

    Attributes:
        rule: the rule's id.
        state: whether it holds.
        about: which thing, such as a key of a settings file; empty where the rule is about one thing only.
        expected: what was wanted.
        actual: what was found, secrets masked.
        reason: why the state is unknown, waived or not applicable, or what to do that the rule does not know.
        variable: the inventory's variable that wanted it; empty where none did.
        place: where that was set; empty where nobody knows.
        wanted_print: the keyed fingerprint of what was wanted; empty without a key, or where nobody can read it.
        actual_print: the same of what was found.
    """

    rule: str
    state: State
    about: str = ""
    expected: str = ""
    actual: str = ""
    reason: str = ""
    variable: str = ""
    place: str = ""
    wanted_print: str = ""
    actual_print: str = ""

    @property
    def fields(self) -> dict[str, t.Any]:
        """Return it for a record, without what is empty; what is found as wanted is there once."""
        found = {field.name: str(getattr(self, field.name)) for field in dataclasses.fields(self)}
        if self.state is State.PASS:
            found["actual"] = "" if self.actual == self.expected else self.actual
            found["actual_print"] = "" if self.actual_print == self.wanted_print else self.actual_print
        return {name: value for name, value in found.items() if value}
