# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One job of the agent that is launched on request, once, and followed to its end with its log.

Token and request are one operation of the writer, which sends it once: the token stays on the agent's server. What the
answer does not tell, the server's instances of the job do.
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t
from urllib.parse import quote

from .._agent import job_claim
from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Operation, write
from .._core.probe import Ask, NotAnswered, Query
from .._windows import windows_path
from . import held_client, job_api, log_checks, server_api, token_request
from .check import Basis, Check, State
from .job_api import End, Run
from .token_request import Credentials
from .wanted import Wanted

ID = "launched_job"
WANTED = "a job that ends without an error"
TAIL, NEWEST = 16 * 1024, 3
"""Of the logs of jobs that are read."""
_FIRST = "Fix what the other checks say first, and verify again."
_PAGES = "Look at the page Job Execution of the server"


@dataclasses.dataclass(frozen=True)
class Launch:
    """A job that may be launched.

    Attributes:
        job: its Identifier.
        number: its Id at the server.
        known: the Ids of its instances so far.
        credentials: who asks.
        bare: whether the client is named by its id alone.
        since: the server's time, before it is launched.
        before: whether this run has launched it, so that it is only followed.
    """

    job: str
    number: str
    known: tuple[str, ...]
    credentials: Credentials
    bare: bool
    since: str
    before: bool = False

    @property
    def question(self) -> Query:
        """Ask for the job and its newest instances."""
        return job_api.question(self.credentials, self.job, bare=self.bare)


def logs(wanted: Wanted) -> Query:
    """Ask for the ends of the newest logs of jobs."""
    folder = windows_path.join(wanted.folders.path("Temp"), "JobLogs")
    return probe.files(folder, recurse=True, newest=NEWEST, tail=TAIL)


def questions_after(wanted: Wanted, launch: Launch, ask: Ask) -> tuple[Query, ...]:
    """Return what is asked until the job has ended."""
    return launch.question, logs(wanted), probe.file(job_claim.path(_runtime(wanted), ask))


def _runtime(wanted: Wanted) -> str:
    return wanted.folders.path("Runtime")


def _run(wanted: Wanted, ask: Ask) -> str:
    return f"{ask(probe.run())}/{wanted.job}"


# Before it is launched


def not_launched(wanted: Wanted, found: str, cause: str, remedy: str, reason: str = "") -> Check:
    """Return the check of a job that is not launched: failed where something is wrong with it, else unknown."""
    name = f"job {wanted.job}"
    state = State.UNKNOWN if reason else State.FAILED
    told, causes = f"{found}; nothing was launched", (cause,)
    return Check(ID, name, state, told, WANTED, remedy, causes, Basis.BELIEF, reason, page=job_api.PAGE, final=True)


def look(wanted: Wanted, ask: Ask) -> Launch | Check:
    """Return what to launch, or why nothing is."""
    if wanted.credentials is None:
        reason = "the client's secret is kept on the server, or im_verify_credentials is false"
        cause = "Only the agent's client may launch its jobs."
        remedy = "Set im_verify_credentials, and give the secret in im_agent_openid_clients."
        return not_launched(wanted, "no client to ask with", cause, remedy, reason)
    held = held_client.of_agent(wanted, wanted.credentials, ask)
    try:
        token = token_request.read(ask(held.question(wanted)))
        bare = token.error == token_request.INVALID_CLIENT
        answer = ask(job_api.question(held.credentials, wanted.job, bare=bare))
    except NotAnswered as failed:
        cause, remedy, _distrusted = token_request.no_answer(failed.message)
        reason = "the Identity Manager server did not answer"
        return not_launched(wanted, f"no answer ({failed.message.strip() or failed.kind})", cause, remedy, reason)
    if answer["refused"]:
        found = f"no token ({token_request.read(answer).found})"
        cause = "The Identity Manager server gives the agent's client no token."
        return not_launched(wanted, found, cause, "See the check client_credentials.", "nobody may ask for the job")
    return _of(wanted, ask, Launch(wanted.job, "", (), held.credentials, bare, ""), answer, held.agent)


