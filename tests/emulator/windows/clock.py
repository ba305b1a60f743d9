"""The time of an emulated server: strictly increasing, so that "before" and "after" never tie."""

from __future__ import annotations

import datetime

TICK = datetime.timedelta(milliseconds=1)


class Clock:
    """A clock that moves one millisecond each time it is read.

    Args:
        start: the first time; default: now, since certificates made on the controller are valid from its present.
    """

    def __init__(self, start: datetime.datetime | None = None) -> None:
        self._now = start or datetime.datetime.now(datetime.UTC)

    def now(self) -> datetime.datetime:
        """Return the time in UTC."""
        self._now += TICK
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += datetime.timedelta(seconds=seconds)


def stamp(moment: datetime.datetime) -> str:
    """Return a time as .NET's round-trip format in UTC."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def parse(text: str) -> datetime.datetime:
    """Read a time in ISO 8601, with up to seven digits of a second."""
    head, _, rest = text.partition(".")
    digits = rest.rstrip("Z").split("+")[0][:6]
    moment = datetime.datetime.fromisoformat(head.rstrip("Z")).replace(tzinfo=datetime.UTC)
    return moment + datetime.timedelta(microseconds=int(digits.ljust(6, "0"))) if digits else moment
