# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of each step of a verification, in their order. What is asked is in questions.py; each kind of check has
a file of its own.
"""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.probe import Ask, NotAnswered
from . import (
    agent_events,
    answer_checks,
    certificate_checks,
    credential_checks,
    folder_checks,
    hosting_checks,
    key_checks,
    log_checks,
    mail_checks,
    need_checks,
    questions,
    reach_checks,
    running,
    server_checks,
)
from .check import Check, State, verdict
from .wanted import Wanted


def request_checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield the checks that need a request to the agent, and all that may run beside them."""
    yield from running.checks(wanted, ask)
    yield from hosting_checks.checks(wanted, ask)
    yield answer_checks.on_server(wanted, ask)
    yield from certificate_checks.on_server(wanted, ask)
    if wanted.from_controller:
        yield answer_checks.to_controller(wanted, ask)
        yield from certificate_checks.to_controller(wanted, ask)
    since = running.since(wanted, ask)
    yield log_checks.application_log(wanted, ask, since)
    yield from log_checks.own_logs(wanted, ask, since, "since the agent was started")
    yield from folder_checks.rights(wanted, ask)
    if wanted.credentials:
        yield from key_checks.checks(wanted, ask)
        yield credential_checks.client(wanted, wanted.credentials, ask)
        if wanted.agent:
            yield from server_checks.checks(wanted, wanted.credentials, ask)
    if wanted.connections:
        yield from need_checks.checks(wanted, ask)
        yield from reach_checks.checks(wanted, ask)
    if wanted.asks_mail:
        yield from mail_checks.checks(wanted, ask)
    if wanted.jobs and not wanted.recycle:
        yield _jobs(wanted, ask)
    if wanted.mail:
        yield _mail(wanted, ask)


def _mail(wanted: Wanted, ask: Ask) -> Check:
    """Return what became of the test mail: only one that a mail server has collected is known to be on its way."""
    left = ask(questions.mails(wanted)) or []
    name = f"test mail in {wanted.folders.path('Mails')}"
    if not left:
        return Check("mail", name, State.PASSED, "collected by a mail server", "a mail that is collected")
    return Check(
        "mail",
        name,
        State.UNKNOWN,
        "waiting in the folder",
        "a mail that is collected",
        "Look whether a mail server collects mails there, and delete the mail if none does.",
        ("The mail server has not come by yet.", "The folder is no pickup folder of a mail server."),
        reason="nobody has collected it yet",
    )


def start_checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether the agent started, and has run a job, before it received a request.

    If it tried and failed, the step that follows reports the error that it logged.
    """
    if not wanted.service:
        started = running.worker_started(wanted, ask)
        if not started and running.workers(wanted, ask):
            yield Check(
                "start_without_request",
                f"start of {wanted.pool} without a request",
                State.PASSED,
                "a worker process; Windows does not tell this account when it started",
                "the agent running before its first request",
            )
            return
        events = [e for e in agent_events.of_agent(wanted, ask) if started and e["time"] >= started]
        if any(agent_events.is_error(e) for e in events):
            return
        newest = [f["last_write"] for f in ask(questions.temp_files(wanted)) or []]
        up = started and (any(agent_events.reports_start(e) for e in events) or any(time > started for time in newest))
        found = "the agent started by itself" if up else "a worker process that has not loaded the agent"
        yield Check(
            "start_without_request",
            f"start of {wanted.pool} without a request",
            verdict(bool(up)),
            found if started else "no worker process",
            "the agent running before its first request, or its scheduled jobs wait for a visitor",
            "It takes the Windows feature Web-AppInit (im_prerequisites), startMode AlwaysRunning (im_pool), preload"
            " (im_site) and doAppInitAfterRestart in web.config (im_settings).",
        )
    if wanted.jobs:
        yield _jobs(wanted, ask)


def stop_checks(wanted: Wanted, ask: Ask, since: str) -> t.Iterator[Check]:
    """Yield whether the agent stopped, and without an error.

    A question that fails is a failed check here and not an exception, which would leave the agent stopped.
    """
    try:
        yield from _stop(wanted, ask, since)
    except NotAnswered as failed:
        name = f"stop of {wanted.service or wanted.pool}"
        found = f"a question without an answer ({failed})"
        yield Check("stop", name, State.FAILED, found, "Stopped", "Fix the cause named in the answer.")


def _stop(wanted: Wanted, ask: Ask, since: str) -> t.Iterator[Check]:
    if wanted.service:
        found = ask(probe.service(wanted.service))
        state, ended = (found["state"] if found else "absent"), True
    else:
        state, ended = running.state(ask, "pools", wanted.pool), not running.workers(wanted, ask)
    name = wanted.service or wanted.pool
    what = state if ended else f"{state}, its worker process still runs"
    remedy = "A running job delays the stop: wait for it, or raise shutdownTimeLimit of the pool."
    yield Check("stop", f"stop of {name}", verdict(state == "Stopped" and ended), what, "Stopped", remedy)
    bad = [e for e in agent_events.of_agent(wanted, ask, since) if agent_events.is_error(e)]
    if not wanted.service:
        bad += agent_events.slow_stops(wanted, ask, since)
    found_words = f"{len(bad)} entries: {log_checks.short(bad[0]['message'])}" if bad else "none"
    remedy = "Fix the cause named in the entry."
    yield Check("stop", f"errors at the stop of {name}", verdict(not bad), found_words, "none", remedy)
    yield from log_checks.own_logs(wanted, ask, since, f"at the stop of {name}")


def _jobs(wanted: Wanted, ask: Ask) -> Check:
    started = running.started(wanted, ask)
    newest = [f for f in ask(questions.jobs(wanted)) or [] if f["last_write"] >= started]
    remedy = (
        "No job was due within the timeout (CronTabExpression), none was launched, Scheduler.Enabled is false, or the"
        " server does not accept the agent's client: see the agent's own log."
    )
    found = f"the log {newest[0]['name']}" if newest else "no log of a job"
    return Check("job_ran", "jobs since the agent was started", verdict(bool(newest)), found, "a job that ran", remedy)
