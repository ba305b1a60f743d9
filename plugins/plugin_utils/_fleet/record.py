# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a rollout: who, when, versions, how long each agent was down, what became of it. See docs/schema."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from .budget import Budget
from .entry import SPENT, Entry, State, text
from .events import shown
from .job import Job
from .standing import Standing
from .waves import Wave
from .window import Window

SCHEMA = 1
TOTALS = tuple(state.value for state in State if state is not State.VERIFIED)


@dataclasses.dataclass(frozen=True)
class About:
    """What a record tells besides where the rollout stands.

    Attributes:
        rollout: its id.
        began: when, as records have it.
        collection: the collection's name and version.
        budget: the budget of the job that writes it.
        window: when servers may be begun.
        jobs: all jobs.
        left: what each job that is over has left.
    """

    rollout: str
    began: str
    collection: t.Mapping[str, str]
    budget: Budget
    window: Window
    jobs: t.Sequence[Job]
    left: t.Mapping[str, t.Mapping[str, t.Any]]


def made(about: About, standing: Standing) -> dict[str, t.Any]:
    """Return the record."""
    reasons = {} if standing.alive else held(about)
    servers = [_server(standing, name, reasons) for name in standing.plan.servers]
    totals = {"servers": len(servers), **dict.fromkeys(TOTALS, 0), **collections.Counter(s["state"] for s in servers)}
    is_over = not any(totals[name] for name in ("waiting", "held", "running", "cut"))
    ends = [entry.ended for entry in standing.entries.values() if entry.ended]
    return {
        "schema": SCHEMA,
        "collection": dict(about.collection),
        "rollout": about.rollout,
        "kind": standing.plan.kind,
        "began": about.began,
        "ended": text(max(ends)) if is_over and ends else "",
        "budget": {
            "given": about.budget.texts,
            "allowed": standing.allowed(about.budget),
            "spent": len(standing.of(*SPENT, State.CUT)),
            "running": len(standing.of(State.RUNNING)),
        },
        "window": about.window.texts,
        "soak": int(standing.soak.total_seconds()),
        "jobs": [_job(job, about.left) for job in about.jobs],
        "waves": [_wave(standing, wave) for wave in standing.waves],
        "servers": servers,
        "totals": totals,
    }


def held(about: About) -> dict[str, str]:
    """Return the reason for each server that the jobs did not begin, the newest one."""
    found: dict[str, str] = {}
    for left in sorted(about.left.values(), key=lambda one: str(one.get("ended", ""))):
        found |= left.get("held", {})
    return found


def _server(standing: Standing, name: str, reasons: t.Mapping[str, str]) -> dict[str, t.Any]:
    state = standing.states[name]
    entry = standing.entries.get(name) or Entry(name, 0)
    why = entry.why
    if state is State.WAITING and name in reasons:
        state, why = State.HELD, reasons[name]
    return {
        "server": name,
        "wave": standing.wave_of(name),
        "state": shown(state),
        "why": why,
        "began": text(entry.began),
        "ended": text(entry.ended),
        "outage": entry.outage,
        "changed": entry.changed,
        "from_version": entry.from_version,
        "to_version": entry.to_version,
        "job": entry.job,
        "attempt": entry.attempt,
    }


def _wave(standing: Standing, wave: Wave) -> dict[str, t.Any]:
    begins = [entry.began for name in wave.servers if (entry := standing.entries.get(name)) and entry.began]
    is_last = wave.number == len(standing.waves)
    return {
        "number": wave.number,
        "upto": wave.upto,
        "servers": list(wave.servers),
        "began": text(min(begins, default=None)),
        "ended": text(standing.ended(wave)),
        "soaked": "" if is_last else text(standing.soaked(wave)),
    }


def _job(job: Job, left: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    ended = str(left.get(job.name, {}).get("ended", ""))
    return {
        "job": job.name,
        "operator": job.operator,
        "controller": job.controller,
        "began": job.began,
        "ended": ended,
    }