def _of(wanted: Wanted, ask: Ask, launch: Launch, answer: t.Mapping[str, t.Any], agent: str) -> Launch | Check:
    """Return a launch with what the server says of the job, or why it must not be launched."""
    jobs, instances = map(server_api.read, answer["answers"])
    silent = next((told for told in (jobs, instances) if told.items is None), None)
    if silent is not None:
        cause = "The profile of the agent's client may not read jobs or their instances."
        remedy = "Ask the integration team to let the client's profile read them, or leave im_verify_job empty."
        return not_launched(wanted, silent.found, cause, remedy, "the server told nothing of the job")
    if not jobs.items:
        cause = "The server's configuration has no Job with this Identifier, or the client's profile may not see it."
        return not_launched(wanted, "no such job", cause, "Correct im_verify_job: it takes the Identifier of a Job.")
    job = job_api.job(jobs.items[0])
    if agent and job.agent and job.agent != agent:
        cause = "A job runs on the agent that its attribute Agent names."
        return not_launched(
            wanted, f"a job of the agent {job.agent}", cause, f"Name a job of {agent} in im_verify_job."
        )
    if job.denied:
        remedy = "Name a job in im_verify_job that people may launch."
        return not_launched(wanted, "a job with UserStartDenied", "Its launch by hand is switched off.", remedy)
    launch = dataclasses.replace(launch, number=job.number, since=str(ask(probe.host())["time"]))
    known = _known_before(wanted, ask)
    if known is not None:
        return dataclasses.replace(launch, known=_numbers(known), since="", before=True)
    runs = job_api.runs(instances)
    running = [one for one in runs if not one.over]
    if running:
        found = f"that it runs already, since {running[0].started or 'a time that nobody tells'}"
        reason = "a run of somebody else's says nothing of this one"
        return not_launched(
            wanted, found, "Its schedule or somebody launched it.", "Verify again once it ended.", reason
        )
    return dataclasses.replace(launch, known=tuple(one.number for one in runs))


def _known_before(wanted: Wanted, ask: Ask) -> str | None:
    """Return the instances that were there before this run has launched the job; None where it has not."""
    claim = job_claim.found(_runtime(wanted), ask)
    if claim and claim.run == _run(wanted, ask):
        return claim.known
    marks = (mark.subject.split("\n") for mark in ask(probe.done()) if mark.kind is MarkKind.JOB_LAUNCHED)
    return next((known for job, known in marks if job == wanted.job), None)


def _numbers(known: str) -> tuple[str, ...]:
    return tuple(filter(None, known.split(",")))


def after_failures(wanted: Wanted) -> Check:
    """Return the check of a job that is not launched, as the agent is not verified."""
    cause = "A job that fails on a broken agent says nothing new."
    return not_launched(wanted, "checks that failed", cause, _FIRST, "other checks of the agent failed")


def in_check_mode(wanted: Wanted) -> Check:
    """Return the check of a job that check mode never launches."""
    return Check(ID, f"job {wanted.job}", State.NOT_ASKED, "", "", reason="check mode launches no job")


def operation(wanted: Wanted, launch: Launch, ask: Ask) -> Operation:
    """Return the request for a run, `POST /api/Job/Job/RunJob/{id}` of the agent.

    Belief [run-job]: its id is the Id of the job, as in all other paths of the vendor's API pages.
    """
    asked = wanted.request
    path = f"{wanted.url_path.rstrip('/')}{job_api.RUN}/{quote(launch.number)}?api-version={server_api.VERSION}"
    request = {name: asked[name] for name in ("address", "port", "scheme", "server_name", "host")}
    # The agent's own certificate as it was looked at: nobody else is given the token.
    pinned = {"thumbprint": ask(asked)["thumbprint"]} if wanted.scheme == "https" else {}
    asks = launch.credentials.undocumented if launch.bare else launch.credentials.question
    return write(
        f"launch the job {launch.job}",
        "launch",
        secret=True,
        path=job_claim.path(_runtime(wanted), ask),
        run=_run(wanted, ask),
        known=",".join(launch.known),
        token=asks()["token"],
        launch=request | {"path": path, "timeout": wanted.timeout} | pinned,
    )


def unknown_after(launch: Launch) -> str:
    """Return what is told where the connection is lost while it is launched."""
    return (
        f"Whether the agent has launched the job {launch.job} is not known. {_PAGES} before you verify again: only"
        " another run launches it again"
    )


# After it was launched


def tidied(wanted: Wanted, checks: t.Sequence[Check], ask: Ask) -> tuple[Operation, ...]:
    """Return what removes the file that remembers this run, once nothing more will be known of the job; then the run
    itself remembers. The file of a run beside this one stays.
    """
    try:
        claim = job_claim.found(_runtime(wanted), ask) if all(one.final for one in checks) else None
    except NotAnswered:  # an execution that the connection has repeated still has it
        return ()
    if claim is None or claim.run not in ("", _run(wanted, ask)):
        return ()
    mark = Mark(MarkKind.JOB_LAUNCHED, f"{wanted.job}\n{claim.known}") if claim.run else None
    return (job_claim.removed(_runtime(wanted), ask, mark),)


def said_before(launch: Launch) -> dict[str, t.Any]:
    """Return what stands for the writer's result where this run has launched the job before."""
    known = ",".join(launch.known)
    return {"sent": False, "repeated": True, "status": None, "refused": None, "error": None, "known": known}


