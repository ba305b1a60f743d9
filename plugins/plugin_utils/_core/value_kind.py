# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kind of a value in words, for messages about values that must not be shown."""

from __future__ import annotations

import typing as t

_WORDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "a string"),
    (int, "a number"),
    (float, "a number"),
    (dict, "a dictionary"),
    (list, "a list"),
)


def kind(value: t.Any) -> str:
    """Return the kind of a value."""
    if value is None or value == "":
        return "nothing"
    return next((word for type_, word in _WORDS if isinstance(value, type_)), "something else")
