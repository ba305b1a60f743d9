# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An event of a rollout as a line for people, of the known fields of the known events only."""

from __future__ import annotations

import re
import typing as t

NAMED = 5
"""How many servers a line names; of more it tells how many there are."""
LONGEST = 300
"""Characters of a reason that a line shows: the record has all of it."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)Z")
Event = t.Mapping[str, t.Any]


def line(event: Event) -> str:
    """Return an event's line; empty for one that is not told, such as the begin of a server."""
    told = _LINES.get(str(event.get("event")))
    if told is None:
        return ""
    time = _TIME.fullmatch(str(event.get("time")))
    return f"{f'{time[1]} UTC ' if time else ''}{_text(event.get('rollout'))}: {told(event)}"


def _rollout_began(event: Event) -> str:
    finished = _number(event, "finished")
    already = f", {finished} of them finished by former jobs" if finished else ""
    return (
        f"{_text(event.get('kind'))} of {_counted(_number(event, 'servers'), 'server')}{already}, in "
        f"{_counted(_number(event, 'waves'), 'wave')}, with a budget of {_number(event, 'budget')}"
    )


def _wave_began(event: Event) -> str:
    return f"{_wave(event)} begins: {_names(event)}"


def _wave_ended(event: Event) -> str:
    soak = _number(event, "soak")
    then = f"; the next begins in {_duration(soak)} at the earliest" if soak else ""
    return f"{_wave(event)} has ended: {_totals(event)}{then}"


def _server_finished(event: Event) -> str:
    parts = [str(event.get("outcome")).replace("_", " ")]
    if event.get("outcome") != "was_down":
        parts.append(_outage(event.get("outage")))
    why = _text(event.get("why"))
    told = f"{', '.join(parts)}: {why}" if why else ", ".join(parts)
    return f"{_text(event.get('server'))}: {told}; {_number(event, 'remaining')} remain"


def _held(event: Event) -> str:
    spent = f"{_number(event, 'spent')} of {_number(event, 'allowed')} of the budget spent"
    return f"{_names(event)} not begun, {spent}: {_text(event.get('why'))}"


def _rollout_ended(event: Event) -> str:
    state = "finished" if event.get("finished") else "not finished: the same im_rollout_id goes on with what is left"
    return f"{_totals(event)}; {state}. Record: {_text(event.get('record'))}"


_LINES: dict[str, t.Callable[[Event], str]] = {
    "rollout_began": _rollout_began,
    "wave_began": _wave_began,
    "wave_ended": _wave_ended,
    "server_finished": _server_finished,
    "held": _held,
    "rollout_ended": _rollout_ended,
}


def _text(value: t.Any) -> str:
    """Return a text as one line that a terminal does not take for commands."""
    one = _UNPRINTABLE.sub(" ", str(value or "")).strip()
    return one if len(one) <= LONGEST else f"{one[: LONGEST - 1]}…"


def _number(event: Event, name: str) -> int:
    value = event.get(name)
    return value if isinstance(value, int) else 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _wave(event: Event) -> str:
    return f"wave {_number(event, 'wave')} of {_number(event, 'waves')}"


def _names(event: Event) -> str:
    servers = [_text(one) for one in event.get("servers") or []]
    more = len(servers) - NAMED
    if more <= 0:
        return ", ".join(servers)
    return f"{', '.join(servers[:NAMED])} and {more} more, {len(servers)} in all"


def _totals(event: Event) -> str:
    totals = event.get("totals") or {}
    found = [
        f"{number} {_text(name).replace('_', ' ')}" for name, number in totals.items() if number and name != "servers"
    ]
    return ", ".join(found) or "nothing done"


def _outage(seconds: t.Any) -> str:
    if not isinstance(seconds, int):
        return "down for a time that is not known, or still down"
    return f"down for {_duration(seconds)}" if seconds else "never down"


def _duration(seconds: int) -> str:
    """Return a time in at most two units: ``45 s``, ``2 min 5 s``, ``1 h 10 min``."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
