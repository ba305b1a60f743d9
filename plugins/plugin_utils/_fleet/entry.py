# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the ledger knows of one server: its states, which only move forward."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import typing as t

_FORM = "%Y-%m-%dT%H:%M:%SZ"


class State(enum.StrEnum):
    """Where a server is in a rollout."""

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    CUT = "cut"
    WAS_DOWN = "was_down"
    DONE = "done"
    VERIFIED = "verified"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    LOST = "lost"


RANKS = {
    State.RUNNING: 1,
    State.WAS_DOWN: 2,
    State.DONE: 2,
    State.VERIFIED: 3,
    State.FAILED: 4,
    State.ROLLED_BACK: 4,
    State.LOST: 4,
}
"""What a ledger holds; a state follows one with a lower rank. WAITING, HELD and CUT follow from what is around."""
SPENT = frozenset({State.FAILED, State.ROLLED_BACK, State.LOST})
GONE_WELL = frozenset({State.DONE, State.VERIFIED})
OUTCOMES = frozenset({State.DONE, State.WAS_DOWN, *SPENT})


@dataclasses.dataclass(frozen=True)
class Entry:
    """One attempt at one server.

    Attributes:
        server: its name in the inventory.
        attempt: from 1 on.
        again: whether a former attempt had begun its work, so that it is completed, down or not.
        state: the newest one.
        job: the job that begun it.
        began: when.
        ended: when the work was over, which a later verification does not change; None while it runs.
        why: a sentence for people.
        outage: seconds for which the agent was, or may have been, down; None where nobody knows.
        changed: whether anything was changed.
        from_version: the agent's version before; empty where nobody knows.
        to_version: the agent's version after.
    """

    server: str
    attempt: int
    state: State = State.RUNNING
    job: str = ""
    began: datetime.datetime | None = None
    ended: datetime.datetime | None = None
    why: str = ""
    outage: int | None = None
    changed: bool = False
    from_version: str = ""
    to_version: str = ""
    again: bool = False

    @classmethod
    def read(cls, server: str, attempt: int, content: bytes) -> Entry:
        """Return the entry of a file: a line for each state. One that a dead job has left half written does not count,
        and neither does one that would go back.
        """
        entry = cls(server, attempt)
        rank = 0
        for line in content.split(b"\n"):
            try:
                found = json.loads(line)
                state = State(found["state"])
                moment = stamp(found["time"])
            except (ValueError, KeyError, TypeError):
                continue
            if RANKS.get(state, 0) <= rank:
                continue
            rank = RANKS[state]
            told: dict[str, t.Any] = {key: found[key] for key in _TOLD if key in found}
            if state is State.RUNNING:
                told |= {"began": moment, "job": str(found.get("job", ""))}
            elif entry.ended is None:
                told["ended"] = moment
            entry = dataclasses.replace(entry, state=state, **told)
        return entry


_TOLD = ("again", "why", "outage", "changed", "from_version", "to_version")


def line(state: State, moment: datetime.datetime, **told: t.Any) -> bytes:
    """Return the line of a state. It begins with a line's end, since the one before it may be half written."""
    fields = {"state": state.value, "time": text(moment), **told}
    return b"\n" + json.dumps(fields, sort_keys=True).encode() + b"\n"


def moment() -> datetime.datetime:
    """Return the time, to the second, as records have it."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def text(moment: datetime.datetime | None) -> str:
    """Return a time as records have it; empty for none."""
    return f"{moment:{_FORM}}" if moment else ""


def stamp(told: str) -> datetime.datetime:
    """Return the time of a text; raises ValueError."""
    return datetime.datetime.strptime(told, _FORM).replace(tzinfo=datetime.UTC)
