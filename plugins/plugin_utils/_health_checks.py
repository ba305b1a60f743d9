# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is looked at to prove that the agent runs, what each finding means, and what to do about it."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _agent_logs, _questions, _restart, _sddl, _token_request, _windows_path
from ._questions import Ask, NotAnswered, Query

if t.TYPE_CHECKING:
    from ._agent_health import Wanted

PROVIDER = "IIS AspNetCore Module V2"
SERVICE_PROVIDERS = (".NET Runtime", "Application Error")
# Belief [slow-stop]: WAS logs 5013 in the System log where a worker does not end in time, learn.microsoft.com "Event ID
# 5013, IIS Worker Process Availability".
WAS, SLOW_STOP = "Microsoft-Windows-WAS", 5013
"""What WAS logs of a worker that does not end in time; learn.microsoft.com "IIS Application Pool Availability"."""
WRITTEN = ("Temp", "Work", "Mails")
FAR_PAST = "2000-01-01T00:00:00.0000000Z"
SERVICE_BASE = "C:\\Windows\\System32"
"""The current directory of a service's process, where its relative paths begin."""
MAIL = "imops-test-"


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        passed: whether it holds.
        found: what was found.
        wanted: what should have been.
        remedy: the likely cause, and what to do.
    """

    name: str
    passed: bool
    found: str
    wanted: str
    remedy: str = ""


# What is asked


def first_questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the questions of every look, whose answers tell where the logs are."""
    host: tuple[Query, ...] = (
        (_questions.service(wanted.service),)
        if wanted.service
        else (
            _questions.iis(),
            _questions.file(_windows_path.join(wanted.folders.path("Runtime"), "web.config")),
        )
    )
    return (*host, _settings_question(wanted), *wanted.identity.questions())


def _settings_question(wanted: Wanted) -> Query:
    return _restart.question(_windows_path.join(wanted.folders.path("Runtime"), "appsettings.json"))


def _providers(wanted: Wanted) -> tuple[str, ...]:
    return SERVICE_PROVIDERS if wanted.service else (PROVIDER,)


def _events_question(wanted: Wanted) -> Query:
    return _questions.events(FAR_PAST, *_providers(wanted))


def _written(wanted: Wanted) -> tuple[str, ...]:
    return tuple(wanted.folders.path(name) for name in WRITTEN)


def _jobs_question(wanted: Wanted) -> Query:
    # Belief [job-logs]: the agent's jobs write their logs there, vendor page "Set Up the Working Directory".
    return _questions.files(_windows_path.join(wanted.folders.path("Temp"), "JobLogs"), recurse=True, newest=1)


def _temp_question(wanted: Wanted) -> Query:
    return _questions.files(wanted.folders.path("Temp"), newest=1)


def _mail_question(wanted: Wanted) -> Query:
    return _questions.files(wanted.folders.path("Mails"), f"{MAIL}*.eml")


def _logs(wanted: Wanted, ask: Ask) -> tuple[_agent_logs.Log, ...]:
    runtime = wanted.folders.path("Runtime")
    settings = _content(ask(_settings_question(wanted)))
    if wanted.service:
        return _agent_logs.logs(runtime, SERVICE_BASE, None, settings)
    web_config = _content(ask(_questions.file(_windows_path.join(runtime, "web.config"))))
    return _agent_logs.logs(runtime, runtime, web_config, settings)


def _content(answer: t.Mapping[str, t.Any] | None) -> bytes | None:
    return base64.b64decode(answer["content"]) if answer and answer["content"] else None


