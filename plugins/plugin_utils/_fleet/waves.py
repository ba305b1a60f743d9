# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of a rollout's servers, and the waves that they are cut into."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.plan import Refused

VARIABLE = "im_rollout_waves"
MOST = 6
"""As many waves has the playbook a place for."""
_WANTED = "wanted numbers and percentages of all servers, each with those before it, such as [1, 10%, 25%, 100%]"
_STEP = re.compile(r"([0-9]{1,6}) ?(%?)")


@dataclasses.dataclass(frozen=True)
class Wave:
    """Servers that are begun only after all those before them have gone well.

    Attributes:
        number: from 1 on.
        upto: how far it goes, as it was given.
        servers: its servers, in the rollout's order.
    """

    number: int
    upto: str
    servers: tuple[str, ...]


def steps(given: t.Any) -> tuple[str, ...]:
    """Return the steps of the variable, a list or a text with commas; raises Refused."""
    parts = given.strip().strip("[]").split(",") if isinstance(given, str) else given
    if not isinstance(parts, list | tuple) or not parts:
        raise Refused(f"{VARIABLE}: found {given!r}, {_WANTED}")
    found = tuple(str(part).strip().strip("'\"") for part in parts)
    for step in found:
        match = _STEP.fullmatch(step)
        if not match or not int(match[1]) or (match[2] and int(match[1]) > 100):
            raise Refused(f"{VARIABLE}: found {step!r}, {_WANTED}")
    if len(found) > MOST:
        raise Refused(f"{VARIABLE}: found {len(found)} waves, wanted at most {MOST}")
    for unit in ("", "%"):
        ends = [int(step.rstrip("% ")) for step in found if step.endswith("%") == bool(unit)]
        if ends != sorted(set(ends)):
            raise Refused(f"{VARIABLE}: found {', '.join(found)}: each has to be more than the one before it")
    if found[-1].replace(" ", "") != "100%":
        raise Refused(f"{VARIABLE}: found {found[-1]!r} at the end, wanted 100%, so that every server is in a wave")
    return found


def cut(servers: t.Sequence[str], given: t.Sequence[str]) -> tuple[Wave, ...]:
    """Return the waves of servers in their order; a step that adds no server is no wave."""
    found: list[Wave] = []
    begin = 0
    for step in given:
        number = int(step.rstrip("% "))
        # Rounded up, so that a percentage of a small fleet is one server and not none.
        end = min(len(servers), -(-len(servers) * number // 100) if step.endswith("%") else number)
        if end > begin:
            found.append(Wave(len(found) + 1, step, tuple(servers[begin:end])))
            begin = end
    return tuple(found)


def ordered(
    servers: t.Sequence[str],
    groups: t.Sequence[t.Collection[str]] = (),
    keys: t.Mapping[str, t.Any] | None = None,
    canaries: t.Sequence[str] = (),
) -> tuple[str, ...]:
    """Return servers in the order in which they are begun.

    Args:
        servers: all of them, in the order of the inventory, which decides where nothing else does.
        groups: the servers of each group, the group that comes first first; those in none of them come last.
        keys: a value for each server; those without one come last.
        canaries: the servers that come before all others.

    Raises:
        Refused: a canary is no server of the rollout.
    """
    strange = [name for name in canaries if name not in servers]
    if strange:
        raise Refused(
            f"im_rollout_canaries: found {', '.join(strange)}, wanted servers of this rollout, by their names in the"
            " inventory"
        )

    def rank(name: str) -> tuple[t.Any, ...]:
        group = next((number for number, members in enumerate(groups) if name in members), len(groups))
        return group, *_sortable((keys or {}).get(name))

    first = tuple(dict.fromkeys(canaries))
    return first + tuple(name for name in sorted(servers, key=rank) if name not in first)


def _sortable(value: t.Any) -> tuple[int, float, str]:
    """Return a value that can be compared with that of any other: numbers, then texts, then nothing."""
    if value is None or value == "":
        return 2, 0.0, ""
    try:
        return 0, float(value), ""
    except (TypeError, ValueError):
        return 1, 0.0, str(value)
