"""Which rows of a long matrix run by day; all of them run at night, by make test-all."""

from __future__ import annotations

import typing as t

import pytest


def one_in(number: int, rows: t.Iterable[t.Any]) -> list[t.Any]:
    """Return the rows as parameters of a test, all but one in so many marked as nightly.

    Args:
        number: of a product of columns, one that no column's number of values is a multiple of: then every value of
            each column is in a row by day.
        rows: a name, a value, or a tuple with a value for each column.
    """
    return [_row(row, by_day=index % number == 0) for index, row in enumerate(rows)]


def these(day: t.Container[t.Any], rows: t.Iterable[t.Any]) -> list[t.Any]:
    """Return the rows likewise, those of ``day`` by day."""
    return [_row(row, by_day=row in day) for row in rows]


def in_turn(rows: t.Iterable[t.Any], ways: t.Sequence[t.Any]) -> list[t.Any]:
    """Return each row with each of some ways to run it: by day with one of them, in turn, at night with all."""
    return [
        _row((row, way), by_day=index % len(ways) == number)
        for index, row in enumerate(rows)
        for number, way in enumerate(ways)
    ]


def _row(row: t.Any, *, by_day: bool) -> t.Any:
    values = row if isinstance(row, tuple) else (row,)
    return pytest.param(*values, marks=() if by_day else pytest.mark.nightly)