def followed(wanted: Wanted, launch: Launch, said: t.Mapping[str, t.Any], ask: Ask) -> Check:
    """Return what became of the job, from the writer's result and what the server has told since."""
    if said["refused"] is not None or not (said["sent"] or said["repeated"]):
        return _not_sent(wanted, said)
    known = _numbers(said["known"])
    try:
        answer = ask(launch.question)
    except NotAnswered as failed:
        return _open(wanted, said, f"no answer about its end ({failed})", "the Identity Manager server did not answer")
    if answer["refused"]:
        return _open(wanted, said, "no token to ask about its end", "the server told nothing of the job")
    told = server_api.read(answer["answers"][1])
    if told.items is None:
        return _open(wanted, said, f"no answer about its end ({told.found})", "the server told nothing of the job")
    new = [one for one in job_api.runs(told) if one.number not in known]
    if not new:
        return _without_run(wanted, said)
    run = new[-1]
    if not run.over:
        return _open(wanted, said, f"that it runs, since {run.started}", "it had not ended when the time was over")
    return _ended(wanted, run, *_log(wanted, launch, ask), told="; this run launched it before" * said["repeated"])


def _not_sent(wanted: Wanted, said: t.Mapping[str, t.Any]) -> Check:
    error = said["error"] or {}
    if said["refused"] is not None:
        found, cause = f"no token (status {said['refused']})", "The Identity Manager server gives the client no token."
    else:
        found, cause = f"no connection ({error.get('message', '').strip()})", "The agent or its server is not reached."
    return not_launched(wanted, found, cause, "See the other checks, and verify again.", "nothing could be sent")


_REFUSED = {
    401: "The agent does not accept the token of its own client.",
    403: "The profile of the agent's client may not launch jobs.",
    404: "The agent knows no such job, or has no such address.",
    409: "The agent has no room for the job: another one runs.",
}


def _without_run(wanted: Wanted, said: t.Mapping[str, t.Any]) -> Check:
    """Return the check of a job whose run nobody has registered."""
    status = said["status"]
    if status is not None and 400 <= status < 500:
        cause = _REFUSED.get(status, "The agent does not let the job be launched.")
        remedy = "Ask the integration team for a profile of the agent's client that may launch the job."
        found = f"that the agent refuses to run it (status {status})"
        name, causes, page = f"job {wanted.job}", (cause,), job_api.PAGE
        return Check(ID, name, State.FAILED, found, WANTED, remedy, causes, basis=Basis.BELIEF, page=page, final=True)
    return _open(wanted, said, "no run of it at the server", "whether it was launched is not known")


def _open(wanted: Wanted, said: t.Mapping[str, t.Any], found: str, reason: str) -> Check:
    """Return the check of a job of which more may be known soon."""
    answer = f"status {said['status']}" if said["status"] is not None else "no answer"
    if said["repeated"]:
        answer = "not sent again, as this run has sent it before"
    causes = ("The job needs longer than im_agent_verify_timeout.", "The agent was stopped, or did not launch it.")
    remedy = f"{_PAGES}, or raise im_agent_verify_timeout. It is not launched again by this run."
    name, told = f"job {wanted.job}", f"{found} (RunJob: {answer})"
    return Check(
        ID, name, State.UNKNOWN, told, WANTED, remedy, causes, Basis.BELIEF, reason, page=job_api.PAGE, goes_on=True
    )


def _log(wanted: Wanted, launch: Launch, ask: Ask) -> tuple[str, tuple[str, ...]]:
    """Return the name of the log that has been written since the launch, and its lines that tell an error."""
    try:
        files = [one for one in ask(logs(wanted)) or [] if one["last_write"] >= launch.since]
    except NotAnswered as failed:
        return f"its log cannot be read ({failed.message.strip()})", ()
    if not files:
        return "no log of it in Temp\\JobLogs", ()
    newest = max(files, key=lambda one: str(one["last_write"]))
    lines = base64.b64decode(newest["tail"] or "").decode("utf-8", "replace").splitlines()
    wrong = tuple(log_checks.short(line) for line in lines if job_api.ERROR.search(line))
    return f"its log {newest['name']}", wrong


def _ended(wanted: Wanted, run: Run, log: str, lines: tuple[str, ...], told: str) -> Check:
    """Return the check of a job that ended.

    Belief [job-state]: an instance's State is 3 for an error, 5 and 6 where it is blocked, 7 and 10 where it ended with
    warnings; no page of the vendor names them, a query over the product's database in a public repository does.
    """
    name, said = f"job {wanted.job}", f": {lines[-1]}" if lines else ""
    found = f"that it ended {run.end.value} (State {run.state}), {log}{said}{told}"
    if run.end in {End.WELL, End.WARNED} and not lines:
        return Check(ID, name, State.PASSED, found, WANTED, basis=Basis.BELIEF, page=job_api.PAGE, final=True)
    causes = {
        End.BLOCKED: "A threshold of a synchronization or provisioning is exceeded; somebody has to decide.",
        End.CANCELLED: "Somebody stopped it.",
    }
    cause = causes.get(run.end, "A task of the job failed.")
    remedy = f"Fix the cause named in the log; {_PAGES[0].lower()}{_PAGES[1:]}."
    page = job_api.PAGE
    return Check(ID, name, State.FAILED, found, WANTED, remedy, (cause,), basis=Basis.BELIEF, page=page, final=True)
