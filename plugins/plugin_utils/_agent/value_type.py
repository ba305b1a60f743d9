# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The types of settings, and which values .NET reads as one of them."""

from __future__ import annotations

import re
import typing as t

from .._core.mask import MASK
from .._core.secret_form import looks_secret

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")
BOOL, INT, LIST, MAP = "true or false", "a whole number", "a list", "settings"
TIME = "a time such as 03:00:00"


def fits(value: t.Any, kind: str) -> bool:
    """Tell whether .NET's configuration binder makes a value of a type."""
    if kind == BOOL:
        return isinstance(value, bool) or str(value).strip().lower() in {"true", "false"}
    if kind == INT:
        return not isinstance(value, bool) and _INTEGER.fullmatch(str(value)) is not None
    if kind == TIME:
        return re.fullmatch(r"(\d+\.)?([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d+)?)?", str(value).strip()) is not None
    if kind == LIST:
        return isinstance(value, list)
    if kind == MAP:
        return isinstance(value, t.Mapping)
    return not isinstance(value, list | t.Mapping)


def shown(value: t.Any) -> str:
    """Return a value as messages write it."""
    if isinstance(value, t.Mapping | list):
        return "settings" if isinstance(value, t.Mapping) else "a list"
    return MASK if looks_secret(str(value)) else repr(value)
