"""Differences between the model and the real modules on the engine that are known, each with its reason.

The one table is the sum of each world's ``known`` and of what holds for all modules, here.
"""

from __future__ import annotations

import dataclasses
import typing as t

ABSENT = "<absent>"
Cause = t.Literal["Wine", "rig", "engine 7", "our choice"]

NOT_COMPARED = {
    "invocation": "Ansible.Basic returns its arguments; the controller drops them, and the model leaves them out",
    "exception": "the engine's trace of the script; the model has none, the message is compared",
}
"""Keys of every result that are left out on both sides."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """One value that differs after one call.

    Attributes:
        module: whose call it was.
        arguments: of the call.
        check: whether it was in check mode.
        field: where: a path of keys into the result, or into the state behind ``state``.
        real: what the module on the engine gave.
        modelled: what the model gave.
        results: both results as they came, real and modelled.
    """

    module: str
    arguments: t.Mapping[str, t.Any]
    check: bool
    field: tuple[str, ...]
    real: t.Any
    modelled: t.Any
    results: tuple[t.Mapping[str, t.Any], t.Mapping[str, t.Any]]

    @property
    def where(self) -> str:
        """Return the field in words."""
        return ".".join(self.field)

    def __str__(self) -> str:
        return f"{self.where}: real {self.real!r}, modelled {self.modelled!r}"


@dataclasses.dataclass(frozen=True)
class Known:
    """One entry of the table.

    Attributes:
        name: unique; counted under it.
        modules: full names.
        field: where; ``*`` stands for one key.
        cause: Wine; the rig's own cmdlets and doubles; the engine being 7 and not 5.1; or a choice of ours.
        why: what differs and why, for the table in docs/fidelity.md.
        when: tells whether a difference is this one; looks at both values, so that it takes no other one along.
        ends: the state differs from here on: the rest of the sequence is not run.
    """

    name: str
    modules: tuple[str, ...]
    field: tuple[str, ...]
    cause: Cause
    why: str
    when: t.Callable[[Difference], bool]
    ends: bool = False

    def takes(self, difference: Difference) -> bool:
        """Tell whether a difference is this one."""
        return (
            difference.module in self.modules
            and len(self.field) == len(difference.field)
            and all(part in {"*", key} for part, key in zip(self.field, difference.field, strict=True))
            and self.when(difference)
        )


MISSING = "missing required arguments: "


def missing_in_another_order(name: str, *modules: str) -> Known:
    """Return the entry for several missing arguments.

    Args:
        name: of the entry.
        modules: full names of modules with Ansible.Basic.
    """

    def same(difference: Difference) -> bool:
        said = (str(difference.real), str(difference.modelled))
        real, modelled = (sorted(text.removeprefix(MISSING).split(", ")) for text in said)
        return all(text.startswith(MISSING) for text in said) and len(real) > 1 and real == modelled

    why = "Ansible.Basic names them in the order of a hashtable, which .NET draws at random; the model sorts them"
    return Known(name, modules, ("msg",), "engine 7", why, same)
