"""The time of an emulated server: strictly increasing, so that "before" and "after" never tie, and counted in turns."""

from __future__ import annotations

import datetime
import typing as t

TICK = datetime.timedelta(milliseconds=1)


class Clock:
    """A clock that moves one millisecond each time it is read.

    What lasts on a real server (a pool that stops, a scanner that reads a file) lasts for turns here: each remote
    execution is one, and so is each second that a script waits for such a thing.

    Args:
        start: the first time; default: now, since certificates made on the controller are valid from its present.

    Attributes:
        turns: how many began.
    """

    def __init__(self, start: datetime.datetime | None = None) -> None:
        self._now = start or datetime.datetime.now(datetime.UTC)
        self.turns = 0
        self._due: list[tuple[int, t.Callable[[], None]]] = []
        self._each: list[t.Callable[[], None]] = []

    def now(self) -> datetime.datetime:
        """Return the time in UTC."""
        self._now += TICK
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += datetime.timedelta(seconds=seconds)

    def next_turn(self) -> None:
        """Begin a turn: what was to last until now ends, then what happens in each turn happens."""
        self.turns += 1
        due = [then for turn, then in self._due if turn <= self.turns]
        self._due = [entry for entry in self._due if entry[0] > self.turns]
        for then in (*due, *self._each):
            then()

    def wait(self, turns: int = 1) -> None:
        """Let a script wait, a second for each turn."""
        for _ in range(turns):
            self.advance(1)
            self.next_turn()

    def after(self, turns: int, then: t.Callable[[], None]) -> None:
        """Do something when a number of further turns has begun; now where it is 0.

        Args:
            turns: how many.
            then: a bound method, or a partial of one: a copy of the server gets its own.
        """
        if turns <= 0:
            then()
        else:
            self._due.append((self.turns + turns, then))

    def each_turn(self, then: t.Callable[[], None]) -> None:
        """Do something at the beginning of each turn (a bound method, or a partial of one)."""
        self._each.append(then)

    @property
    def waits(self) -> bool:
        """Tell whether something is still to end."""
        return bool(self._due)


def stamp(moment: datetime.datetime) -> str:
    """Return a time as .NET's round-trip format in UTC."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def parse(text: str) -> datetime.datetime:
    """Read a time in ISO 8601, with up to seven digits of a second."""
    head, _, rest = text.partition(".")
    digits = rest.rstrip("Z").split("+")[0][:6]
    moment = datetime.datetime.fromisoformat(head.rstrip("Z")).replace(tzinfo=datetime.UTC)
    return moment + datetime.timedelta(microseconds=int(digits.ljust(6, "0"))) if digits else moment
