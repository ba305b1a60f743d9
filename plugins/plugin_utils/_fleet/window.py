# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a rollout may begin with a server: days and times of a zone."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t
import zoneinfo

from .._core.plan import Refused

VARIABLE = "im_rollout_window"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WANTED = "wanted days, times and a zone, such as 'mon-fri 22:00-04:00 Europe/Paris'; several are a list"
_SPAN = re.compile(
    r"(?P<days>[A-Za-z,-]+) +(?P<begin>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2}) +(?P<zone>[\w/+-]+)"
)
_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Span:
    """Times of some days.

    Attributes:
        text: as it was given.
        days: the days on which it begins, 0 for Monday.
        begin: minutes from midnight.
        end: minutes from midnight; not more than ``begin`` where it ends on the next day.
        zone: what the times are in.
    """

    text: str
    days: frozenset[int]
    begin: int
    end: int
    zone: zoneinfo.ZoneInfo

    @classmethod
    def of(cls, text: str) -> Span:
        """Return the span of a text; raises Refused."""
        found = _SPAN.fullmatch(" ".join(text.split()))
        if not found:
            raise Refused(f"{VARIABLE}: found {text!r}, {_WANTED}")
        begin, end = (_minutes(found[name], text) for name in ("begin", "end"))
        try:
            zone = zoneinfo.ZoneInfo(found["zone"])
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise Refused(
                f"{VARIABLE}: found the zone {found['zone']!r}, wanted one that the controller knows, such as"
                " Europe/Paris or UTC: its package tzdata has them"
            ) from None
        return cls(" ".join(text.split()), frozenset(_days(found["days"].lower(), text)), begin, end, zone)

    def around(self, now: datetime.datetime) -> t.Iterator[tuple[datetime.datetime, datetime.datetime]]:
        """Yield when it begins and ends, from the day before on, in UTC and in order."""
        midnight = now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        for number in range(-1, 9):
            day = midnight + number * _DAY
            if day.weekday() in self.days:
                last = day if self.end > self.begin else day + _DAY
                yield self._moment(day, self.begin), self._moment(last, self.end)

    def _moment(self, day: datetime.datetime, minutes: int) -> datetime.datetime:
        local = day + datetime.timedelta(minutes=minutes)  # the clock on the wall: a day may have 23 or 25 hours
        return local.replace(tzinfo=self.zone).astimezone(datetime.UTC)


@dataclasses.dataclass(frozen=True)
class Window:
    """All times at which servers may be begun; without any span it is always open."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, given: t.Any) -> Window:
        """Return the window of a variable, a text or a list of texts; raises Refused."""
        texts = [given] if isinstance(given, str) else given or []
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
            raise Refused(f"{VARIABLE}: found {given!r}, {_WANTED}")
        return cls(tuple(Span.of(text) for text in texts if text.strip()))

    @property
    def texts(self) -> list[str]:
        """Return its spans as they were given."""
        return [span.text for span in self.spans]

    def is_open(self, now: datetime.datetime) -> bool:
        """Tell whether a server may be begun."""
        return not self.spans or any(begin <= now < end for span in self.spans for begin, end in span.around(now))

    def opens(self, now: datetime.datetime) -> datetime.datetime:
        """Return when it opens next; now if it is open."""
        if self.is_open(now):
            return now
        return min(begin for span in self.spans for begin, _end in span.around(now) if begin > now)


def _minutes(clock: str, text: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise Refused(f"{VARIABLE}: found the time {clock} in {text!r}, wanted 00:00 to 24:00")
    return hours * 60 + minutes


def _days(given: str, text: str) -> t.Iterator[int]:
    for part in given.split(","):
        begin, dash, end = part.partition("-")
        if begin == "daily" and not dash:
            yield from range(7)
        elif begin in DAYS and (not dash or end in DAYS):
            first, last = DAYS.index(begin), DAYS.index(end or begin)
            yield from ((first + number) % 7 for number in range((last - first) % 7 + 1))
        else:
            raise Refused(f"{VARIABLE}: found the days {given!r} in {text!r}, wanted {', '.join(DAYS)} or daily")
