# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people are told while a rollout goes on: its events, as the results of im_rollout hold them."""

from __future__ import annotations

import collections
import typing as t

from .decide import Asking
from .entry import OUTCOMES, SPENT, State, moment, text
from .standing import Stage, Standing

Event = dict[str, t.Any]
BAD = frozenset({*SPENT, State.CUT})


def _event(name: str, standing: Standing, rollout: str, **fields: t.Any) -> Event:
    return {"event": name, "time": text(standing.now), "rollout": rollout, **fields}


def rollout_began(standing: Standing, asking: Asking, rollout: str) -> Event:
    """Return the begin of a job."""
    finished = standing.of(State.DONE, State.VERIFIED)
    return _event(
        "rollout_began",
        standing,
        rollout,
        kind=standing.plan.kind,
        waves=len(standing.waves),
        servers=len(standing.plan.servers),
        finished=len(finished),
        budget=standing.allowed(asking.budget),
    )


def began(before: Standing, servers: t.Sequence[str], rollout: str) -> list[Event]:
    """Return that servers begin, and the waves of which they are the first."""
    found: list[Event] = []
    begun = set(map(before.wave_of, before.entries))
    for server in servers:
        number = before.wave_of(server)
        if number not in begun:
            begun.add(number)
            names = list(before.waves[number - 1].servers) if before.waves else [server]
            found.append(_event("wave_began", before, rollout, wave=number, waves=len(before.waves), servers=names))
        found.append(_event("server_began", before, rollout, server=server, wave=number))
    return found


def finished(before: Standing, after: Standing, server: str, rollout: str) -> list[Event]:
    """Return that a server is finished, and that its wave is if it is the last one of it."""
    entry = after.entries[server]
    number = before.wave_of(server)
    found: list[Event] = []
    if entry.state in OUTCOMES:
        remaining = len(after.of(State.WAITING, State.RUNNING, State.CUT))
        found.append(
            _event(
                "server_finished",
                after,
                rollout,
                server=server,
                wave=number,
                outcome=entry.state.value,
                outage=entry.outage,
                why=entry.why,
                changed=entry.changed,
                remaining=remaining,
            )
        )
    waves = [wave for wave in after.waves if wave.number == number]
    if waves and before.states[server] is State.RUNNING and after.stage(waves[0]) is not Stage.OPEN:
        totals = collections.Counter(shown(after.states[name]) for name in waves[0].servers)
        last = number == len(after.waves)
        soak = 0 if last else int(after.soak.total_seconds())
        found.append(
            _event("wave_ended", after, rollout, wave=number, waves=len(after.waves), totals=dict(totals), soak=soak)
        )
    return found


def held(standing: Standing, asking: Asking, servers: t.Sequence[str], why: str, rollout: str) -> Event:
    """Return that servers are not begun."""
    allowed = standing.allowed(asking.budget)
    return _event("held", standing, rollout, servers=list(servers), why=why, spent=standing.spent, allowed=allowed)


def rollout_ended(record: t.Mapping[str, t.Any], path: str) -> Event:
    """Return the end of a job, by the rollout's record."""
    totals = record["totals"]
    left = sum(totals[name] for name in ("waiting", "held", "running", "cut", "lost"))
    return {
        "event": "rollout_ended",
        "time": text(moment()),
        "rollout": record["rollout"],
        "totals": totals,
        "record": path,
        "finished": not left,
    }


def by_state(record: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    """Return the servers of a record that are in any state but done, by that."""
    found: dict[str, list[str]] = {}
    for one in record["servers"]:
        if one["state"] != State.DONE.value:
            found.setdefault(one["state"], []).append(one["server"])
    return found


def shown(state: State) -> str:
    """Return a state as people are told: that a server was verified once more makes it no other."""
    return State.DONE.value if state is State.VERIFIED else state.value
