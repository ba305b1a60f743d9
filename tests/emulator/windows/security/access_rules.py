"""Rules added to and removed from an access list as .NET's CommonAcl does it: merged where one entry can say the same,
split where it cannot.

dotnet/runtime, System.Security.AccessControl, ACL.cs: MergeAces, RemoveQualifiedAces and their tables.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from .descriptors import Ace

SYNCHRONIZE = 0x100000

Reach = frozenset[str]


def _reaches() -> dict[frozenset[str], Reach]:
    """Return where an entry counts, by its flags: here, in folders and files (C, O), and below those (GC, GO)."""
    found: dict[frozenset[str], Reach] = {frozenset(): frozenset({"here"})}
    for inherit in ({"CI"}, {"OI"}, {"CI", "OI"}):
        below = {flag[0] for flag in inherit}
        for more in (set(), {"NP"}, {"IO"}, {"IO", "NP"}):
            reach = below | ({f"G{flag}" for flag in below} if "NP" not in more else set())
            found[frozenset(inherit | more)] = frozenset(reach | ({"here"} if "IO" not in more else set()))
    return found


_REACH = _reaches()
_FLAGS = {reach: flags for flags, reach in _REACH.items()}


def add(own: t.Iterable[Ace], rule: Ace) -> list[Ace]:
    """Return a list's own entries with one more, or with one that is changed to say it as well."""
    entries = list(own)
    for number, ace in enumerate(entries):
        merged = _merged(ace, rule)
        if merged is not None:
            entries[number] = merged
            return compact(entries)
    return compact([*entries, rule])


def remove(own: t.Iterable[Ace], rule: Ace) -> list[Ace]:
    """Return a list's own entries without what a rule says; the same where that cannot be told by entries."""
    left: list[Ace] = []
    for ace in own:
        common = ace.rights & rule.rights
        if (ace.kind, ace.sid) != (rule.kind, rule.sid) or not common:
            left.append(ace)
            continue
        rest = _REACH[ace.flags] - _REACH[rule.flags]
        if rest and rest not in _FLAGS:
            return list(own)
        if ace.rights & ~common:
            left.append(dataclasses.replace(ace, rights=ace.rights & ~common))
        if rest:
            left.append(dataclasses.replace(ace, rights=common, flags=_FLAGS[rest]))
    return compact(left)


def compact(entries: t.Iterable[Ace]) -> list[Ace]:
    """Return entries with those merged that one can say."""
    found = list(entries)
    again = True
    while again:
        again = False
        for one, other in itertools.combinations(range(len(found)), 2):
            merged = _merged(found[one], found[other])
            if merged is not None:
                found[one], again = merged, True
                del found[other]
                break
    return found


def _merged(one: Ace, other: Ace) -> Ace | None:
    if (one.kind, one.sid) != (other.kind, other.sid) or one.kind not in {"A", "D"}:
        return None
    if one.flags == other.flags:
        return dataclasses.replace(one, rights=one.rights | other.rights)
    if one.rights == other.rights and one.flags in _REACH and other.flags in _REACH:
        flags = _FLAGS.get(_REACH[one.flags] | _REACH[other.flags])
        return None if flags is None else dataclasses.replace(one, flags=flags)
    return None
