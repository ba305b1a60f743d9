"""No agent stops while one of its jobs runs: it waits, refuses, or is told not to mind."""

from __future__ import annotations

import chain
import pytest

RUNTIME = "C:\\identitymanagerContoso\\Runtime"
POOL = {"name": "Agent", "settings_path": RUNTIME}
IIS = {
    "features": ["Web-Server", "Web-AppInit"],
    "pools": [{"name": "Agent", "attributes": {"startMode": "AlwaysRunning"}}],
    "files": {RUNTIME: {"folder": True}},
}
CHANGE = {"state": "started", "idle_timeout_minutes": 5}
STOPS = {"a change": CHANGE, "a stop": {"state": "stopped"}, "a removal": {"state": "absent"}}
OTHERS = {
    "no program of the vendor": RUNTIME + "\\node.exe",
    "the agent itself": RUNTIME + "\\Usercube-Agent.exe",
    "another agent's job": RUNTIME + "2\\Usercube-Invoke-Job.exe",
}


def server(*, executions=3, program=RUNTIME + "\\Usercube-Invoke-Job.exe", **more):
    job = {"running_job": {"executions": executions, "program": program}}
    return chain.server(IIS | {"behaviours": {**job, **more}})


def run(target, *, check=False, **options):
    target.new_run()
    return target.run("win_im_apppool", {**POOL, **options}, check=check)


def runs(target):
    return [one.name for one in target.machine.running.all()]


def ended(target, options):
    """Tell whether a stop has happened."""
    iis = target.machine.iis
    if options.get("state") == "started":
        return iis.pool_attribute("Agent", "processModel.idleTimeout") == "00:05:00"
    return not iis.has_pool("Agent") or iis.pool_state("Agent") == "Stopped"


@pytest.mark.parametrize("options", STOPS.values(), ids=STOPS)
def test_a_stop_waits_for_the_end_of_the_job(options):
    target = server(executions=900)
    done = run(target, drain="wait", **options)
    assert not done.get("failed"), done
    assert ended(target, options)
    assert runs(target) == []
    (warning,) = [one for one in done["warnings"] if "job of the agent" in one]
    assert f"a job of the agent in {RUNTIME} runs (Usercube-Invoke-Job.exe, process 6000, since 20" in warning
    assert "the agent is stopped once it has ended, or after 30 minutes not at all" in warning


@pytest.mark.parametrize("options", STOPS.values(), ids=STOPS)
def test_where_the_job_does_not_end_nothing_stops_and_the_next_run_does_it(options):
    target = server(executions=2000)
    done = run(target, drain="wait", drain_minutes=5, **options)
    assert "found a job of the agent in" in done["msg"]
    assert "that runs 5 minutes long (Usercube-Invoke-Job.exe, process 6000, since 20" in done["msg"]
    assert "im_agent_drain_minutes" in done["msg"]
    assert not ended(target, options)
    target.machine.clock.wait(2000)
    assert not run(target, drain="wait", **options).get("failed")
    assert ended(target, options)


@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize("options", STOPS.values(), ids=STOPS)
def test_with_refuse_nothing_is_written_while_a_job_runs(options, check):
    target = server(executions=0)
    before = target.machine.dump()
    done = run(target, drain="refuse", check=check, **options)
    assert "found a job of the agent in" in done["msg"]
    assert target.machine.dump() == before


def test_with_refuse_a_job_that_begins_after_the_plan_is_seen_right_before_the_stop():
    target = server(executions=1)
    target.machine.clock.wait(2)
    begin = target.machine.running.start
    target.machine.clock.after(2, lambda: begin(RUNTIME + "\\Usercube-Fulfill.exe", 50))
    done = run(target, drain="refuse", **CHANGE)
    assert "could not stop application pool Agent: found a job of the agent in" in done["msg"]
    assert "Usercube-Fulfill.exe" in done["msg"]
    assert not ended(target, CHANGE)


@pytest.mark.parametrize("options", STOPS.values(), ids=STOPS)
def test_with_ignore_nobody_looks(options):
    target = server(executions=0)
    done = run(target, **options)
    assert not done.get("failed"), done
    assert not [one for one in done.get("warnings", ()) if "job" in one]
    assert ended(target, options)


@pytest.mark.parametrize("program", OTHERS.values(), ids=OTHERS)
def test_other_programs_are_no_jobs_of_this_agent(program):
    target = server(executions=0, program=program)
    assert not run(target, drain="refuse", **CHANGE).get("failed")


def test_a_program_whose_folder_windows_does_not_tell_counts():
    target = server(executions=0, no_debug_privilege={})
    message = run(target, drain="refuse", **CHANGE)["msg"]
    assert "(Usercube-Invoke-Job.exe, process 6000, of a folder that Windows does not tell)" in message


def test_where_nothing_stops_a_job_is_no_matter():
    target = server(executions=0)
    assert run(target, drain="refuse", state="present")["changed"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drain": "wait", "settings_path": None}, "settings_path: found nothing, wanted the agent's Runtime folder"),
        ({"drain": "wait", "drain_minutes": 0}, "drain_minutes: found 0, wanted at least 1"),
        ({"drain": "refuse", "settings_path": "Runtime"}, "settings_path: found 'Runtime', wanted the agent's Runtime"),
        ({"drain": "wait", "settings_path": "C:\\im\\..\\Runtime"}, "(it has . or .. in it)"),
    ],
)
def test_wrong_options_are_refused(options, message):
    assert message in run(chain.server(IIS), state="stopped", **options)["msg"]


@pytest.mark.parametrize(
    "path", [RUNTIME.replace("\\", "/"), RUNTIME + "\\", RUNTIME.upper(), RUNTIME.replace("\\R", "\\\\R")]
)
def test_a_job_is_seen_however_the_folder_is_written(path):
    target = server(executions=0)
    assert "found a job of the agent in" in run(target, drain="refuse", settings_path=path, **CHANGE)["msg"]


def test_where_the_agent_is_stopped_already_its_start_waits_for_no_job():
    target = server(executions=0)
    target.machine.iis.stop_pool("Agent")
    done = run(target, drain="refuse", state="started")
    assert not done.get("failed"), done
    assert target.machine.iis.pool_state("Agent") == "Started"


@pytest.mark.parametrize("wanted", ["stopped", "absent"])
def test_a_service_waits_too(wanted):
    target = chain.server()
    inventory = chain.inventory(hosting="service")
    assert chain.failures(chain.converge(target, inventory)) == []
    target.machine.running.start(RUNTIME + "\\Usercube-Invoke-Job.exe", 400)
    target.new_run()
    task = {"name": inventory["service_name"], "path": RUNTIME, "settings_path": RUNTIME, "state": wanted}
    done = target.run("win_im_service", task | {"drain": "wait", "drain_minutes": 10})
    assert not done.get("failed"), done
    service = target.machine.services.get(inventory["service_name"])
    assert (service and service.state) == (None if wanted == "absent" else "Stopped")
    assert runs(target) == []


def test_a_restart_of_the_chain_waits_for_a_job():
    target = chain.server()
    inventory = chain.inventory()
    assert chain.failures(chain.converge(target, inventory)) == []
    (worker,) = [one for one in target.machine.iis.workers() if one.pool == chain.POOL]
    target.machine.running.start(RUNTIME + "\\Usercube-Invoke-Job.exe", 700)
    changed = inventory | {"settings": {"MaxTaskBatchSize": 7}}
    assert chain.failures(chain.converge(target, changed)) == []
    (again,) = [one for one in target.machine.iis.workers() if one.pool == chain.POOL]
    assert again.process_id != worker.process_id
    assert runs(target) == []
