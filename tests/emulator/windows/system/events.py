"""The event logs of an emulated server."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ..clock import Clock, stamp
from ..text.languages import ENGLISH


@dataclasses.dataclass(frozen=True)
class Event:
    """One entry."""

    log: str
    time: datetime.datetime
    id: int
    level: str
    provider: str
    message: str

    def shown(self) -> dict[str, t.Any]:
        """Return it as JSON-able data."""
        return dataclasses.asdict(self) | {"time": stamp(self.time)}


class EventLog:
    """All logs.

    Attributes:
        language: of Windows' own messages; what programs write is theirs.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.entries: list[Event] = []
        self.language = ENGLISH

    def add(self, log: str, provider: str, event_id: int, level: str, message: str) -> None:
        """Write an entry."""
        message = self.language.said(message)
        self.entries.append(Event(log, self._clock.now(), event_id, level, provider, message))

    def query(self, log: str, providers: t.Collection[str] | None, since: datetime.datetime) -> list[Event]:
        """Return the entries of a log since a time, newest first."""
        return [
            e
            for e in reversed(self.entries)
            if e.log.lower() == log.lower() and e.time >= since and (not providers or e.provider in providers)
        ]
