"""One job that is launched on request: once, by the agent's API, and followed to its end with its log."""

from __future__ import annotations

import base64
import dataclasses
import json
from unittest import mock

import audited
import chain
import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import retried
from emulator.windows.network.identity_server import TOKEN, IdentityServer

AGENT = "Paris"
JOB = {"Id": 1019, "Agent": {"Identifier": AGENT}}
CANARY = "canary-in-a-log"


class Clock:
    """Time that passes without anybody waiting for it."""

    now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def server():
    return chain.installed()


def meet(server, job=None, **about):
    made = IdentityServer(**{"url": chain.SERVER_URL, "jobs": {"SynchroAD": {**JOB, **(job or {})}}, **about})
    server.machine.network.elsewhere = [made.respond]
    return made


def health(server, **changes):
    server.new_run()
    asked = chain.arguments("win_im_agent_health", chain.inventory(), {})
    given = {**asked, "job": "SynchroAD", "timeout": 30, **changes}
    return run(server, {name: value for name, value in given.items() if value is not None})


def run(server, given, **options):
    with mock.patch.object(retried, "time", Clock()):
        return server.run("win_im_agent_health", given, **options)


def launched(result):
    (found,) = [one for one in result["checks"] if one["id"] == "launched_job"]
    return found


def sent_by(server):
    sent, asked = [], server.machine.network.request
    server.machine.network.request = lambda request: (sent.append(request), asked(request))[1]
    return sent


def claims_of(server):
    """Return a list that has the content of each file that remembers a launch, once the file is removed."""
    found, remove = [], server.machine.files.remove

    def removed(path, *given, **options):
        if path.endswith(".job"):
            found.append(server.machine.files.read(path))
        return remove(path, *given, **options)

    server.machine.files.remove = removed
    return found


def runs(sent):
    return [request for request in sent if "/RunJob/" in request.path]


def test_a_job_is_launched_once_and_followed_to_its_end(server):
    made = meet(server, {"Lasts": 3})
    sent = sent_by(server)
    result = health(server)
    found = launched(result)
    assert (found["state"], found["basis"]) == ("passed", "belief"), found
    assert found["found"].startswith("that it ended without an error (State 2), its log ")
    assert result["changed"] is True
    assert result["operations"] == ["launch the job SynchroAD"]
    assert result["verified"] is True
    (one,) = runs(sent)
    assert (one.method, one.path) == ("POST", "/api/Job/Job/RunJob/1019?api-version=1.0")
    assert (one.address, one.host, one.tls) == ("127.0.0.1", chain.HOST, True)
    assert len(made.launched) == 1


def test_nobody_launches_a_job_unless_one_is_named(server):
    made = meet(server)
    result = health(server, job=None)
    assert (launched(result)["state"], launched(result)["reason"]) == ("not_asked", "im_verify_job names no job")
    assert made.launched == []


def test_check_mode_launches_nothing(server):
    made = meet(server)
    sent = sent_by(server)
    server.new_run()
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), "job": "SynchroAD"}
    result = run(server, given, check=True)
    assert (launched(result)["state"], launched(result)["reason"]) == ("not_asked", "check mode launches no job")
    assert (runs(sent), made.launched) == ([], [])


def test_an_audit_launches_nothing_though_a_job_is_named():
    server = audited.installed()
    made = meet(server)
    sent = sent_by(server)
    audited.audit(server, audited.variables(im_verify_job="SynchroAD", im_verify_server=True))
    assert (runs(sent), made.launched) == ([], [])


RUNNING = {"Id": "7", "StartDate": "2026-01-01T00:00:00Z", "Job": {"Identifier": "SynchroAD"}}
NOT_LAUNCHED = {
    "no such job": ({"Identifier": ""}, {"jobs": {}}, {}, "failed", "no such job", "im_verify_job"),
    "of another agent": ({"Agent": {"Identifier": "Lyon"}}, {}, {}, "failed", "a job of the agent Lyon", "of Paris"),
    "switched off": ({"UserStartDenied": True}, {}, {}, "failed", "UserStartDenied", "people may launch"),
    "runs": ({}, {"instances": [RUNNING]}, {}, "unknown", "it runs already", "Verify again"),
    "may not read": ({}, {"forbidden": True}, {}, "unknown", "status 403", "leave im_verify_job empty"),
    "no client": ({}, {}, {"openid": None}, "unknown", "no client to ask with", "im_verify_credentials"),
    "server is down": ({}, {"down": True}, {}, "unknown", "no token (status 503)", "client_credentials"),
    "nobody there": ({}, {"url": "https://other.contoso.com"}, {}, "unknown", "no answer", "im_agent_server_url"),
    "wrong secret": ({}, {"clients": {"Job": "x"}}, {}, "unknown", "checks that failed", "other checks say first"),
}


