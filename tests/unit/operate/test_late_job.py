"""A job that begins between the last look for jobs and the stop is seen, or what it has left is told; a lock that it
left does not hold up the scheduler.
"""

from __future__ import annotations

import dataclasses
import json
import re

import chain
import one_task
import pytest
from emulator.behaviours import catalogue
from emulator.windows.network.identity_server import TOKEN, IdentityServer
from emulator.windows.network.network import HttpRequest
from test_run_state import DRAINED, HOSTED, installed, run, runs

LOCK, LOGS = f"{chain.WORKING}\\Temp\\scheduler.lock", f"{chain.WORKING}\\Temp\\JobLogs"
LEFT = "what a job has left that began right before it"
PLAN = f"remove {LOCK}, the scheduler's lock that no process has"


def agent(hosting, **late):
    server = one_task.copied(installed(hosting))
    server.machine.clock.advance(60)
    if late.pop("comes", True):
        catalogue.switch_on(server.machine, {"late_job": late})
    return server


def told(result):
    return [one for one in result.get("warnings", ()) if LEFT in one]


def test_an_agent_that_runs_has_its_lock_and_takes_it_away_when_it_ends():
    server = agent("iis", comes=False)
    assert server.machine.files.exists(LOCK)
    assert not told(run(server, state="stopped", **DRAINED))
    assert not server.machine.files.exists(LOCK)
    run(server, state="started", **DRAINED)
    assert server.machine.files.exists(LOCK)


@pytest.mark.parametrize("state", ["stopped", "restarted"])
def test_under_iis_the_execution_that_stops_looks_first_so_that_no_job_comes_between(state):
    server = agent("iis")
    assert not told(run(server, state=state, **DRAINED))


@pytest.mark.parametrize("outlives", [False, True], ids=["ends", "outlives"])
@pytest.mark.parametrize("state", ["stopped", "restarted"])
@pytest.mark.parametrize("hosting", HOSTED)
def test_what_a_job_left_that_was_cut_is_told_with_what_to_do(hosting, state, outlives):
    server = agent(hosting, always=True, outlives=outlives)
    result = run(server, hosting, state, **DRAINED)
    assert not result.get("failed"), result
    (warning,) = told(result)
    assert warning.startswith(f"paris.contoso.com: found, after the stop of the agent in {chain.RUNTIME}, ")
    assert "log 20" in warning
    assert ("Usercube-Invoke-Job.exe, process 60" in warning) is outlives
    assert f"the scheduler's lock {LOCK}, which was not taken away" in warning
    assert "look at the page Job Execution of the server, and launch the job again" in warning
    assert "stop the agent and start it again, as two runs (stop.yml, start.yml), where no jobs start" in warning
    assert runs(server, hosting) is (state == "restarted")


@pytest.mark.parametrize("state", ["stopped", "restarted"])
@pytest.mark.parametrize("hosting", HOSTED)
def test_where_no_job_was_cut_nothing_is_told(hosting, state):
    assert not told(run(agent(hosting, comes=False), hosting, state, **DRAINED))


def test_with_ignore_nobody_looks_afterwards():
    server = agent("iis", always=True)
    assert not told(run(server, state="stopped", settings_path=chain.RUNTIME, drain="ignore"))


@pytest.mark.parametrize("verifies", [False, True])
@pytest.mark.parametrize("hosting", HOSTED)
def test_the_module_of_pool_or_service_tells_it_too_or_as_a_service_the_verification(hosting, verifies):
    server = agent(hosting, always=True)
    server.variables["_verifies"] = verifies
    inventory = chain.inventory(hosting=hosting, settings={"MaxTaskBatchSize": 7})
    server.new_run()
    done = chain.converge(server, inventory)
    assert chain.failures(done) == []
    (task,) = [name for name, step in done.items() if told(step)]
    module = {"iis": "start", "service": "start service"}[hosting]
    assert task == ("win_im_agent_health" if verifies and hosting == "service" else module)


def test_a_verification_that_fails_tells_of_a_cut_job_too():
    server = agent("service", always=True)
    server.variables["_verifies"] = True

    def silent(_module, arguments, call):
        reply = call()
        for number, query in enumerate(arguments.get("queries", ())):
            if query["kind"] == "http":
                reply["answers"][number] = {"error": {"type": "System.Exception", "message": "no answer"}}
        return reply

    changed_reply(server, silent)
    done = chain.converge(server, chain.inventory(hosting="service", settings={"MaxTaskBatchSize": 7}))
    (message,) = chain.failures(done)
    assert message.startswith("win_im_agent_health: ")
    assert told(done["win_im_agent_health"])


