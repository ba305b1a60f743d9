"""The fields of a question of `win_im_probe`."""

from __future__ import annotations

import typing as t

Query = dict[str, t.Any]


class BadQuery(Exception):
    """A field is missing, or is of another kind."""


def text(query: Query, name: str) -> str:
    """Return a text; raises BadQuery."""
    value = query.get(name)
    if not isinstance(value, str) or not value:
        raise BadQuery(f"the field '{name}' must be a text")
    return value


def listed(query: Query, name: str) -> list[str]:
    """Return a list; raises BadQuery."""
    value = query.get(name)
    if not isinstance(value, list):
        raise BadQuery(f"the field '{name}' must be a list")
    return value


def number(query: Query, name: str, default: int) -> int:
    """Return a number, the default where there is none."""
    value = query.get(name)
    return default if value is None else int(value)
