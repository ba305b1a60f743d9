# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a rollout stands: what follows from its plan and its ledger at one moment."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import typing as t

from .budget import Budget
from .entry import GONE_WELL, OUTCOMES, SPENT, Entry, State
from .job import Job
from .waves import Wave, cut


@dataclasses.dataclass(frozen=True)
class Plan:
    """What never changes in a rollout.

    Attributes:
        kind: what is done to each server.
        servers: all servers, in the order in which they are begun.
        steps: how the waves are cut.
    """

    kind: str
    servers: tuple[str, ...]
    steps: tuple[str, ...]


class Stage(enum.Enum):
    """How far a wave is."""

    OPEN = "not all of its servers are finished"
    SOAKING = "the time that it has to run without a failure is not over"
    UNVERIFIED = "its servers were not verified after that"
    BAD = "none of its servers has gone well"
    PASSED = "the next one may begin"


@dataclasses.dataclass(frozen=True)
class Standing:
    """A rollout at one moment.

    Attributes:
        plan: its plan.
        entries: the newest attempt at each server that was begun.
        alive: the jobs that run, by name.
        soak: how long a wave has to run before the next one begins.
        now: the moment.
    """

    plan: Plan
    entries: t.Mapping[str, Entry]
    alive: t.Mapping[str, Job]
    soak: datetime.timedelta
    now: datetime.datetime

    @functools.cached_property
    def states(self) -> dict[str, State]:
        """Return the state of each server."""
        return {server: self._state(self.entries.get(server)) for server in self.plan.servers}

    def _state(self, entry: Entry | None) -> State:
        if entry is None:
            return State.WAITING
        if entry.state is State.RUNNING and entry.job not in self.alive:
            return State.CUT
        return entry.state

    def of(self, *states: State) -> tuple[str, ...]:
        """Return the servers in any of some states, in the rollout's order."""
        return tuple(server for server, state in self.states.items() if state in states)

    def unreached(self, servers: t.Iterable[str], job: str) -> tuple[str, ...]:
        """Return those of some servers that no job reaches but the one in question."""
        reached = {server for other in self.alive.values() if other.name != job for server in other.servers}
        return tuple(server for server in servers if server not in reached)

    @property
    def spent(self) -> int:
        """Return how many servers have failed, whatever became of them."""
        return len(self.of(*SPENT))

    @property
    def occupied(self) -> int:
        """Return how many are, or may be, down: those at work too, and those whose job died."""
        return len(self.of(State.RUNNING, State.CUT, *SPENT))

    def allowed(self, budget: Budget) -> int:
        """Return how many may be."""
        return budget.allowed(len(self.plan.servers), len(self.of(*GONE_WELL)))

    @functools.cached_property
    def waves(self) -> tuple[Wave, ...]:
        """Return the waves. A server that was down is in none: the next one takes its place, so that a wave is as long
        as it should be, and the first one tries something.
        """
        there = [server for server, state in self.states.items() if state is not State.WAS_DOWN]
        return cut(there, self.plan.steps)

    def wave_of(self, server: str) -> int:
        """Return the number of a server's wave; of one that was down, the one that it would be in."""
        if server not in self._numbers:
            order = {name: number for number, name in enumerate(self.plan.servers)}
            later = [wave.number for wave in self.waves if order[wave.servers[-1]] > order[server]]
            return min(later, default=len(self.waves) or 1)
        return self._numbers[server]

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        return {server: wave.number for wave in self.waves for server in wave.servers}

    def ended(self, wave: Wave) -> datetime.datetime | None:
        """Return when the last server of a wave was finished; None while one is not."""
        if any(self.states[server] not in OUTCOMES | GONE_WELL for server in wave.servers):
            return None
        return max(self.entries[server].ended or self.now for server in wave.servers)

    def soaked(self, wave: Wave) -> datetime.datetime | None:
        """Return when a wave has run long enough; None where it has not ended."""
        last = self.ended(wave)
        return last + self.soak if last else None

    def stage(self, wave: Wave) -> Stage:
        """Return how far a wave is."""
        if self.ended(wave) is None:
            return Stage.OPEN
        if not any(self.states[server] in GONE_WELL for server in wave.servers):
            return Stage.BAD
        if wave.number == len(self.waves):
            return Stage.PASSED
        if t.cast("datetime.datetime", self.soaked(wave)) > self.now:
            return Stage.SOAKING
        return Stage.UNVERIFIED if self.unverified(wave) else Stage.PASSED

    def unverified(self, wave: Wave) -> tuple[str, ...]:
        """Return the servers of a wave that were not verified since they were done."""
        return tuple(server for server in wave.servers if self.states[server] is State.DONE)

    @property
    def current(self) -> tuple[Wave, Stage] | None:
        """Return the first wave that has not passed, and how far it is; None where all have."""
        for wave in self.waves:
            stage = self.stage(wave)
            if stage is not Stage.PASSED:
                return wave, stage
        return None
