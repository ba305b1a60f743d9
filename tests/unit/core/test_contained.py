"""Which of many texts stand in a long one, and that twice as many take about twice as long."""

from __future__ import annotations

import random
import time

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import contained
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import vaulted

MANY = 2000
"""Eight times as many take over 50 times as long where each is looked for in all of the text."""
MOST_GROWTH = 24


def texts(number):
    drawn = random.Random(number)
    return [f"secret-{drawn.randrange(10**12):012}{'x' * (i % 40)}" for i in range(number)]


@pytest.mark.parametrize("number", [1, contained.FEW, contained.FEW + 1, 500])
def test_exactly_what_stands_in_the_text_is_found(number):
    drawn = random.Random(number)
    looked_for = {"".join(drawn.choices("ab", k=drawn.randrange(4, 12))) for _ in range(number)}
    while len(looked_for) < number:
        looked_for.add(f"{drawn.random()}")
    whole = "".join(drawn.choices("ab", k=300))
    assert contained.contained(looked_for, whole) == {text for text in looked_for if text in whole}


def test_texts_that_overlap_or_are_parts_of_others_are_all_found():
    looked_for = {"abcdefg", "abcdefgh", "bcdefghi", "fghijk", "ijk", "nowhere"} | set(texts(contained.FEW))
    assert contained.contained(looked_for, "xabcdefghijk") == {"abcdefg", "abcdefgh", "bcdefghi", "fghijk", "ijk"}


def seconds(work):
    """Return the least CPU time of a few tries: what else runs on the machine only adds to it."""

    def once():
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(once() for _ in range(3))


def of_arguments(number):
    held = texts(number)
    arguments = {
        "connections": {f"A{i}": {"Server": f"host-{i}", "Filter": f"(cn={text})"} for i, text in enumerate(held)}
    }
    known = vaulted.Texts(frozenset(held[::2]), frozenset(held[1::2]))
    assert vaulted.of(arguments, known).secrets == set(held)
    return lambda: vaulted.of(arguments, known)


@pytest.mark.nightly
def test_thousands_of_vaulted_texts_take_time_that_grows_with_their_number():
    growth = seconds(of_arguments(8 * MANY)) / seconds(of_arguments(MANY))
    assert growth < MOST_GROWTH, f"8 times as many vaulted texts take {growth:.0f} times as long"
