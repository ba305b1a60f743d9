# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a play of a rollout hands on to the next ones, whose servers Ansible asks for before they have any task."""

from __future__ import annotations

import typing as t

VARIABLE = "im_rollout_next"
"""The result of the step ``wave``, which all servers of the play have."""
NOBODY = ["!all"]
"""A pattern of no host: an empty list is none, and stands for all of them."""
Result = dict[str, t.Any]


def result(verify: t.Sequence[str], order: t.Sequence[str], serial: t.Sequence[int]) -> Result:
    """Return what the step hands on.

    Args:
        verify: the servers that are verified.
        order: the servers that are begun.
        serial: how many of them at a time.
    """
    return {
        "verify": list(verify) or NOBODY,
        "order": list(order) or NOBODY,
        "serial": list(serial) or [1],
        "over": not verify and not order,
    }


def found(variables: t.Mapping[str, t.Any], servers: t.Iterable[str]) -> Result:
    """Return what the step handed on, of the first server that has it: all variables of a server cost time.

    Args:
        variables: those of each server.
        servers: the servers in question.
    """
    for server in servers:
        handed = variables[server].get(VARIABLE) if server in variables else None
        if isinstance(handed, t.Mapping) and "order" in handed:
            return {name: handed[name] for name in result([], [], [])}
    return {**result([], [], []), "over": False}
