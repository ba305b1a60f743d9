"""What runs by day has a row of everything, and the night has all rows."""

from __future__ import annotations

import itertools

import by_day


def split(parameters):
    """Return the rows by day, and all of them."""
    return [p.values for p in parameters if not p.marks], [p.values for p in parameters]


def test_one_row_in_three_has_every_value_of_every_column():
    rows = list(itertools.product("abcd", "xy", (1, 2, 3, 4, 5)))
    day, night = split(by_day.one_in(3, rows))
    assert night == rows
    assert len(day) == 14
    assert [set(column) for column in zip(*day, strict=True)] == [set("abcd"), set("xy"), {1, 2, 3, 4, 5}]


def test_a_row_that_is_a_name_is_one_value():
    assert split(by_day.one_in(2, ["first", "second", "third"])) == (
        [("first",), ("third",)],
        [("first",), ("second",), ("third",)],
    )


def test_named_rows_run_by_day():
    day, night = split(by_day.these(["second"], ["first", "second"]))
    assert (day, night) == ([("second",)], [("first",), ("second",)])


def test_each_row_runs_by_day_in_one_way_and_at_night_in_all():
    day, night = split(by_day.in_turn("abcd", ("before", "after")))
    assert day == [("a", "before"), ("b", "after"), ("c", "before"), ("d", "after")]
    assert night == list(itertools.product("abcd", ("before", "after")))
