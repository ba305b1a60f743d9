# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verification of an agent: it answers over https, logs no error, and can write where it must. Docs:
win_im_agent_health.yml.

The order of the steps. What is wanted is in wanted.py, what is asked in questions.py, what the answers mean in
checks.py.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import email.message
import email.utils
import typing as t

from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Operation, Plan, write
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import iis_states, windows_path
from . import launched_job
from .check import Beliefs, Check, State, complete
from .checks import request_checks, start_checks, stop_checks
from .questions import (
    MAIL_PREFIX,
    common_questions,
    further_questions,
    guessed_questions,
    request_questions,
    start_questions,
    stop_questions,
)
from .running import is_there, runs
from .wanted import ARGUMENT_SPEC, Wanted

__all__ = [
    "ARGUMENT_SPEC",
    "Stage",
    "Wanted",
    "fails",
    "failure",
    "in_short",
    "questions",
    "questions_ahead",
    "stages",
    "verified",
    "writes",
]
SHOWS_WHAT_THE_SERVER_HOLDS = True
"""Its checks name hosts and paths of the agent's own settings."""
POOL_MODULE, SERVICE_MODULE = "microsoft.iis.web_app_pool", "ansible.windows.win_service"


@dataclasses.dataclass(frozen=True)
class Stage:
    """One step of the verification.

    Attributes:
        operations: what is done first.
        checks: returns the checks, which are repeated until all pass or the time is over.
        questions: what is asked together with the common questions.
        further: returns what is asked once those are answered, or with them where the run knows their answers already.
        guessed: what ``further`` most likely returns, asked with the first questions where the run knows too little.
        told: returns the checks in the place of ``checks``, from the results of the operations.
        lost: what is told where the connection is lost in an operation, as nobody knows whether it was done.
        afterwards: returns what removes from the server what the step needs no more, from its last checks; its marks
            are noted first, and where it fails nothing is told.
    """

    operations: tuple[Operation, ...]
    checks: t.Callable[[Ask], t.Iterable[Check]]
    questions: tuple[Query, ...] = ()
    further: t.Callable[[Ask], tuple[Query, ...]] = lambda ask: ()
    guessed: tuple[Query, ...] = ()
    told: t.Callable[[t.Sequence[t.Mapping[str, t.Any]]], t.Callable[[Ask], t.Iterable[Check]]] | None = None
    lost: str = ""
    afterwards: t.Callable[[t.Sequence[Check]], tuple[Operation, ...]] = lambda checks: ()


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the common questions, whose answers name the further ones; earlier tasks of a run have asked them all."""
    return common_questions(wanted)


def questions_ahead(wanted: Wanted) -> tuple[Query, ...]:
    """Return what a verification asks of an agent that nobody changes: it travels with a run's first probe. None where
    the agent is stopped first.
    """
    return () if wanted.recycle else (*request_questions(wanted), *guessed_questions(wanted))


def writes(wanted: Wanted) -> bool:
    """Tell whether a verification does more than look: it restarts the agent, sends a test mail, or launches a job."""
    return wanted.recycle or bool(wanted.mail) or bool(wanted.job)


def stages(wanted: Wanted, ask: Ask, *, check: bool) -> t.Iterator[Stage]:
    """Yield the steps in order; in check mode only the last one, which changes nothing.

    If the agent is restarted, or this run has started it, it has to start by itself. That is checked before anything
    sends a request, which would start it.
    """
    if check and not is_there(wanted, ask):
        return
    if wanted.recycle and not check:
        if runs(wanted, ask):
            since = ask(probe.host())["time"]
            yield Stage(
                (dataclasses.replace(_turn(wanted, "stop", "stopped"), guard=wanted.drain.guard),),
                lambda ask: stop_checks(wanted, ask, since),
                further=lambda ask: stop_questions(wanted, ask, since),
            )
        yield _start(wanted, _turn(wanted, "start", "started"))
    elif wanted.warm_up and wanted.pool and Mark(MarkKind.POOL_STARTED, wanted.pool) in ask(probe.done()):
        yield _start(wanted)
    yield Stage(
        (_mail(wanted, wanted.mail, ask),) if wanted.mail and not check else (),
        lambda ask: request_checks(wanted, ask),
        questions=request_questions(wanted),
        further=lambda ask: further_questions(wanted, ask),
        guessed=guessed_questions(wanted),
    )
    if wanted.job:
        yield _job(wanted, ask, check=check)


def _job(wanted: Wanted, ask: Ask, *, check: bool) -> Stage:
    """Return the stage of the job that is launched: last, since a broken agent is not asked for one."""
    if check:
        return Stage((), lambda ask: (launched_job.in_check_mode(wanted),))
    broken = any(one.state is State.FAILED and not one.is_open for one in request_checks(wanted, ask))
    launch = launched_job.after_failures(wanted) if broken else launched_job.look(wanted, ask)
    if isinstance(launch, Check):
        found = launch
        return Stage((), lambda ask: (found,))
    ready, asked = launch, launched_job.questions_after(wanted, launch, ask)

    def afterwards(checks: t.Sequence[Check]) -> tuple[Operation, ...]:
        return launched_job.tidied(wanted, checks, ask)

    if ready.before:
        said = launched_job.said_before(ready)
        return Stage(
            (),
            lambda ask: (launched_job.followed(wanted, ready, said, ask),),
            questions=asked,
            afterwards=afterwards,
        )
    return Stage(
        (launched_job.operation(wanted, ready, ask),),
        lambda ask: (),
        questions=asked,
        told=lambda results: lambda ask: (launched_job.followed(wanted, ready, results[-1]["results"][-1], ask),),
        lost=launched_job.unknown_after(ready),
        afterwards=afterwards,
    )


def _start(wanted: Wanted, *operations: Operation) -> Stage:
    return Stage(operations, lambda ask: start_checks(wanted, ask), questions=start_questions(wanted))


def _turn(wanted: Wanted, verb: str, state: str) -> Operation:
    what, name = ("service", wanted.service) if wanted.service else ("application pool", wanted.pool)
    module = SERVICE_MODULE if wanted.service else POOL_MODULE
    until = None
    if not wanted.service and verb == "start":
        until = iis_states.pool_started(name)
    elif not wanted.service:
        # Only waited for: the checks that follow tell what was found, and the agent is started again in any case.
        stopped = iis_states.pool_stopped(name, iis_states.WORKER_SECONDS)
        until = dataclasses.replace(stopped, describe=lambda answer: "")
    return Operation(f"{verb} {what} {name}", module, {"name": name, "state": state}, until=until)


def _mail(wanted: Wanted, addresses: tuple[str, str], ask: Ask) -> Operation:
    """Return the operation that writes a mail in the form that a mail server collects, RFC 5322."""
    time = datetime.datetime.fromisoformat(str(ask(probe.host())["time"])[:19] + "+00:00")
    mail = email.message.EmailMessage()
    mail["To"], mail["From"] = addresses
    mail["Subject"] = f"Test of the Identity Manager agent on {wanted.host_name}"
    mail["Date"] = email.utils.format_datetime(time)
    mail.set_content("This message tests the folder for mails. No action is needed.")
    path = windows_path.join(wanted.folders.path("Mails"), f"{MAIL_PREFIX}{time:%Y%m%dT%H%M%S}.eml")
    content = base64.b64encode(mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).decode()
    return write("write a test mail", "file", path=path, content=content)


def fails(wanted: Wanted, check: Check) -> bool:
    """Tell whether a check fails the run, and is asked again until it does not or the time is over."""
    return check.fails(wanted.beliefs)


def verified(wanted: Wanted, checks: t.Sequence[Check], *, check: bool) -> Plan:
    """Return what was found as facts.

    ``verified`` is null where no check fails the run but one of them is unknown, or fails by a belief only. In check
    mode a failed check is no verdict, since an earlier step of a real run may be what is missing; neither is the
    absence of checks.
    """
    passed: bool | None = not any(fails(wanted, one) for one in checks)
    if (check and not (passed and checks)) or (passed and any(one.is_open for one in checks)):
        passed = None
    facts = {"verified": passed, "checks": [one.facts for one in complete(checks)]}
    warnings = (
        ()
        if check or wanted.beliefs is Beliefs.FAIL
        else tuple(
            Warned(f"not verified: {one.sentence}", WarningKind.NOT_VERIFIED, one.id) for one in checks if one.is_open
        )
    )
    return Plan(facts=facts, warnings=warnings)


def failure(wanted: Wanted, checks: t.Sequence[Check]) -> str:
    """Return the sentences of the checks that failed, those first that no waiting changes."""
    failed = sorted((one for one in checks if fails(wanted, one)), key=lambda one: not one.final)
    return "the agent is not verified. " + " ".join(one.sentence for one in failed)


def in_short(facts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a failed run shows of the facts: the checks that failed or that nobody could tell, and how many were
    left out.
    """
    bad = [one for one in facts["checks"] if one["state"] in {State.FAILED, State.UNKNOWN}]
    return {"checks": bad, "checks_not_shown": len(facts["checks"]) - len(bad)}
