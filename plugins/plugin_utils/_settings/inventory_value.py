# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory gives as settings, as JSON can hold it: YAML has more kinds of values, and of keys."""

from __future__ import annotations

import math
import typing as t

from .._core.plan import Refused


def settings(given: t.Any, option: str) -> t.Any:
    """Return settings with texts as keys; a whole number as a key becomes its text.

    Args:
        given: the value of an option.
        option: its name, for messages.

    Raises:
        Refused: a key or a value that JSON does not have, with its place.
    """
    if isinstance(given, dict):
        return {_key(key, option): settings(value, f"{option}.{key}") for key, value in given.items()}
    if isinstance(given, list | tuple):
        return [settings(value, f"{option}[{number}]") for number, value in enumerate(given)]
    if isinstance(given, float) and not math.isfinite(given):
        raise Refused(f"{option}: found {given}, wanted a number that JSON can hold")
    if given is None or isinstance(given, str | bool | int | float):
        return given
    raise Refused(f"{option}: found a value of the type {type(given).__name__}, wanted a text: put it in quotes")


def _key(key: t.Any, option: str) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise Refused(
        f"{option}: found the key {key!r}, wanted a text: put it in quotes (YAML reads yes, no, on, off and dates"
        " otherwise)"
    )