def asked_questions(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return the further questions of the look with requests."""
    return (
        wanted.request,
        *((wanted.credentials.question,) if wanted.credentials else ()),
        _events_question(wanted),
        _questions.acl(*_written(wanted)),
        *(log.question for log in _logs(wanted, ask)),
        *((_jobs_question(wanted),) if wanted.jobs else ()),
        *((_mail_question(wanted),) if wanted.mail else ()),
    )


def quiet_questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the further questions of the look without a request."""
    jobs = (_jobs_question(wanted),) if wanted.jobs else ()
    return (_events_question(wanted), _temp_question(wanted), *jobs)


def stop_questions(wanted: Wanted, ask: Ask, since: str) -> tuple[Query, ...]:
    """Return the further questions about a stop."""
    system = () if wanted.service else (_questions.events(since, WAS, log="System"),)
    return (_questions.events(since, *_providers(wanted)), *system, *(log.question for log in _logs(wanted, ask)))


# What is looked at


def asked(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield the checks of the look with requests."""
    yield from _run_state(wanted, ask)
    yield _answers(wanted, ask, wanted.request, f"answer of {wanted.url}")
    if wanted.from_controller:
        yield _answers(wanted, ask, wanted.controller_request, f"answer of {wanted.url} to the controller")
    since = _since(wanted, ask)
    yield from _log(wanted, ask, since)
    yield from _own_logs(wanted, ask, since, "since the agent was started")
    yield from _folders(wanted, ask)
    if wanted.credentials:
        yield _credentials(wanted.credentials, ask)
    if wanted.jobs and not wanted.recycle:
        yield _jobs(wanted, ask)
    if wanted.mail:
        left = ask(_mail_question(wanted)) or []
        yield Check("test mail", True, "waiting in the folder" if left else "taken by a mail server", "a mail written")


def quiet(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether the agent came up, and has run a job, before anybody asked it.

    An agent that tried and failed is told by the look that follows.
    """
    if not wanted.service:
        started = _worker_started(wanted, ask)
        events = [e for e in ask(_events_question(wanted)) or [] if started and e["time"] >= started]
        if any(e["level"] in {"Critical", "Error"} for e in events):
            return
        newest = [f["last_write"] for f in ask(_temp_question(wanted)) or []]
        up = started and (any(_tells_start(e) for e in events) or any(time > started for time in newest))
        found = "the agent came up by itself" if up else "a worker process that has not loaded the agent"
        yield Check(
            f"start of {wanted.pool} without a request",
            bool(up),
            found if started else "no worker process",
            "the agent running before anybody asks it, or its scheduled jobs wait for a visitor",
            "The Windows feature Web-AppInit (im_prerequisites), startMode AlwaysRunning (im_pool), preload (im_site)"
            " and doAppInitAfterRestart in web.config (im_settings) bring it up.",
        )
    if wanted.jobs:
        yield _jobs(wanted, ask)


def stopped(wanted: Wanted, ask: Ask, since: str) -> t.Iterator[Check]:
    """Yield whether the agent stopped, and without an error; a question that fails must not leave it stopped."""
    try:
        yield from _stopped(wanted, ask, since)
    except NotAnswered as failed:
        name = f"stop of {wanted.service or wanted.pool}"
        yield Check(
            name, False, f"a question without an answer ({failed})", "Stopped", "See why it cannot be answered."
        )


def _stopped(wanted: Wanted, ask: Ask, since: str) -> t.Iterator[Check]:
    if wanted.service:
        found = ask(_questions.service(wanted.service))
        state, ended = (found["state"] if found else "absent"), True
    else:
        state, ended = _state(ask, "pools", wanted.pool), _worker_started(wanted, ask) is None
    name = wanted.service or wanted.pool
    what = state if ended else f"{state}, its worker process still runs"
    remedy = "A job that runs keeps it: wait for it, or raise shutdownTimeLimit of the pool."
    yield Check(f"stop of {name}", state == "Stopped" and ended, what, "Stopped", remedy)
    events = list(ask(_questions.events(since, *_providers(wanted))) or [])
    if not wanted.service:
        events += [e for e in ask(_questions.events(since, WAS, log="System")) or [] if e["id"] == SLOW_STOP]
    bad = [e for e in events if e["level"] in {"Critical", "Error"} or e["id"] == SLOW_STOP]
    found_words = f"{len(bad)} entries: {_short(bad[0]['message'])}" if bad else "none"
    yield Check(f"errors at the stop of {name}", not bad, found_words, "none", "Mend what the entry says.")
    yield from _own_logs(wanted, ask, since, f"at the stop of {name}")


def runs(wanted: Wanted, ask: Ask) -> bool:
    """Tell whether the agent's service or pool is started."""
    if wanted.service:
        found = ask(_questions.service(wanted.service))
        return bool(found and found["state"] == "Running")
    return _state(ask, "pools", wanted.pool) == "Started"


def is_there(wanted: Wanted, ask: Ask) -> bool:
    """Tell whether there is such a site or service at all."""
    if wanted.service:
        return ask(_questions.service(wanted.service)) is not None
    return _state(ask, "sites", wanted.site) != "absent"


def _state(ask: Ask, kind: str, name: str) -> str:
    states = {item["name"].lower(): item["state"] for item in (ask(_questions.iis()) or {kind: []})[kind]}
    return str(states.get(name.lower(), "absent"))


def _run_state(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    if wanted.service:
        found = ask(_questions.service(wanted.service))
        state = found["state"] if found else "absent"
        remedy = (
            "Start it (win_im_service with state started); when it stops by itself, the System log (Service Control"
            " Manager, 7034, 7038, 7041) says whether it ended, its password is wrong, or its account may not log on."
        )
        yield Check(f"service {wanted.service}", state == "Running", state, "Running", remedy)
        return
    for kind, name in (("pools", wanted.pool), ("sites", wanted.site)):
        state = _state(ask, kind, name)
        what = "application pool" if kind == "pools" else "site"
        remedy = f"Start it (win_im_{'apppool' if kind == 'pools' else 'site'} with state started)."
        if kind == "pools" and state == "Stopped":
            remedy += (
                " A pool that stops by itself has a wrong account or password, see the System log (WAS, 5021 and 5057)."
            )
        yield Check(f"{what} {name}", state == "Started", state, "Started", remedy)


def _answers(wanted: Wanted, ask: Ask, request: Query, name: str) -> Check:
    controller = request["kind"] == "controller"
    try:
        answer = ask(request)
    except NotAnswered as failed:
        remedy = (
            "The name does not lead to the server, or a firewall is between: compare with the answer on the server"
            " itself, and with the firewall that im_site tells."
            if controller
            else "Nothing listens on this port: look at the service's urls, and at the Application log (.NET Runtime)."
            if wanted.service
            else "No binding on this port, or no certificate behind it: look at the site's bindings."
        )
        message = failed.message.strip() or failed.kind
        return Check(name, False, f"no answer ({message})", f"an answer over {wanted.scheme}", remedy)
    if wanted.thumbprint and wanted.scheme == "https" and answer["thumbprint"] != wanted.thumbprint:
        remedy = (
            "Something between the controller and the server ends TLS, or the name leads to another server."
            if controller
            else "The service's settings name another certificate: run im_settings again."
            if wanted.service
            else "The https binding serves another certificate: run im_site again."
        )
        return Check(name, False, f"certificate {answer['thumbprint']}", f"certificate {wanted.thumbprint}", remedy)
    found = f"status {answer['status']} {answer['reason']}".strip()
    if answer["status"] >= 500 or answer["status"] == 404:
        return Check(name, False, f"{found}{_hint(answer)}", "a status below 500", _cause(answer["status"]))
    return Check(name, True, found, "a status below 500")


def _hint(answer: t.Mapping[str, t.Any]) -> str:
    text = base64.b64decode(answer["body"])[:400].decode("utf-8", "replace")
    marker = text.find("HTTP Error 500.")
    return f" ({text[marker : marker + 17].strip()})" if marker >= 0 else ""


def _cause(status: int) -> str:
    if status == 503:
        return "The application pool is stopped: see its account, and the System log."
    if status == 404:
        return "No site has this host name, or web.config does not start the agent (role im_settings)."
    return (
        "The agent does not start: the Application log (provider IIS AspNetCore Module V2) says why; 500.19 is"
        " web.config, 500.30 the settings, certificates or rights, 500.31 the .NET version."
    )


def _credentials(credentials: _token_request.Credentials, ask: Ask) -> Check:
    name = f"client {credentials.client} at {credentials.url}"
    try:
        passed, found, remedy = _token_request.verdict(ask(credentials.question))
    except NotAnswered as failed:
        message = failed.message.strip()
        return Check(name, False, f"no answer ({message})", "a token", _token_request.no_answer(message))
    return Check(name, passed, found, "a token", remedy)


def _jobs(wanted: Wanted, ask: Ask) -> Check:
    started = _started(wanted, ask)
    newest = [f for f in ask(_jobs_question(wanted)) or [] if f["last_write"] >= started]
    remedy = (
        "None was due within the timeout (CronTabExpression), none was launched, Scheduler.Enabled is false, or the"
        " server does not accept the agent's client: see the agent's own log."
    )
    found = f"the log {newest[0]['name']}" if newest else "no log of a job"
    return Check("jobs since the agent was started", bool(newest), found, "a job that ran", remedy)


def _started(wanted: Wanted, ask: Ask) -> str:
    """Return when the agent's process was started; long ago when that is not known."""
    if wanted.service:
        found = ask(_questions.service(wanted.service))
        return str((found or {}).get("started") or FAR_PAST)
    return _worker_started(wanted, ask) or FAR_PAST


def _worker_started(wanted: Wanted, ask: Ask) -> str | None:
    """Return when the pool's first worker process was started, None where there is none."""
    workers = (ask(_questions.iis()) or {"workers": []})["workers"]
    return min(
        (w["started"] for w in workers if w["pool"].lower() == wanted.pool.lower() and w["started"]), default=None
    )


def _since(wanted: Wanted, ask: Ask) -> str:
    """Return the time after which errors count: the agent's start, or the last one that succeeded."""
    events = ask(_events_question(wanted)) or []
    return max([_started(wanted, ask), *(str(e["time"]) for e in events if _tells_start(e))])


def _tells_start(event: t.Mapping[str, t.Any]) -> bool:
    # Belief [start-in-english]: the module's message of a start is English on every Windows; aspnetcore_msg.mc.
    return bool(event["level"] == "Information" and "started successfully" in event["message"])


def _log(wanted: Wanted, ask: Ask, since: str) -> t.Iterator[Check]:
    """Yield whether IIS's module, or .NET, has logged an error since a time."""
    events = ask(_events_question(wanted)) or []
    errors = [e for e in events if e["level"] in {"Critical", "Error"} and e["time"] >= since]
    found = (
        f"{len(errors)} errors, the newest at {errors[0]['time'][:19]}Z: {_short(errors[0]['message'])}"
        if errors
        else "none"
    )
    wanted_words = "none since the agent was started"
    yield Check("errors in the Application log", not errors, found, wanted_words, "Mend what the entry says.")


def _own_logs(wanted: Wanted, ask: Ask, since: str, when: str) -> t.Iterator[Check]:
    """Yield whether the agent has logged an error itself."""
    for log in _logs(wanted, ask):
        name = f"errors in {log.name} {log.folder}\\{log.pattern}"
        try:
            answer = ask(log.question) or []
        except NotAnswered as failed:
            yield Check(
                name, False, f"a log that cannot be read ({failed.message.strip()})", "none", "See who holds it."
            )
            continue
        files = [f | {"text": base64.b64decode(f["tail"] or "").decode("utf-8", "replace")} for f in answer]
        errors = _agent_logs.errors(log, files, since)
        found = f"{len(errors)} lines, the last: {_short(errors[-1])}" if errors else "none"
        yield Check(
            name, not errors, found, f"none {when}", "Mend what the line says; the log has what came before it."
        )


def _short(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= 400 else text[:397] + "..."


def _folders(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    sid = wanted.identity.sid(ask)
    for path, answer in zip(_written(wanted), ask(_questions.acl(*_written(wanted))), strict=True):
        granted = _sddl.parse(answer["sddl"]).granted(wanted.identity.token(sid)) if answer else 0
        enough = granted & _sddl.MODIFY == _sddl.MODIFY
        remedy = "Run im_permissions." if answer else "Run im_working_directory."
        found = _sddl.words(granted) if answer else "no such folder"
        yield Check(f"rights of {wanted.identity.name} on {path}", enough, found, "Modify", remedy)
