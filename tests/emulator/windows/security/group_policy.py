"""Group policies of the domain that assign user rights, after Microsoft's pages.

"User rights assignment": what a policy lists is what counts, and a list of the server's own does not add to it.
"Security policy settings": where several policies have one right, the one with the highest precedence decides alone.
"Group Policy processing": those of the computer are applied when it starts, and again in the background.
"""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class GroupPolicy:
    """A policy.

    Attributes:
        name: which people know it by.
        user_rights: for each right the accounts, by name or, after an asterisk, by SID, as a policy's file has them.
    """

    name: str
    user_rights: t.Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, data: t.Mapping[str, t.Any]) -> GroupPolicy:
        """Return a scenario's policy; raises ValueError for an unknown key, or one that is not there."""
        if set(data) != {"name", "user_rights"}:
            raise ValueError(f"has {', '.join(sorted(data)) or 'nothing'}, wanted name and user_rights")
        return cls(data["name"], {right: tuple(names) for right, names in data["user_rights"].items()})

    def dump(self) -> dict[str, t.Any]:
        """Return it as a scenario has it."""
        return {"name": self.name, "user_rights": {right: list(names) for right, names in self.user_rights.items()}}


def deciding(policies: t.Sequence[GroupPolicy]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return for each right that policies assign the name of the one that decides, and whom it lists.

    Args:
        policies: that with the highest precedence first.
    """
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for policy in policies:
        for right, names in policy.user_rights.items():
            found.setdefault(right, (policy.name, names))
    return found
