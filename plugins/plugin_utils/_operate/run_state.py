# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent stopped, started or restarted as it is; its configuration stays. Docs: win_im_agent_state.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.drain import OPTIONS, Drain
from .._core.plan import Diff, Operation, Plan, Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from . import under_iis, under_services
from .turn import RESTARTED, STARTED, STATES, STOPPED, Turn

NAMES: dict[str, t.Any] = {
    "service": {"type": "str"},
    "pool": {"type": "str"},
    "site": {"type": "str"},
    "stop_seconds": {"type": "int", "default": 120},
}
"""The options that tell what runs the agent, and how long it may take to stop."""
NAMED: dict[str, t.Any] = {
    "mutually_exclusive": [("service", "pool"), ("service", "site")],
    "required_one_of": [("service", "pool")],
    "required_together": [("pool", "site")],
}
"""A service, or an application pool and a site."""
ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": list(STATES), "required": True},
        **NAMES,
        "start_stopped": {"type": "bool", "default": False},
        "settings_path": {"type": "str"},
        **OPTIONS,
    },
    **NAMED,
}
MOST_SECONDS = 3600
"""A longer stop is no stop: an execution that waits for it would be taken for a dead one."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Whether the agent shall run.

    Attributes:
        state: started, stopped or restarted.
        service: the agent's service; empty under IIS.
        pool: the agent's application pool; empty for a service.
        site: the agent's site; empty for a service.
        start_stopped: whether a restart starts an agent that is stopped.
        stop_seconds: how long the agent may take to stop.
        drain: what happens while a job of the agent runs.
    """

    state: str
    service: str
    pool: str
    site: str
    start_stopped: bool
    stop_seconds: int
    drain: Drain

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused for a time that no stop may take."""
        seconds = arguments["stop_seconds"]
        if not 1 <= seconds <= MOST_SECONDS:
            raise Refused(f"stop_seconds (im_operate_stop_seconds): found {seconds}, wanted 1 to {MOST_SECONDS}")
        return cls(
            state=arguments["state"],
            service=arguments.get("service") or "",
            pool=arguments.get("pool") or "",
            site=arguments.get("site") or "",
            start_stopped=arguments["start_stopped"],
            stop_seconds=seconds,
            drain=Drain.of(arguments, arguments.get("pool")),
        )

    @property
    def title(self) -> str:
        """Return the name of what runs the agent."""
        return f"service {self.service}" if self.service else f"application pool {self.pool}"


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    of_state = under_services.questions(wanted.service) if wanted.service else under_iis.questions()
    return (*of_state, *(wanted.drain.questions if wanted.state != STARTED else ()), *wanted.drain.questions_of_start)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused where there is no such agent, and where others would stop with it."""
    del check
    turn = turn_of(wanted, ask)
    stops = wanted.state in {STOPPED, RESTARTED} and not turn.is_stopped
    stays_stopped = wanted.state == RESTARTED and not turn.runs and not wanted.start_stopped
    starts = wanted.state in {STARTED, RESTARTED} and not stays_stopped and (stops or not turn.runs)
    if stays_stopped:
        stops = False
    operations: tuple[Operation, ...] = ()
    if stops and starts:
        operations = turn.restart
    elif stops:
        operations = turn.stop
    elif starts:
        operations = turn.start
    warnings = turn.warnings
    if stops:
        # A job that begins meanwhile is seen too: the guard looks right before the stop.
        operations = (dataclasses.replace(operations[0], guard=wanted.drain.guard), *operations[1:])
        warnings += tuple(wanted.drain.check(ask))
    if stays_stopped:
        text = (
            f"found {turn.found}, so the agent was not restarted: a restart leaves stopped what somebody has stopped."
            " Start it (playbook start.yml), or set start_stopped (im_operate_start_stopped) to true"
        )
        warnings += (Warned(text, WarningKind.STAYS_STOPPED),)
    runs = starts or (turn.runs and not stops)
    facts: dict[str, t.Any] = {"runs": runs, "was_running": turn.runs}
    if starts:
        facts["restarted_because"] = []
    diff = Diff(wanted.title, f"{turn.found}\n", f"{_after(turn, stops=stops, starts=starts)}\n")
    return wanted.drain.unlocked(Plan(operations, (diff,), warnings, facts=facts), ask)


def turn_of(wanted: Wanted, ask: Ask) -> Turn:
    """Return an agent's state, and the operations that change it; raises Refused where there is no such agent."""
    if wanted.service:
        return under_services.turn(wanted.service, wanted.state, ask, wanted.stop_seconds)
    return under_iis.turn(wanted.pool, wanted.site, wanted.state, ask, wanted.stop_seconds)


def _after(turn: Turn, *, stops: bool, starts: bool) -> str:
    if starts:
        return turn.restarted if stops else turn.started
    return turn.stopped if stops else turn.found


def check_done(wanted: Wanted, plan: Plan, ask: Ask) -> None:
    """Raise Refused where the agent is not as the operations should have left it."""
    turn = turn_of(wanted, ask)
    if turn.runs is not plan.facts["runs"]:
        state = STARTED if plan.facts["runs"] else STOPPED
        raise Refused(f"found {turn.found} after the operations, wanted it {state}: {turn.remedy}")
