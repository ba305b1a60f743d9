"""A world of servers, and jobs that roll a change out to them by the functions of the product, in a time of its own."""

from __future__ import annotations

import dataclasses
import datetime
import heapq
import itertools
import random
import typing as t

from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.budget import Budget
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.decide import Asking
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.entry import State
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.job import Job
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.ledger import Ledger
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.rollout import Outcome, Rollout
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.standing import Plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.window import Window

START = datetime.datetime(2026, 11, 30, 20, 0, tzinfo=datetime.UTC)
POLL = 30
Life = t.Generator[float, None, str]


class Killed(BaseException):
    """The job's process was killed."""


class DyingLedger(Ledger):
    """A ledger whose process may be killed before, in the middle of, or after a write."""

    chance = 0.0
    rng = random.Random(0)

    def _write(self, handle: int, content: bytes) -> None:  # type: ignore[override]  # the product's is static
        if self.rng.random() >= self.chance:
            return super()._write(handle, content)
        super()._write(handle, content[: self.rng.choice((0, len(content) // 2, len(content)))])
        raise Killed


@dataclasses.dataclass
class World:
    """Servers, and what became of them.

    ``down`` is what counts against the budget at this instant, by the servers themselves and not by the ledger;
    ``noted`` are the finished ones that the job has noted, ``well`` all that were done once.
    """

    rng: random.Random
    servers: tuple[str, ...]
    budget: Budget
    now: datetime.datetime = START
    down: set[str] = dataclasses.field(default_factory=set)
    broken: set[str] = dataclasses.field(default_factory=set)
    gone: set[str] = dataclasses.field(default_factory=set)
    noted: set[str] = dataclasses.field(default_factory=set)
    well: set[str] = dataclasses.field(default_factory=set)
    begun: list[tuple[datetime.datetime, str]] = dataclasses.field(default_factory=list)
    most_down: int = 0

    def goes_down(self, server: str) -> None:
        assert server not in self.noted, f"{server} was finished and is begun once more"
        self.begun.append((self.now, server))
        self.down.add(server)
        self.most_down = max(self.most_down, len(self.down))
        allowed = self.allowed()
        assert len(self.down) <= allowed, f"{sorted(self.down)} are down, {allowed} may be"

    def allowed(self) -> int:
        """The budget as docs/rollout.md tells it, computed in another way than the product does."""
        budget = self.budget
        if budget.percent and len(self.well) >= budget.after:
            return max(budget.number, int(len(self.servers) * budget.percent / 100))
        return budget.number


@dataclasses.dataclass
class Simulation:
    """Jobs in the world, each a generator that tells how long it does nothing that others see."""

    world: World
    folder: t.Any
    plan: Plan
    soak: datetime.timedelta
    window: Window
    number: t.Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))
    queue: list[tuple[datetime.datetime, int, str, Life]] = dataclasses.field(default_factory=list)
    told: dict[str, str] = dataclasses.field(default_factory=dict)
    chances: dict[str, float] = dataclasses.field(default_factory=dict)
    events: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    ledger: type[Ledger] = DyingLedger

    def clock(self) -> datetime.datetime:
        return self.world.now

    def add(self, servers: t.Iterable[str], *, retry: t.Iterable[str] = (), after: float = 0) -> None:
        name = f"job{next(self.number)}"
        asking = Asking(name, tuple(servers), self.world.budget, self.window, frozenset(retry), most=20)
        rollout = Rollout(self.ledger(self.folder, "simulated"), asking, self.soak, self.clock)
        job = Job(name, budget=tuple(self.world.budget.texts), servers=tuple(servers))
        self._later(after, name, self._life(rollout, job))

    def _later(self, seconds: float, name: str, life: Life) -> None:
        when = self.world.now + datetime.timedelta(seconds=seconds)
        heapq.heappush(self.queue, (when, self.world.rng.randrange(1 << 30), name, life))

    def run(self) -> None:
        """Run all jobs to their end; each is killed now and then."""
        while self.queue:
            self.world.now, _tie, name, life = heapq.heappop(self.queue)
            assert self.world.now - START < datetime.timedelta(days=60), "the rollout does not end"
            if self.world.rng.random() < self.chances.get("kill", 0):
                self.told[name] = "killed"
                continue
            try:
                self._later(next(life), name, life)
            except StopIteration as end:
                self.told[name] = str(end.value)
            except Killed:
                self.told[name] = "killed"

    def _life(self, rollout: Rollout, job: Job) -> Life:
        """One job, as playbooks/rollout.yml runs it."""
        self.events += rollout.begin(self.plan, job, is_shared=True)
        hold = ""
        while not hold:
            step, verify = rollout.between()
            if step.wait:
                yield POLL
                continue
            yield 20.0
            self.events += rollout.settle({server: Outcome(State.VERIFIED) for server in verify})
            order, sizes = rollout.left()
            hold = step.hold
            if hold or not order:
                break
            hold = yield from self._wave(rollout, order, sizes)
        self.events += rollout.end()
        return hold

    def _wave(self, rollout: Rollout, order: list[str], sizes: list[int]) -> t.Generator[float, None, str]:
        left = list(order)
        number = 0
        while left:
            size = sizes[min(number, len(sizes) - 1)]
            batch, left, number = left[:size], left[size:], number + 1
            while batch:
                step, told = rollout.step(batch)
                self.events += told
                if step.hold:
                    return step.hold
                if step.over:
                    return ""
                if not step.start and not step.wait:
                    break
                yield POLL if step.wait else 1.0
                if step.start:
                    yield from self._work(rollout, step.start)
                    batch = [server for server in batch if server not in step.start]
        return ""

    def _work(self, rollout: Rollout, servers: t.Sequence[str]) -> t.Generator[float, None, None]:
        """Work at servers together: each is down for a time of its own, and all are noted when the last one is over."""
        rng, world = self.world.rng, self.world
        outcomes: dict[str, Outcome] = {}
        changes: list[tuple[float, str, State]] = []
        for server in servers:
            if server in world.gone:
                state = State.LOST if server in world.down else State.WAS_DOWN
                outcomes[server] = Outcome(state, "not reached")
                continue
            draw = rng.random()
            state = State.DONE
            if draw < self.chances.get("fail", 0):
                state = rng.choice((State.FAILED, State.ROLLED_BACK))
            elif draw < self.chances.get("fail", 0) + self.chances.get("lose", 0):
                state = State.LOST
            slow = rng.random() < self.chances.get("slow", 0)
            changes.append((rng.uniform(30, 90) + (900 if slow else 0), server, state))
            world.broken.discard(server)
            world.goes_down(server)
        passed = 0.0
        for when, server, state in sorted(changes):
            yield when - passed
            passed = when
            outcomes[server] = Outcome(state, "" if state is State.DONE else f"it is {state.value}", int(when), True)
            if state is State.DONE:
                world.down.discard(server)
                world.well.add(server)
            elif state is State.LOST:
                world.gone.add(server)
            else:
                world.broken.add(server)
        yield rng.uniform(0, 5)
        self.events += rollout.settle(outcomes)
        world.noted |= {server for server, outcome in outcomes.items() if outcome.state is State.DONE}

    def record(self) -> dict[str, t.Any]:
        """Return the record, as a job that looks on would write it."""
        asking = Asking("looks on", (), self.world.budget, self.window)
        rollout = Rollout(Ledger(self.folder, "simulated"), asking, self.soak, self.clock)
        return rollout.record({"name": "imops.identity_manager", "version": "1.1.0"})
