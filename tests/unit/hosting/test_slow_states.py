"""Pools and sites that take several executions to stop and start: no run leaves the agent stopped."""

from __future__ import annotations

import chain
import pytest

IDLE = {"idle_timeout_minutes": 5}
SITE = {"name": "Site", "path": "C:\\site", "pool": "Agent"}
IIS = {
    "features": ["Web-Server", "Web-AppInit"],
    "pools": [{"name": "Agent", "attributes": {"startMode": "AlwaysRunning"}}],
    "sites": [{**SITE, "bindings": [{"protocol": "http", "information": "*:8090:"}]}],
}
SLOW = {
    "a slow stop": {"slow_stop": {"executions": 20}},
    "a slow start": {"slow_start": {"executions": 20}},
    "both": {"slow_stop": {"executions": 3}, "slow_start": {"executions": 3}},
    "a worker that goes on": {"outliving_worker": {"executions": 20}},
}


def server(**behaviours):
    return chain.server(IIS | {"behaviours": behaviours})


def run(target, **options):
    target.new_run()
    return target.run("win_im_apppool", {"name": "Agent", "state": "started", **options})


def state(target):
    return target.machine.iis.pool_state("Agent"), [w.pool for w in target.machine.iis.workers()].count("Agent")


@pytest.mark.parametrize("behaviours", SLOW.values(), ids=SLOW)
def test_a_changed_pool_runs_again_at_the_end_of_the_run(behaviours):
    target = server(**behaviours)
    done = run(target, **IDLE)
    assert not done.get("failed"), done
    assert state(target) == ("Started", 1)
    assert run(target, **IDLE)["changed"] is False


@pytest.mark.parametrize("behaviours", SLOW.values(), ids=SLOW)
def test_a_stop_is_over_when_no_worker_runs(behaviours):
    target = server(**behaviours)
    done = run(target, state="stopped")
    assert not done.get("failed"), done
    assert state(target) == ("Stopped", 0)


def test_a_pool_that_stops_already_is_waited_for_and_started():
    target = server(slow_stop={"executions": 20})
    assert not run(target).get("failed")
    target.machine.iis.stop_pool("Agent")
    done = run(target)
    assert not done.get("failed"), done
    assert state(target) == ("Started", 1)


def test_a_pool_that_does_not_stop_in_time_is_an_error_that_names_its_worker():
    target = server(slow_stop={"executions": 2000})
    message = run(target, **IDLE)["msg"]
    assert "could not stop application pool Agent: found Stopping, worker process " in message
    assert "after 120 seconds, wanted Stopped: a job that runs delays a stop" in message


def test_a_pool_that_does_not_start_is_an_error_that_names_what_to_look_at():
    target = server(slow_start={"executions": 2000})
    message = run(target, **IDLE)["msg"]
    assert "could not start application pool Agent: found Starting after 60 seconds, wanted Started" in message


def test_where_the_service_of_iis_is_stopped_it_is_told_and_started():
    target = server(was_stopped={})
    done = run(target)
    assert not done.get("failed"), done
    assert "W3SVC does not run" in done["warnings"][0]
    assert done["operations"][-2:] == ["start the services W3SVC and WAS", "start application pool Agent"]
    assert state(target) == ("Started", 1)


@pytest.mark.parametrize("wanted", ["present", "started", "stopped"])
def test_where_the_service_of_iis_is_stopped_it_is_started_before_a_pool_is_created(wanted):
    def created(target, *, check=False):
        target.new_run()
        return target.run("win_im_apppool", {"name": "Another", "state": wanted}, check=check)

    target = server(was_stopped={})
    done = chain.foretold(created, target)
    assert "W3SVC does not run" in done["warnings"][0]
    assert done["operations"][0] == "start the services W3SVC and WAS"
    assert target.machine.iis.pool_state("Another") == ("Started" if wanted == "started" else "Stopped")


def test_where_the_service_of_iis_is_stopped_and_nothing_shall_run_it_is_told_only():
    target = server(was_stopped={})
    done = run(target, state="present")
    assert [w for w in done["warnings"] if "W3SVC does not run" in w]
    assert target.machine.services.get("W3SVC").state == "Stopped"


def test_the_waiting_answers_what_the_next_task_asks():
    target = server(slow_start={"executions": 5})
    run(target, state="stopped")
    run(target)
    asked = target.executions
    again = target.run("win_im_apppool", {"name": "Agent", "state": "started"})
    assert (again["changed"], target.executions) == (False, asked)


@pytest.mark.parametrize("wanted", ["started", "stopped"])
def test_a_site_has_its_state_at_the_end_of_the_run(wanted):
    target = server(slow_stop={"executions": 5}, slow_start={"executions": 5})
    target.machine.iis.stop_site("Site")
    if wanted == "stopped":
        target.machine.clock.wait(5)
        target.machine.iis.start_site("Site")
        target.machine.clock.wait(5)
    target.machine.files.make_folder("C:\\site")
    binding = {"protocol": "http", "port": 8090}
    task = {"name": "Site", "path": "C:\\site", "pool": "Agent", "state": wanted, "bindings": [binding]}
    done = target.run("win_im_site", task)
    assert not done.get("failed"), done
    assert target.machine.iis.site_state("Site") == wanted.capitalize()
