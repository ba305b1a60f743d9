# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A text in SDDL taken apart, the whole of it, after [MS-DTYP] 2.5.1.1: owner, group, both lists and their entries."""

from __future__ import annotations

import dataclasses
import re

from .._core.plan import Refused

_HEAD = re.compile(
    r"(?P<part>[OG]):(?P<sid>S-[0-9A-Fa-fx-]+|[A-Z]{2})(?=[OGDS]:|\s*$)|(?P<list>[DS]):(?P<flags>[A-Z_]*)"
)
_FLAG = re.compile(r"NO_ACCESS_CONTROL|AI|AR|P")
_BRACKETS = re.compile(r'[()]|"[^"]*("|$)')


class BadSddl(Refused):
    """A text that is no SDDL, or that breaks off."""


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a text consists of.

    Attributes:
        owner: SID or alias; empty without one.
        flags: of the list of access entries.
        entries: of that list, each without its brackets.
    """

    owner: str
    flags: frozenset[str]
    entries: tuple[str, ...]


def split(text: str) -> Parts:
    """Return a text's parts; raises BadSddl where any of it cannot be read, or where it has no list of access."""
    found: dict[str, str] = {}
    lists: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {}
    position = 0
    while position < len(text.rstrip()):
        head = _HEAD.match(text, position)
        name = head and (head["part"] or head["list"])
        if not head or not name or name in found or name in lists:
            raise BadSddl(f"cannot read {text[position : position + 40]!r} in {text!r}")
        position = head.end()
        if head["part"]:
            found[name] = head["sid"]
            continue
        entries, position = _entries(text, position)
        lists[name] = (_flags(head["flags"]), entries)
    if "D" not in lists:
        raise BadSddl(f"no access list in {text!r}")
    return Parts(found.get("O", ""), *lists["D"])


def _flags(text: str) -> frozenset[str]:
    found = _FLAG.findall(text)
    if "".join(found) != text:
        raise BadSddl(f"cannot read the flags {text!r} of a list")
    return frozenset(found)


def _entries(text: str, position: int) -> tuple[tuple[str, ...], int]:
    """Return the entries that begin here, and where they end."""
    entries = []
    while text[position : position + 1] == "(":
        end = _end(text, position)
        entries.append(text[position + 1 : end - 1])
        position = end
    return tuple(entries), position


def _end(text: str, position: int) -> int:
    """Return where the entry that begins here ends: conditions have brackets and texts of their own."""
    depth = 0
    for found in _BRACKETS.finditer(text, position):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    raise BadSddl(f"{text[position:]!r} breaks off, wanted a whole entry")
