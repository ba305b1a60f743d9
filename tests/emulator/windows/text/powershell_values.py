"""Values as PowerShell converts, compares and prints them."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t

TICKS = 10**7
"""Of a second."""
_SPAN = re.compile(
    r"\s*(?P<sign>-?)(?:(?:(?P<days>\d+)\.)?(?P<a>\d+):(?P<b>\d+)(?::(?P<c>\d+)(?:\.(?P<part>\d{1,7}))?)?|(?P<alone>\d+))\s*"
)
_RANGES = {"int": (-(2**31), 2**31 - 1), "uint": (0, 2**32 - 1), "int64": (-(2**63), 2**63 - 1)}


@dataclasses.dataclass(frozen=True)
class TimeSpan:
    """A System.TimeSpan."""

    ticks: int

    @classmethod
    def parse(cls, text: str) -> TimeSpan | None:
        """Return what TimeSpan.Parse makes of a text, or None: a lone number is days, and so are hours beyond 23."""
        found = _SPAN.fullmatch(text)
        if found is None:
            return None
        if found["alone"] is not None:
            days, hours, minutes, seconds = int(found["alone"]), 0, 0, 0
        else:
            days, hours, minutes, seconds = (int(found[part] or 0) for part in ("days", "a", "b", "c"))
            if hours > 23 and found["days"] is None and found["c"] is not None:
                days, hours, minutes, seconds = hours, minutes, seconds, 0
        if hours > 23 or minutes > 59 or seconds > 59 or days > 10675199:
            return None
        ticks = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * TICKS + int((found["part"] or "").ljust(7, "0"))
        return cls(-ticks if found["sign"] else ticks)

    def __str__(self) -> str:
        """Return the constant format."""
        seconds, part = divmod(abs(self.ticks), TICKS)
        days, rest = divmod(seconds, 86400)
        clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}" + (f".{part:07}" if part else "")
        return ("-" if self.ticks < 0 else "") + (f"{days}." if days else "") + clock


def text(value: t.Any) -> str:
    """Return a value as it stands in a text: ``"$value"``."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(text(item) for item in value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def cast(kind: str, value: t.Any) -> t.Any:
    """Return ``$value -as [type]``, None where it cannot be.

    Args:
        kind: string, bool, int, uint, int64 or timeSpan.
        value: as JSON gives it.
    """
    if kind == "string":
        return text(value)
    if kind == "bool":
        return truth(value)
    if kind == "timeSpan":
        if isinstance(value, str):
            return TimeSpan.parse(value)
        return TimeSpan(value) if isinstance(value, int) and not isinstance(value, bool) else None
    number = _number(value)
    low, high = _RANGES[kind]
    return number if number is not None and low <= number <= high else None


def truth(value: t.Any) -> bool:
    """Return ``[bool]$value``: any text but an empty one is true, a list of one is its item."""
    if isinstance(value, list):
        return truth(value[0]) if len(value) == 1 else bool(value)
    return bool(value)


def _number(value: t.Any) -> int | None:
    if value is None:
        return 0
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        return round(value)  # to the even number, as .NET does
    if not isinstance(value, str):
        return None
    digits = value.strip().replace(",", "")
    if not digits:
        return 0
    try:
        return int(digits, 16) if digits.lower().startswith("0x") else round(float(digits))
    except (ValueError, OverflowError):
        return None


def differ(left: t.Any, right: t.Any) -> bool:
    """Return ``$left -ne $right``: the left one's type counts, and letters' case does not."""
    if isinstance(left, str):
        return left.lower() != text(right).lower()
    return type(left) is not type(right) or bool(left != right)


def like(pattern: str | None, value: str) -> bool:
    """Tell whether a text fits a pattern of ``*``, ``?`` and ``[...]``; an empty pattern fits anything."""
    return not pattern or re.fullmatch(fnmatch.translate(pattern.lower()), value.lower()) is not None
