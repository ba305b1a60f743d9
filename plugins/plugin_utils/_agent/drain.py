# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Jobs of an agent that run, and the stop that waits for them.

Belief [job-processes]: a job is a process of its own, a program ``Usercube-*.exe`` of this agent's Runtime other than
the agent, and its task is interrupted where that ends, vendor page "Usercube-Invoke-Job". The scheduler's lock is no
sign of a job: a scheduler has it as long as it runs (vendor page "Network Configuration", MaxLockWatchTime).
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Guard, Plan, Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import windows_path
from . import scheduler_traces
from .scheduler_traces import AGENT, PREFIX

WAIT, REFUSE, IGNORE = "wait", "refuse", "ignore"
MINUTES = 30
OPTIONS: dict[str, t.Any] = {
    "drain": {"type": "str", "choices": [WAIT, REFUSE, IGNORE], "default": IGNORE},
    "drain_minutes": {"type": "int", "default": MINUTES},
}
"""The options of a module that stops an agent; ``settings_path``, its Runtime folder, belongs to them."""


class Drain(t.NamedTuple):
    """What happens to the stop of an agent while a job runs.

    Attributes:
        runtime: the agent's Runtime folder; empty where the task does not name it.
        policy: wait, refuse or ignore.
        minutes: how long the stop waits for the end of all jobs.
        pool: the agent's application pool; empty for a service.
    """

    runtime: str
    policy: str
    minutes: int
    pool: str = ""

    @classmethod
    def of(cls, arguments: t.Mapping[str, t.Any], pool: str | None = "") -> Drain:
        """Return what a task with ``OPTIONS`` wants; raises Refused."""
        runtime, policy = str(arguments.get("settings_path") or ""), str(arguments["drain"])
        if policy != IGNORE and not runtime:
            raise Refused(f"settings_path: found nothing, wanted the agent's Runtime folder, since drain is '{policy}'")
        # A forward slash, or a path that is relative, would match the program of no process: no job would be seen.
        runtime = runtime.replace("/", "\\")
        reason = windows_path.why_not_absolute(runtime) if runtime and policy != IGNORE else None
        if reason:
            raise Refused(f"settings_path: found {runtime!r}, wanted the agent's Runtime folder ({reason})")
        if arguments["drain_minutes"] < 1:
            raise Refused(f"drain_minutes: found {arguments['drain_minutes']}, wanted at least 1")
        return cls(windows_path.normal(runtime) if runtime else "", policy, arguments["drain_minutes"], pool or "")

    @property
    def questions(self) -> tuple[Query, ...]:
        """Return what has to be known before anything is written."""
        if self.policy == IGNORE:
            return ()
        return (_running(self.runtime, 0), *scheduler_traces.questions(self.runtime))

    @property
    def questions_of_start(self) -> tuple[Query, ...]:
        """Return what has to be known before a stopped agent is started."""
        return scheduler_traces.questions(self.runtime) if self.runtime else ()

    def unlocked(self, plan: Plan, ask: Ask) -> Plan:
        """Return a plan that removes, before it starts a stopped agent, a lock that would hold up its scheduler."""
        return scheduler_traces.unlocked(plan, self.runtime, ask) if self.needed_at_start(ask) else plan

    def needed_at_start(self, ask: Ask) -> tuple[Query, ...]:
        """Return ``questions_of_start`` as far as this run needs them: in a folder that it made no agent has run."""
        if not self.runtime:
            return ()
        made = Mark(MarkKind.FOLDER_MADE, windows_path.above(self.runtime).lower())
        return () if made in ask(probe.done()) else scheduler_traces.questions_of_start(self.runtime, ask)

    @property
    def guard(self) -> Guard | None:
        """Return what an operation has to wait for that stops the agent, and what is looked at after it; None where it
        waits for nothing.
        """
        return self.guard_of(stops=True)

    def guard_of(self, *, stops: bool) -> Guard | None:
        """Return the guard of an operation that needs an agent without jobs; what stops nothing interrupts nothing."""
        if self.policy == IGNORE:
            return None
        seconds = 60 * self.minutes if self.policy == WAIT else 0
        guard = Guard(functools.partial(_running, self.runtime), seconds, self._held)
        if not stops:
            return guard
        return dataclasses.replace(
            guard,
            after=functools.partial(scheduler_traces.questions_after, self.runtime),
            told=functools.partial(scheduler_traces.interrupted, self.runtime, self.pool),
        )

    def check(self, ask: Ask) -> t.Iterator[Warned]:
        """Yield a warning where the stop will wait; raises Refused where it may not, before anything is written."""
        answer = ask(_running(self.runtime, 0)) if self.policy != IGNORE else {"reached": True}
        if not answer["reached"]:
            if self.policy == REFUSE:
                raise Refused(self._held(answer))
            yield Warned(
                f"a job of the agent in {self.runtime} runs ({_words(answer)}): the agent is stopped once it has ended,"
                f" or after {self.minutes} minutes not at all",
                WarningKind.JOB_RUNS,
            )

    def _held(self, answer: t.Mapping[str, t.Any]) -> str:
        waited = f" {self.minutes} minutes long" if self.policy == WAIT else ""
        return (
            f"found a job of the agent in {self.runtime} that runs{waited} ({_words(answer)}), wanted none, as a stop"
            " interrupts its task. Run again when it has ended; the variables im_agent_drain and im_agent_drain_minutes"
            " say whether and how long a stop waits"
        )


def _running(runtime: str, seconds: int) -> Query:
    """Ask for the jobs of an agent that run, once there is none, or so many seconds are over."""
    return probe.processes(runtime, PREFIX, AGENT, seconds=seconds)


def _words(answer: t.Mapping[str, t.Any]) -> str:
    """Return the jobs as people read them.

    A program whose folder Windows does not tell counts as a job, since it may be one of this agent.
    """
    return ", ".join(
        f"{one['name']}.exe, process {one['id']}"
        + (f", since {one['started'][:19]}Z" if one["started"] else "")
        + ("" if one["path"] else ", of a folder that Windows does not tell")
        for one in answer["processes"]
    )
