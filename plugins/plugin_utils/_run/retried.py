# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks that are made again and again until all pass or their time is over, by whichever action they are made."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import types
import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from .._core.probe import NotAnswered, Query
from .host import Host, NotKnown

if t.TYPE_CHECKING:
    from .._core.plan import Plan


class Action(t.Protocol):
    """What is needed of the action whose task this is."""

    _task: t.Any
    _display: t.Any

    def report(self, plan: Plan) -> dict[str, t.Any]:
        """Return the result that a plan promises."""

    def warned(self, host: Host, warnings: t.Mapping[str, str]) -> dict[str, t.Any]:
        """Return the warnings that this run has not shown yet, as a part of the result."""


def carried_out(action: Action, subject: types.ModuleType, host: Host, wanted: t.Any) -> dict[str, t.Any]:
    """Go through the stages of a subject, at most ``wanted.timeout`` seconds, with a check every ``wanted.delay``
    seconds, and return the result.

    Args:
        action: whose task this is.
        subject: what ``RetriedAction`` describes.
        host: the server.
        wanted: what the subject's ``Wanted`` says.
    """
    check = bool(action._task.check_mode)
    if check and host.snapshot.changed:
        # A check is a request, which may wake an agent that the run would have stopped or moved first.
        return action.report(subject.verified(wanted, (), check=True))
    deadline = time.monotonic() + wanted.timeout
    if check:
        host.prepare(subject.questions(wanted))
    checks: list[t.Any] = []
    done: list[str] = []
    for begun in subject.stages(wanted, host.ask, check=check):
        stage = _carried_out_for(host, begun)
        done += [operation.does for operation in stage.operations]
        found = _checked(action, subject, host, wanted, stage, deadline)
        _tidied(host, stage, found)
        checks += found
    plan = subject.verified(wanted, checks, check=check)
    result = action.report(plan)
    if done:
        result |= {"changed": True, "operations": done}
        host.forget()  # a task that is tried again looks at the server as it is then
    if result["verified"] is False:
        result |= {"failed": True, "msg": f"{host.name}: {subject.failure(wanted, checks)}"}
        if not action._display.verbosity and not action._task.ignore_errors:  # what follows it judges all checks
            result |= subject.in_short(plan.facts)
    return result | action.warned(host, {warning: warning for warning in plan.warnings})


def _checked(
    action: Action, subject: types.ModuleType, host: Host, wanted: t.Any, stage: t.Any, deadline: float
) -> list[t.Any]:
    """Return the checks of the last round of a stage."""
    looked_again = False
    further = _foreseen(host, stage)
    while True:
        guessed = stage.guessed if further is None else further
        # A request first, so that the rest is after it.
        first = [*stage.questions, *guessed, *subject.questions(wanted)]
        host.prepare(first)
        further = stage.further(host.ask)
        host.prepare(further)
        checks = list(stage.checks(host.ask))
        late = time.monotonic() + wanted.delay >= deadline
        failing = [c for c in checks if subject.fails(wanted, c)]
        # What is not certain is looked at once more, as an agent that has just been started has left few signs.
        again = [c for c in checks if not c.final and (c in failing or (c.is_open and not looked_again))]
        again += [c for c in checks if c.goes_on]
        if late or any(c.final for c in failing) or action._task.check_mode or not again:
            return checks
        time.sleep(wanted.delay)
        host.forget([*first, *further])
        looked_again = True


def _carried_out_for(host: Host, stage: t.Any) -> t.Any:
    """Run the operations of a stage, and return it with the checks of their results."""
    try:
        results = host.run(stage.operations)
    except AnsibleConnectionFailure as failure:
        if not stage.lost:
            raise
        raise AnsibleConnectionFailure(f"{host.name}: {str(failure).rstrip('.')}. {stage.lost}.") from failure
    return dataclasses.replace(stage, checks=stage.told(results)) if stage.told else stage


def _tidied(host: Host, stage: t.Any, checks: t.Sequence[t.Any]) -> None:
    """Remove what a stage has left on the server and needs no more. Where that fails a later run does it, and what was
    found is true all the same.
    """
    operations = stage.afterwards(checks)
    if operations:
        host.remember(operations)
        with contextlib.suppress(AnsibleError):
            host.run(operations)


def _foreseen(host: Host, stage: t.Any) -> tuple[Query, ...] | None:
    """Return what a stage will ask once its first questions are answered, from what this run knows already; None where
    that is too little.
    """
    try:
        return t.cast("tuple[Query, ...]", stage.further(host.recall))
    except (NotKnown, NotAnswered):
        return None
