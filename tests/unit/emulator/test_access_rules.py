"""Rules of access lists, added and removed as .NET does it."""

from __future__ import annotations

import itertools

import pytest
from emulator.windows.security import access_rules
from emulator.windows.security.descriptors import FULL, MODIFY, READ, Ace
from hypothesis import example, given
from hypothesis import strategies as st

ANYBODY = "S-1-1-0"
FLAGS = [
    frozenset(flags)
    for inherit, more in itertools.product(({"CI"}, {"OI"}, {"CI", "OI"}), (set(), {"NP"}, {"IO"}, {"IO", "NP"}))
    for flags in [inherit | more]
] + [frozenset()]


def ace(rights, *flags, kind="A", sid=ANYBODY):
    return Ace(kind, frozenset(flags), rights, sid)


RULES = st.builds(
    Ace, st.sampled_from("AD"), st.sampled_from(FLAGS), st.sampled_from((READ, MODIFY, FULL)), st.just(ANYBODY)
)

ADDED = {
    "to the same flags": ([ace(READ, "CI", "OI")], ace(MODIFY, "CI", "OI"), [ace(MODIFY, "CI", "OI")]),
    "the same rights for folders and files": ([ace(READ, "CI")], ace(READ, "OI"), [ace(READ, "CI", "OI")]),
    "the same rights here and below": ([ace(READ)], ace(READ, "CI", "IO"), [ace(READ, "CI")]),
    "of another kind": ([ace(READ)], ace(READ, kind="D"), [ace(READ), ace(READ, kind="D")]),
    "of somebody else": ([ace(READ)], ace(READ, sid="S-1-5-18"), [ace(READ), ace(READ, sid="S-1-5-18")]),
}
REMOVED = {
    "what is there": ([ace(READ, "CI")], ace(READ, "CI"), []),
    "some of the rights": ([ace(MODIFY)], ace(READ), [ace(MODIFY & ~READ)]),
    "rights of this folder alone": (
        [ace(MODIFY, "CI", "OI")],
        ace(MODIFY),
        [ace(MODIFY, "CI", "OI", "IO")],
    ),
    "nothing in common": ([ace(READ, kind="D")], ace(READ), [ace(READ, kind="D")]),
}


@pytest.mark.parametrize("name", ADDED)
def test_a_rule_is_added(name):
    own, rule, expected = ADDED[name]
    assert access_rules.add(own, rule) == expected


@pytest.mark.parametrize("name", REMOVED)
def test_a_rule_is_removed(name):
    own, rule, expected = REMOVED[name]
    assert access_rules.remove(own, rule) == expected


def said(entries):
    """Return what entries say, however it is divided among them."""
    found = {}
    for entry in entries:
        places = {"here"} if "IO" not in entry.flags else set()
        for flag in entry.flags & {"CI", "OI"}:
            places |= {flag} if "NP" in entry.flags else {flag, f"{flag} deeper"}
        for place in places:
            found[entry.kind, place] = found.get((entry.kind, place), 0) | entry.rights
    return found


@example([ace(READ, "CI", "NP"), ace(MODIFY, "CI", "OI", "NP")], ace(READ, "OI", "NP"))
@given(st.lists(RULES, max_size=3), RULES)
def test_what_is_added_can_be_removed_and_added_again(own, rule):
    once = access_rules.add(access_rules.compact(own), rule)
    # .NET may append an entry that another says already (ACL.cs, AddQualifiedAce): only what is said stays the same.
    assert said(access_rules.add(once, rule)) == said(once)
    assert all(left.rights & rule.rights == 0 for left in access_rules.remove([rule], rule))