@pytest.mark.parametrize(
    "settings", [{}, {"Scheduler": {"LockFilePath": "../Work/im.lock"}}, {"TempFolderPath": "C:\\T"}]
)
def test_the_lock_is_where_the_settings_have_it(settings):
    server = agent("iis", comes=False)
    path, files = f"{chain.RUNTIME}\\appsettings.json", server.machine.files
    known = json.loads(re.sub(r"(?m)^ *//.*$", "", files.text(path)))
    files.write(path, json.dumps({**known, **settings}))
    lock = {"Scheduler": f"{chain.WORKING}\\Work\\im.lock", "TempFolderPath": "C:\\T\\scheduler.lock"}
    lock = lock[next(iter(settings))] if settings else LOCK
    server.machine.iis.stop_pool(chain.POOL)
    server.machine.files.make_folder(lock.rpartition("\\")[0])
    server.machine.files.write(lock, b"")
    assert (
        f"remove {lock}, the scheduler's lock that no process has"
        in run(server, state="started", **DRAINED)["operations"]
    )


# What cannot be looked at, what fails, and what proves nothing


def changed_reply(server, change):
    """Let a function see and change the result of each call, as it gets the call."""
    call = server.engine.call
    server.engine.call = lambda module, arguments, **options: change(
        module.rpartition(".")[2], arguments, lambda **other: call(module, arguments | other, **options)
    )


def unreadable(module, arguments, call):
    reply = call()
    for query, number in zip(arguments.get("queries", ()), range(1000), strict=False):
        if query.get("path") == LOGS:
            reply["answers"][number] = {"error": {"type": "System.IO.IOException", "message": "it is not readable"}}
    return reply


@pytest.mark.parametrize("hosting", HOSTED)
def test_where_the_look_fails_the_agent_is_started_all_the_same_and_that_is_told(hosting):
    server = agent(hosting)
    changed_reply(server, unreadable)
    inventory = chain.inventory(hosting=hosting, settings={"MaxTaskBatchSize": 7})
    server.new_run()
    done = chain.converge(server, inventory)
    assert chain.failures(done) == []
    (warning,) = [one for step in done.values() for one in step.get("warnings", ()) if "could not look" in one]
    assert "interrupted a job (files: it is not readable (System.IO.IOException)): look at the page Job Exec" in warning
    assert runs(server, hosting)


def restarted(server):
    """Let a setting's change restart the agent, in one execution that fails at the start; return the message."""

    def fails(_module, arguments, call):
        operations = arguments.get("operations", [])
        if len(operations) < 2 or operations[-1].get("state") != "Started":
            return call()
        return call(operations=operations[:-1]) | {"failed": True, "msg": "this was refused"}

    changed_reply(server, fails)
    return chain.failures(chain.converge(server, chain.inventory(settings={"MaxTaskBatchSize": 7})))[0]


def set_while_stopped(server):
    """Stop a pool to set an attribute, which fails in an execution of its own; return the message."""
    failed = {"failed": True, "msg": "this was refused"}
    changed_reply(server, lambda module, _arguments, call: failed if module == "web_app_pool" else call())
    options = {"name": chain.POOL, "state": "started", "attributes": {"queueLength": 2000}, **DRAINED}
    return server.run("win_im_apppool", options)["msg"]


@pytest.mark.parametrize("fails", [restarted, set_while_stopped])
def test_a_job_that_was_cut_is_told_where_the_operation_or_a_later_one_fails(fails):
    server = agent("iis", always=True)
    server.new_run()
    message = fails(server)
    assert "this was refused" in message
    assert (
        f"the run resumes here. Beside that: found, after the stop of the agent in {chain.RUNTIME}, {LEFT}" in message
    )


@pytest.mark.parametrize("hosting", HOSTED)
def test_a_lock_alone_proves_no_job(hosting):
    server = agent(hosting, comes=False)

    def left(module, arguments, call):
        reply = call()
        if not server.machine.files.exists(LOCK):
            server.machine.files.write(LOCK, b"")
        return reply

    changed_reply(server, left)
    assert not told(run(server, hosting, "stopped", **DRAINED))
    assert server.machine.files.exists(LOCK)


@pytest.mark.parametrize(("state", "looks"), [("Running", True), ("Stopped", False)])
def test_nobody_looks_after_what_has_stopped_nothing(state, looks):
    server, asked = agent("service", comes=False), []
    if state == "Stopped":
        server.machine.services.stop(chain.SERVICE)

    def seen(module, arguments, call):
        asked.extend(query.get("path") for query in arguments.get("queries", ()))
        return call()

    changed_reply(server, seen)
    server.new_run()
    removed = server.run("win_im_service", {"name": chain.SERVICE, "state": "absent", **DRAINED})
    assert removed["changed"], removed
    assert (LOGS in asked) is looks


# A job that somebody launched


def with_job(lasts):
    """Return a server whose agent was asked for a run by its API, and the Identity Manager server."""
    server = agent("iis", comes=False)
    made = IdentityServer(chain.SERVER_URL, jobs={"SynchroAD": {"Id": 7, "Lasts": lasts}})
    server.machine.network.elsewhere = [made.respond]
    asked = HttpRequest("127.0.0.1", 443, True, chain.HOST, chain.HOST, "POST", "/api/Job/Job/RunJob/7?api-version=1.0")
    asked = dataclasses.replace(asked, headers={"Authorization": f"Bearer {TOKEN}"})
    assert server.machine.network.request(asked).status == 200
    return server, made


