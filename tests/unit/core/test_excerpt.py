"""A diff has the lines that change, and two around them."""

from __future__ import annotations

from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.excerpt import GAP, around_changes
from hypothesis import given
from hypothesis import strategies as st

LINES = "".join(f"{number}\n" for number in range(20))


def test_only_lines_near_a_change_are_left():
    after = LINES.replace("9\n10\n", "9\nten\n")
    assert around_changes(LINES, after) == (
        f"{GAP}8\n9\n10\n11\n12\n{GAP}",
        f"{GAP}8\n9\nten\n11\n12\n{GAP}",
    )


def test_a_new_and_a_removed_text_are_whole():
    assert around_changes("", LINES) == ("", LINES)
    assert around_changes(LINES, "") == (LINES, "")


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_what_differs_is_kept_and_what_is_equal_stays_equal(old, new):
    before, after = "".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new)
    first, second = around_changes(before, after)
    assert (first == second) is (before == after)
    assert len(first) <= len(before) + 4 * (len(old) + 1)
    if before == after:
        assert first == ""
