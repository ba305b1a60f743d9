# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which known name a misspelt one was meant to be."""

from __future__ import annotations

import typing as t

MOST = 2
"""Slips of the keyboard that a name may have and still be taken for another."""
PART = 3
"""Of so many characters at most one may be wrong: short names are near to each other by chance."""


def distance(first: str, second: str) -> int:
    """Return how many slips make one text the other: a character too many, too few or another, or two exchanged.

    The distance of Damerau and Levenshtein, where no part is changed twice ("optimal string alignment").
    """
    before: list[int] = []
    row = list(range(len(second) + 1))
    for number, character in enumerate(first, start=1):
        earlier, before, row = before, row, [number]
        for place, other in enumerate(second, start=1):
            cost = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + (character != other))
            exchanged = number > 1 and place > 1 and first[number - 2] == other and character == second[place - 2]
            row.append(min(cost, earlier[place - 2] + 1) if exchanged else cost)
    return row[-1]


def nearest(name: str, known: t.Iterable[str], *, prefix: str = "") -> str:
    """Return the known name that a misspelt one was meant to be; empty for none, and for one that is known itself.

    Args:
        name: the name that is not known.
        known: the names that are; of equally near ones the first in the alphabet is returned.
        prefix: what all of them begin with, which does not make names alike.
    """
    ours = name.removeprefix(prefix)
    found = []
    for other in known:
        rest = other.removeprefix(prefix)
        if abs(len(rest) - len(ours)) > MOST:
            continue
        slips = distance(ours, rest)
        if slips == 0:
            return ""
        if slips <= MOST and slips * PART < max(len(ours), len(rest)):
            found.append((slips, other))
    return min(found)[1] if found else ""