@pytest.mark.parametrize("state", ["stopped", "restarted"])
def test_a_stop_waits_for_a_job_that_was_launched_so_that_its_server_is_told_of_its_end(state):
    server, made = with_job(200)
    result = run(server, state=state, **DRAINED)
    assert not result.get("failed"), result
    assert not told(result)
    assert "EndDate" in made.launched[0]
    assert server.machine.running.all() == []


def test_with_refuse_nothing_stops_and_with_ignore_the_job_is_cut():
    server, made = with_job(0)
    message = run(server, state="stopped", settings_path=chain.RUNTIME, drain="refuse")["msg"]
    assert "found a job of the agent" in message
    assert "Usercube-Invoke-Job.exe" in message
    assert runs(server, "iis")
    assert not run(server, state="stopped", settings_path=chain.RUNTIME, drain="ignore").get("failed")
    assert (server.machine.running.all(), "EndDate" in made.launched[0]) == ([], False)


# A lock that nobody has


def stopped_with_lock(hosting):
    server = agent(hosting, always=True)
    run(server, hosting, "stopped", **DRAINED)
    server.machine.running.late = ""
    assert server.machine.files.exists(LOCK)
    return server


@pytest.mark.parametrize("hosting", HOSTED)
def test_a_lock_that_nobody_has_is_removed_before_the_start_as_the_plan_says(hosting):
    server = stopped_with_lock(hosting)
    before = server.machine.dump()
    foretold = run(server, hosting, "started", check=True, **DRAINED)
    assert server.machine.dump() == before
    result = run(server, hosting, "started", **DRAINED)
    assert foretold["operations"] == result["operations"]
    assert result["operations"][0] == PLAN
    assert {"before_header": "lock of the agent's scheduler", "before": f"{LOCK}\n", "after": ""}.items() <= (
        next(one for one in foretold["diff"] if "lock" in one["before_header"]).items()
    )
    assert server.machine.files.exists(LOCK), "the scheduler that was started has it"
    assert run(server, hosting, "started", **DRAINED)["changed"] is False


@pytest.mark.parametrize("hosting", HOSTED)
def test_after_a_restart_that_left_one_a_stop_and_a_start_remove_it_as_the_warning_says(hosting):
    server = agent(hosting, always=True, outlives=False)
    assert told(run(server, hosting, "restarted", **DRAINED))
    server.machine.running.late = ""
    assert server.machine.files.exists(LOCK)
    run(server, hosting, "stopped", **DRAINED)
    assert PLAN in run(server, hosting, "started", **DRAINED)["operations"]
    assert server.machine.files.exists(LOCK), "the scheduler that was started has it"


@pytest.mark.parametrize("hosting", HOSTED)
def test_install_removes_it_too(hosting):
    server = stopped_with_lock(hosting)
    server.new_run()
    done = chain.converge(server, chain.inventory(hosting=hosting))
    assert chain.failures(done) == []
    assert [one for step in done.values() for one in step.get("operations", ()) if one == PLAN] == [PLAN]


LIVING = {
    "a job": lambda server: server.machine.running.start(f"{chain.RUNTIME}\\Usercube-Invoke-Job.exe", None),
    "a program of the agent": lambda server: server.machine.running.start(f"{chain.RUNTIME}\\Usercube-Agent.exe", None),
}


@pytest.mark.parametrize("name", LIVING)
def test_while_a_process_of_the_agent_lives_the_lock_stays(name):
    server = stopped_with_lock("iis")
    LIVING[name](server)
    assert PLAN not in run(server, state="started", **DRAINED)["operations"]
    assert server.machine.files.exists(LOCK)


def test_a_process_that_comes_after_the_plan_keeps_the_lock_and_is_named():
    server = stopped_with_lock("iis")
    call = server.engine.call

    def comes(module, arguments, **options):
        if module.endswith("win_im_write"):
            server.machine.running.start(f"{chain.RUNTIME}\\Usercube-Fulfill.exe", None)
        return call(module, arguments, **options)

    server.engine.call = comes
    message = run(server, state="started", **DRAINED)["msg"]
    assert "found a program of" in message
    assert "Usercube-Fulfill.exe, process 60" in message
    assert server.machine.files.exists(LOCK)


def test_the_lock_of_another_agent_and_other_files_stay():
    server = stopped_with_lock("iis")
    other = "C:\\identitymanagerLyon\\Temp\\scheduler.lock"
    server.machine.files.make_folder("C:\\identitymanagerLyon\\Temp")
    for path in (other, f"{chain.WORKING}\\Temp\\mine.lock"):
        server.machine.files.write(path, b"")
    run(server, state="started", **DRAINED)
    assert all(server.machine.files.exists(path) for path in (other, f"{chain.WORKING}\\Temp\\mine.lock"))


def test_the_lock_of_a_running_agent_stays():
    server = agent("iis", comes=False)
    server.machine.iis.stop_site(chain.SITE)
    assert run(server, state="started", **DRAINED)["operations"] == [f"start site {chain.SITE}"]
    assert server.machine.files.exists(LOCK)
