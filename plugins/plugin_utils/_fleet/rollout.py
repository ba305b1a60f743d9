# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One job of a rollout: what it does to the ledger. It never waits; whoever calls does where a step tells so."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core.plan import Refused
from . import decide, events, record
from .decide import Asking, Step
from .entry import OUTCOMES, Entry, State, text
from .events import Event
from .job import Job
from .ledger import Ledger, Taken
from .standing import Plan, Standing

_ENDED = "the job ended before it came to it: run it again"
Clock = t.Callable[[], datetime.datetime]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a server.

    Attributes:
        state: one of OUTCOMES.
        why: a sentence for people.
        outage: seconds for which the agent was, or may have been, down.
        changed: whether anything was changed; None where that was told before.
        from_version: the agent's version before.
        to_version: the agent's version after.
    """

    state: State
    why: str = ""
    outage: int | None = None
    changed: bool | None = None
    from_version: str = ""
    to_version: str = ""


@dataclasses.dataclass
class Rollout:
    """A rollout as one of its jobs sees it.

    Attributes:
        ledger: its files.
        asking: the job, and what it may begin.
        soak: how long a wave has to run before the next one begins.
        clock: the time.
    """

    ledger: Ledger
    asking: Asking
    soak: datetime.timedelta
    clock: Clock

    @classmethod
    def of(cls, ledger: Ledger, name: str, clock: Clock) -> Rollout:
        """Return the rollout of a job that was entered; raises Refused where none was."""
        job = ledger.job(name)
        if job is None:
            raise Refused(f"im_rollout_id: found no job {name} of {ledger.rollout}, wanted one that has begun")
        return cls(ledger, Asking.of(job), datetime.timedelta(seconds=job.soak), clock)

    def begin(self, plan: Plan, job: Job, *, is_shared: bool) -> list[Event]:
        """Enter the job, with the plan if it is the first one.

        Args:
            plan: as the job would make it.
            job: the job.
            is_shared: whether somebody named a folder that all jobs share.

        Raises:
            Refused: what is there does not fit.
        """
        with self.ledger.locked():
            now = self.clock()
            found = self.ledger.plan()
            others = self._alive(now)
            if found is None:
                self.ledger.make_plan({**dataclasses.asdict(plan), "began": text(now)})
            else:
                self._compare(_plan(found), plan)
            if others and not is_shared:
                raise Refused(
                    f"im_rollout_id: the job {others[0].name} of {self.ledger.rollout} is at work. More than one job"
                    " needs im_rollout_folder: a folder that all of them share"
                )
            different = next((other for other in others if other.budget != job.budget), None)
            if different:
                raise Refused(
                    f"im_rollout_budget: found {', '.join(job.budget)}, and {', '.join(different.budget)} in the job"
                    f" {different.name}, which is at work: wanted one budget of all jobs"
                )
            self.ledger.join(dataclasses.replace(job, began=text(now)), now)
            return [events.rollout_began(self._standing(), self.asking, self.ledger.rollout)]

    def _compare(self, found: Plan, wanted: Plan) -> None:
        """Raise Refused where a rollout began as another one."""
        for name, variable in (("kind", "im_rollout"), ("steps", "im_rollout_waves")):
            before, now = getattr(found, name), getattr(wanted, name)
            if before != now:
                raise Refused(
                    f"{variable}: found {_shown(now)}, and {_shown(before)} when the rollout {self.ledger.rollout}"
                    f" began: go on with that, or give another im_rollout_id"
                )
        strange = [server for server in self.asking.servers if server not in found.servers]
        if strange:
            raise Refused(
                f"im_rollout_id: {decide.named(strange)} was no server of the rollout {self.ledger.rollout} when it"
                " began: leave it out with --limit, or give another im_rollout_id"
            )

    def step(self, servers: t.Sequence[str]) -> tuple[Step, list[Event]]:
        """Begin those of some servers that may be begun now; tell what else the job does."""
        with self.ledger.locked():
            self.ledger.sign(self.asking.job, self.clock())
            before = self._standing()
            step = decide.next_step(before, self.asking, servers)
            begun: list[str] = []
            for server in step.start:
                former = before.entries.get(server)
                attempt, again = former.attempt + 1 if former else 1, server in step.again
                try:
                    self.ledger.claim(server, attempt, self.asking.job, before.now, again=again)
                except Taken:
                    continue
                begun.append(server)
            told = events.began(before, begun, self.ledger.rollout)
            return dataclasses.replace(step, start=tuple(begun)), told

    def settle(self, outcomes: t.Mapping[str, Outcome]) -> list[Event]:
        """Note what became of servers that this job has begun, or of those that it has verified."""
        told: list[Event] = []
        with self.ledger.locked():
            self.ledger.sign(self.asking.job, self.clock())
            before = self._standing()
            for server, outcome in outcomes.items():
                entry = before.entries.get(server)
                if entry is None or not self._is_mine(entry, outcome):
                    continue
                fields = {
                    key: value for key, value in vars(outcome).items() if key != "state" and value not in {None, ""}
                }
                if self.ledger.move(entry, outcome.state, before.now, **fields):
                    entries = {**before.entries, server: self.ledger.entry(entry)}
                    after = dataclasses.replace(before, entries=entries)
                    told += events.finished(before, after, server, self.ledger.rollout)
                    before = after
        return told

    def _is_mine(self, entry: Entry, outcome: Outcome) -> bool:
        """Tell whether an outcome may be noted: of an attempt of this job, or after a verification of any."""
        if entry.state is State.RUNNING:
            return entry.job == self.asking.job and outcome.state in OUTCOMES
        return entry.state is State.DONE and outcome.state in {State.VERIFIED, State.FAILED, State.LOST}

    def begun(self) -> tuple[str, ...]:
        """Return the servers that this job has begun, and of which it has not noted what became of them."""
        entries = self.ledger.entries().values()
        return tuple(one.server for one in entries if one.state is State.RUNNING and one.job == self.asking.job)

    def between(self) -> tuple[Step, tuple[str, ...]]:
        """Return what the job does before the next wave, and the servers that it verifies."""
        with self.ledger.locked():
            self.ledger.sign(self.asking.job, self.clock())
            return decide.between(self._standing(), self.asking)

    def left(self) -> tuple[list[str], list[int]]:
        """Return the servers that this job has still to begin, first those that were begun before, and how many of them
        are begun together; none where none may be begun.
        """
        with self.ledger.locked():
            standing = self._standing()
        again = decide.taken_up(standing, self.asking, self._own(standing))
        fresh = decide.unbegun(standing, self.asking, self._own(standing))
        order = [*again, *fresh]
        if decide.next_step(standing, self.asking, order).hold:
            return [], []
        return order, decide.sizes(standing, self.asking, order)

    @property
    def kind(self) -> str:
        """Return what is done to each server."""
        return _plan(self.ledger.plan() or {}).kind

    def end(self) -> list[Event]:
        """Leave the rollout, with the reason for each server that this job could have begun and did not."""
        with self.ledger.locked():
            standing = self._standing()
            left = decide.unbegun(standing, self.asking, self._own(standing))
            hold = decide.next_step(standing, self.asking, left).hold or _ENDED
            self.ledger.leave(self.asking.job, standing.now, dict.fromkeys(left, hold))
            return [events.held(standing, self.asking, left, hold, self.ledger.rollout)] if left else []

    def record(self, collection: t.Mapping[str, str]) -> dict[str, t.Any]:
        """Return the rollout's record.

        Args:
            collection: the collection's name and version.
        """
        with self.ledger.locked():
            began = str((self.ledger.plan() or {}).get("began", ""))
            jobs = [job for job, _sign in self.ledger.jobs().values()]
            about = record.About(
                rollout=self.ledger.rollout,
                began=began,
                collection=collection,
                budget=self.asking.budget,
                window=self.asking.window,
                jobs=jobs,
                left=self.ledger.left(),
            )
            return record.made(about, self._standing())

    def _own(self, standing: Standing) -> tuple[str, ...]:
        return tuple(server for server in standing.plan.servers if server in self.asking.servers)

    def _standing(self) -> Standing:
        now = self.clock()
        alive = {job.name: job for job in self._alive(now)}
        return Standing(_plan(self.ledger.plan() or {}), self.ledger.entries(), alive, self.soak, now)

    def _alive(self, now: datetime.datetime) -> list[Job]:
        """Return the jobs that run; this one does, whatever its signs."""
        over = self.ledger.over()
        return [
            job
            for name, (job, sign) in self.ledger.jobs().items()
            if name not in over and (name == self.asking.job or job.is_alive(sign, now))
        ]


def _plan(fields: t.Mapping[str, t.Any]) -> Plan:
    return Plan(str(fields.get("kind", "")), tuple(fields.get("servers", ())), tuple(fields.get("steps", ())))


def _shown(value: t.Any) -> str:
    return value if isinstance(value, str) else ", ".join(value)
