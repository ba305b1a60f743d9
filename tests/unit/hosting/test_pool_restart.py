"""A restart for which nothing is set: the look for jobs, the stop and the start are one execution of the writer."""

from __future__ import annotations

import chain
import pytest
from emulator.engine import ConnectionDropped

RUNTIME = "C:\\agent\\Runtime"
TASK = {"name": "Agent", "state": "started", "settings_path": RUNTIME}
BINDING = {"protocol": "http", "information": "*:8090:"}
JOB = RUNTIME + "\\Usercube-Invoke-Job.exe"


def server(**behaviours):
    """Return a server with a pool whose worker is older than its settings."""
    made = chain.server(
        {
            "features": ["Web-Server"],
            "pools": [{"name": "Agent", "attributes": {"startMode": "AlwaysRunning"}}],
            "sites": [{"name": "Site", "path": "C:\\site", "pool": "Agent", "bindings": [BINDING]}],
            "behaviours": behaviours,
        }
    )
    assert not run(made).get("failed")
    made.machine.clock.wait(5)
    made.machine.files.make_folder(RUNTIME)
    made.machine.files.write(f"{RUNTIME}\\appsettings.json", b"{}")
    return made


def run(target, **options):
    target.new_run()
    target.engine.calls.clear()
    return target.run("win_im_apppool", {**TASK, **options})


def workers(target):
    return [one.process_id for one in target.machine.iis.workers()]


def sent(target):
    """Return what was sent to the server beside questions."""
    return [
        [one["operation"] for one in arguments.get("operations", ())] or name
        for name, arguments, _ in target.engine.calls
        if "queries" not in arguments
    ]


@pytest.mark.parametrize("behaviours", [{}, {"slow_stop": {"executions": 20}, "slow_start": {"executions": 5}}])
def test_a_restart_is_one_execution_between_two_looks(behaviours):
    target = server(**behaviours)
    old = workers(target)
    done = run(target, drain="wait")
    assert (done["changed"], done["operations"]) == (
        True,
        ["stop application pool Agent", "start application pool Agent"],
    )
    assert sent(target) == [["jobs", "pool", "pool"]]
    assert target.executions == 3
    assert (target.machine.iis.pool_state("Agent"), len(workers(target))) == ("Started", 1)
    assert workers(target) != old
    assert run(target)["changed"] is False


def test_a_pool_that_does_not_stop_in_time_is_not_started_and_the_next_run_does_it():
    target = server()
    target.machine.pace.pool_stop = 2000
    message = run(target)["msg"]
    assert "could not stop application pool Agent: found Stopping, worker process " in message
    assert "after 120 seconds, wanted Stopped: a job that runs delays a stop" in message
    assert "0 of 2 operations were done before" in message
    assert target.machine.iis.pool_state("Agent") == "Stopping"
    target.machine.clock.wait(2000)
    assert not run(target).get("failed")
    assert target.machine.iis.pool_state("Agent") == "Started"


def test_a_job_that_begins_after_the_plan_is_seen_right_before_the_stop():
    target = server()
    old, begin = workers(target), target.machine.running.start
    target.machine.clock.after(2, lambda: begin(JOB, 50))
    done = run(target, drain="refuse")
    assert "could not stop application pool Agent: found a job of the agent in" in done["msg"]
    assert workers(target) == old


def test_a_stop_waits_for_a_job_in_more_than_one_execution_where_that_is_long():
    target = server()
    target.machine.running.start(JOB, 700)
    done = run(target, drain="wait")
    assert not done.get("failed"), done
    assert sent(target) == [["jobs", "pool", "pool"]] * 3
    assert target.machine.running.all() == []


def test_where_the_job_does_not_end_nothing_stops():
    target = server()
    old = workers(target)
    target.machine.running.start(JOB, 2000)
    message = run(target, drain="wait", drain_minutes=5)["msg"]
    assert "found a job of the agent in" in message
    assert "that runs 5 minutes long (Usercube-Invoke-Job.exe, process " in message
    assert workers(target) == old


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_restart_that_is_cut_is_completed_by_the_next_run(when):
    target = server()
    old = workers(target)
    target.engine.faults = [{"write": 1, "when": when, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        run(target)
    target.engine.faults = []
    assert not run(target).get("failed")
    assert target.machine.iis.pool_state("Agent") == "Started"
    assert workers(target) != old
    assert run(target)["changed"] is False
