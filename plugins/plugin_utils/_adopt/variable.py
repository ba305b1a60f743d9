# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A variable of the inventory that an agent is described by, and a secret in it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.kept import KEPT


@dataclasses.dataclass(frozen=True)
class Secret:
    """A secret that the server has.

    Attributes:
        value: its text; None where Windows or an encrypted file does not give it back.
    """

    value: str | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class Variable:
    """One variable.

    Attributes:
        name: its name.
        value: its value, with ``Secret`` in the place of secrets.
        source: where it was read, in words.
    """

    name: str
    value: t.Any = dataclasses.field(repr=False)
    source: str


@dataclasses.dataclass
class Description:
    """An agent as an inventory describes it.

    Attributes:
        organization: its organisation.
        where: what it was found by, in words.
        runtime: its Runtime folder.
        given: the variables that the user's inventory sets already.
        variables: in the order of the file.
        lacking: what the vendor calls mandatory and the server does not have.
        beyond: what the variables cannot say, and stays as it is on the server or is changed.
    """

    organization: str
    where: str
    runtime: str
    given: t.Container[str] = ()
    variables: list[Variable] = dataclasses.field(default_factory=list)
    lacking: list[str] = dataclasses.field(default_factory=list)
    beyond: list[str] = dataclasses.field(default_factory=list)

    def add(self, name: str, value: t.Any, source: str, usual: t.Any = None) -> None:
        """Add a variable; one with the usual value only where the user's inventory may say something else."""
        if value != usual or name in self.given:
            self.variables.append(Variable(name, value, source))

    def values(self, *, clear: bool) -> dict[str, t.Any]:
        """Return the variables as a run with the file would have them; ``clear``: with the secrets that are known."""
        return {one.name: resolved(one.value, clear=clear) for one in self.variables}


def resolved(value: t.Any, *, clear: bool) -> t.Any:
    """Return a value with texts in the place of its secrets."""
    if isinstance(value, dict):
        return {key: resolved(inner, clear=clear) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, clear=clear) for inner in value]
    if isinstance(value, Secret):
        return value.value if clear and value.value is not None else KEPT
    return value