@pytest.mark.parametrize("name", NOT_LAUNCHED)
def test_a_job_that_cannot_or_must_not_run_is_not_launched(server, name):
    job, about, changes, state, words, remedy = NOT_LAUNCHED[name]
    made = meet(server, job, **about)
    sent = sent_by(server)
    found = launched(health(server, **changes))
    assert (found["state"], found["basis"]) == (state, "belief")
    assert words in found["found"]
    assert found["found"].endswith("; nothing was launched")
    assert remedy in found["remedy"]
    assert bool(found["reason"]) is (state == "unknown")
    assert (runs(sent), made.launched) == ([], [])


ENDS = {
    "in error": ({"State": 3}, "failed", "ended in error (State 3)", "A task of the job failed"),
    "blocked": ({"State": 5}, "failed", "ended blocked (State 5)", "threshold"),
    "still blocked": ({"State": 6}, "failed", "ended blocked (State 6)", "threshold"),
    "in a word": ({"State": "Errored"}, "failed", "ended in error (State Errored)", "A task of the job failed"),
    "cancelled": ({"State": "Cancelled"}, "failed", "ended cancelled", "Somebody stopped it"),
    "with a warning": ({"State": 7}, "passed", "ended with warnings (State 7)", ""),
    "with an error in its log": (
        {"Log": ["2026-01-01 08:00:00.000 +00:00 [ERR] Cannot open AD", "Job ended."]},
        "failed",
        ": 2026-01-01 08:00:00.000 +00:00 [ERR] Cannot open AD",
        "A task of the job failed",
    ),
    "with a secret in its log": (
        {"State": 3, "Log": [f"Exception: --api-secret {CANARY} is wrong"]},
        "failed",
        "********",
        "",
    ),
    "never": ({"Lasts": 0}, "unknown", "that it runs, since ", "needs longer"),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_end_of_a_job_is_told_with_its_cause_and_its_log(server, name):
    job, state, words, cause = ENDS[name]
    made = meet(server, job)
    sent = sent_by(server)
    result = health(server)
    found = launched(result)
    assert (found["state"], found["basis"]) == (state, "belief")
    assert words in found["found"]
    assert cause in " ".join(found.get("causes", ()))
    assert result["verified"] is (True if state == "passed" else None)
    assert (len(runs(sent)), len(made.launched)) == (1, 1)
    assert CANARY not in json.dumps(result)


@pytest.mark.parametrize(("job", "failed"), [({"State": 3}, True), ({"Lasts": 0}, True), ({"State": 2}, False)])
def test_a_belief_fails_the_run_where_that_is_wanted(server, job, failed):
    meet(server, job)
    result = health(server, beliefs="fail")
    assert bool(result.get("failed")) is failed
    assert not failed or "job SynchroAD: found that it " in result["msg"]


REFUSED = {
    "no right": ({}, {"may_launch": False}, "status 403", "may not launch jobs"),
    "busy": ({"Busy": True}, {}, "status 409", "another one runs"),
    "gone": ({"Gone": True}, {}, "status 404", "knows no such job"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_agent_refuses_is_named_and_not_sent_again(server, name):
    job, about, words, cause = REFUSED[name]
    made = meet(server, job, **about)
    sent = sent_by(server)
    found = launched(health(server))
    assert (found["state"], words in found["found"]) == ("failed", True), found
    assert cause in found["causes"][0]
    assert (len(runs(sent)), made.launched) == (1, [])


def test_an_agent_that_answers_nothing_is_followed_all_the_same(server):
    made = meet(server, {"Silent": True})
    sent = sent_by(server)
    assert launched(health(server))["state"] == "passed"
    assert (len(runs(sent)), len(made.launched)) == (1, 1)


@pytest.mark.parametrize("status", [200, 202, 500, 503])
def test_a_launch_that_no_run_tells_of_is_unknown(server, status):
    made = meet(server, {"Lasts": 0, "Answers": status})
    sent = sent_by(server)
    asked = server.machine.network.request

    def request(one):
        answer = asked(one)
        made.launched.clear()
        return answer

    server.machine.network.request = request
    found = launched(health(server))
    assert (found["state"], found["reason"]) == ("unknown", "whether it was launched is not known")
    assert found["found"] == f"no run of it at the server (RunJob: status {status})"
    assert len(runs(sent)) == 1


def test_a_task_that_is_tried_again_in_the_same_run_launches_nothing_again(server):
    made = meet(server, {"Lasts": 0})
    sent = sent_by(server)
    health(server)
    made.launched[0] |= {"EndDate": "2026-01-01T00:00:00Z", "State": 3}
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), "job": "SynchroAD"}
    found = launched(run(server, given))
    assert (found["state"], "ended in error" in found["found"]) == ("failed", True), found
    assert "this run launched it before" in found["found"]
    assert (len(runs(sent)), len(made.launched)) == (1, 1)
    meet(server, {"Lasts": 1}, launched=made.launched)
    assert "before" not in launched(health(server))["found"]
    assert (len(runs(sent)), len(made.launched)) == (2, 2)


def test_an_execution_that_the_connection_repeats_launches_nothing_again(server):
    made = meet(server, {"Lasts": 2})
    call = server.engine.call

    def twice(module, arguments, **options):
        if module.endswith("win_im_write"):
            call(module, arguments, **options)
        return call(module, arguments, **options)

    server.engine.call = twice
    found = launched(health(server))
    assert (found["state"], len(made.launched)) == ("passed", 1)
    assert "this run launched it before" in found["found"]


def test_a_connection_that_breaks_while_a_job_is_launched_tells_what_is_not_known(server):
    made = meet(server)
    call = server.engine.call

    def cut(module, arguments, **options):
        answer = call(module, arguments, **options)
        if module.endswith("win_im_write"):
            raise AnsibleConnectionFailure("the line is dead.")
        return answer

    server.engine.call = cut
    message = health(server)["msg"]
    assert message.startswith(
        "paris.contoso.com: the line is dead. Whether the agent has launched the job SynchroAD is"
    )
    assert len(made.launched) == 1


def test_the_token_is_in_nothing_that_comes_back_or_stays(server):
    meet(server, {"Lasts": 2, "Log": [f"error: Bearer {TOKEN}"], "State": 3})
    claims = claims_of(server)
    sent, kept = sent_by(server), []
    call = server.engine.call
    server.engine.call = lambda *given, **options: (kept.append(call(*given, **options)), kept[-1])[1]
    result = health(server)
    assert launched(result)["state"] == "failed"
    (one,) = runs(sent)
    assert one.headers["Authorization"] == f"Bearer {TOKEN}"
    assert one.pinned
    dump = server.machine.dump()
    answers = [one for one in kept if "answers" not in one]  # the probe's have the log as it is
    seen = json.dumps([result, answers, dump["events"], dump["processes"]])
    assert not any(part in seen for part in (TOKEN, base64.b64encode(TOKEN.encode()).decode()[:40], "access_token"))
    assert len(claims) == 1
    assert not any(TOKEN.encode() in one for one in claims)


def test_the_token_is_for_the_certificate_that_was_looked_at(server):
    made = meet(server)
    asked = server.machine.network.request

    def request(one):
        return asked(dataclasses.replace(one, pinned="0" * 40) if "/RunJob/" in one.path else one)

    server.machine.network.request = request
    found = launched(health(server))
    assert (found["state"], found["reason"]) == ("unknown", "nothing could be sent")
    assert "certificate is invalid" in found["found"]
    assert made.launched == []


def test_an_identifier_that_the_query_language_cannot_say_is_refused(server):
    assert "job: found a quotation mark" in health(server, job='Synchro"AD')["msg"]
