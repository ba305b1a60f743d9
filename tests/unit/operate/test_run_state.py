"""An agent that is stopped, started and restarted as it is, under IIS and as a service."""

from __future__ import annotations

import functools
import json
import re

import chain
import one_task
import pytest
from emulator.behaviours import catalogue
from emulator.engine import ConnectionDropped

DRAINED = {"settings_path": chain.RUNTIME, "drain": "wait"}
HOSTED = {"iis": {"pool": chain.POOL, "site": chain.SITE}, "service": {"service": chain.SERVICE}}
STARTED = re.compile(r'"started": "[^"]*"')
STOP, START = f"stop application pool {chain.POOL}", f"start application pool {chain.POOL}"


@functools.cache
def installed(hosting):
    server = chain.server()
    assert chain.failures(chain.converge(server, chain.inventory(hosting=hosting))) == []
    return server


def agent(hosting, state="started", **behaviours):
    """Return a server with an agent in a state, which from then on does what an unkind one does."""
    server = one_task.copied(installed(hosting))
    if state == "stopped":
        if hosting == "iis":
            server.machine.iis.stop_pool(chain.POOL)
        else:
            server.machine.services.stop(chain.SERVICE)
    for name, options in behaviours.items():
        behaviour = catalogue.BEHAVIOURS[name](**options)
        behaviour.prepare(server.machine)
        behaviour.go_on(server.machine)
    return server


def run(server, hosting="iis", state="restarted", *, check=False, **options):
    server.new_run()
    return server.run("win_im_agent_state", {**HOSTED[hosting], "state": state, **options}, check=check)


def runs(server, hosting):
    machine = server.machine
    if hosting == "service":
        return machine.services.get(chain.SERVICE).state == "Running"
    return machine.iis.pool_state(chain.POOL) == "Started" and machine.iis.site_state(chain.SITE) == "Started"


def process(server, hosting):
    """Return what tells the agent's process from another one."""
    if hosting == "service":
        return server.machine.services.get(chain.SERVICE).started
    (worker,) = [worker for worker in server.machine.iis.workers() if worker.pool == chain.POOL]
    return worker


TURNS = [
    # before, wanted, options, runs afterwards, operations under IIS and as a service
    ("started", "started", {}, True, (0, 0)),
    ("stopped", "stopped", {}, False, (0, 0)),
    ("started", "stopped", {}, False, (1, 1)),
    ("stopped", "started", {}, True, (1, 1)),
    ("stopped", "restarted", {}, False, (0, 0)),
    ("stopped", "restarted", {"start_stopped": True}, True, (1, 1)),
    ("started", "restarted", {}, True, (2, 1)),
    ("started", "restarted", {"start_stopped": True}, True, (2, 1)),
]


@pytest.mark.parametrize("hosting", HOSTED)
@pytest.mark.parametrize(("before", "wanted", "options", "after", "operations"), TURNS)
def test_an_agent_is_as_wanted_and_the_prediction_says_so(hosting, before, wanted, options, after, operations):
    server = agent(hosting, before)
    done = chain.foretold(lambda target, **more: run(target, hosting, wanted, **options, **more), server)
    assert (runs(server, hosting), done["runs"], done["was_running"]) == (after, after, before == "started")
    assert len(done.get("operations", [])) == operations[hosting == "service"]
    assert done["changed"] is bool(done.get("operations"))
    (change,) = done["diff"] or [{"before": "", "after": ""}]
    assert (change["before"] != change["after"]) is done["changed"]
    assert ("im_operate_start_stopped" in json.dumps(done.get("warnings"))) is (wanted == "restarted" and not after)


@pytest.mark.parametrize("hosting", HOSTED)
def test_a_restart_ends_the_agent_s_process_once_and_changes_no_configuration(hosting):
    server = agent(hosting)
    before, old = chain.lasting(server), process(server, hosting)
    server.machine.clock.wait(10)
    assert not run(server, hosting).get("failed")
    assert process(server, hosting) != old
    assert STARTED.sub("#", chain.lasting(server)) == STARTED.sub("#", before)


UNKIND = [
    ("iis", {"slow_stop": {"executions": 20}}),
    ("iis", {"slow_start": {"executions": 20}}),
    ("iis", {"outliving_worker": {"executions": 20}}),
    ("iis", {"slow_stop": {"executions": 3}, "slow_start": {"executions": 3}}),
    ("service", {"slow_service": {"executions": 20}}),
]


@pytest.mark.parametrize(("hosting", "behaviours"), UNKIND)
@pytest.mark.parametrize("state", ["started", "stopped", "restarted"])
@pytest.mark.parametrize("before", ["started", "stopped"])
def test_on_a_slow_server_the_task_is_over_when_the_agent_is_as_wanted(hosting, behaviours, before, state):
    server = agent(hosting, before, **behaviours)
    done = run(server, hosting, state, start_stopped=True)
    assert not done.get("failed"), done
    assert runs(server, hosting) is (state != "stopped")
    if hosting == "iis" and state == "stopped":
        assert chain.POOL not in {worker.pool for worker in server.machine.iis.workers()}
    again = run(server, hosting, "stopped" if state == "stopped" else "started")
    assert again["changed"] is False


def test_a_pool_on_its_way_to_its_stop_is_waited_for_and_started():
    server = agent("iis", slow_stop={"executions": 5})
    server.machine.iis.stop_pool(chain.POOL)
    done = run(server, state="started")
    assert done["operations"] == [STOP, START]
    assert runs(server, "iis")


def test_where_the_web_server_is_stopped_a_start_starts_it_and_a_stop_has_nothing_to_do():
    server = agent("iis", was_stopped={})
    assert run(server, state="stopped")["changed"] is False
    assert run(server, state="restarted")["changed"] is False
    done = run(server, state="started")
    assert done["operations"][0] == "start the services W3SVC and WAS"
    assert "W3SVC does not run" in json.dumps(done["warnings"])
    assert runs(server, "iis")


def test_a_site_that_somebody_stopped_is_started_by_a_start_and_left_by_a_restart():
    server = agent("iis")
    server.machine.iis.stop_site(chain.SITE)
    left = run(server, state="restarted")
    assert (left["changed"], left["runs"]) == (False, False)
    assert run(server, state="started")["operations"] == [f"start site {chain.SITE}"]
    assert runs(server, "iis")


def test_a_restart_that_was_cut_between_stop_and_start_is_completed_by_a_start():
    server = agent("iis")
    cut = {"module": "microsoft.iis.web_app_pool", "occurrence": 1, "when": "before", "do": "drop"}
    server.engine.faults.append(cut)
    with pytest.raises(ConnectionDropped):
        run(server)
    assert not runs(server, "iis")
    server.engine.faults.clear()
    assert "im_operate_start_stopped" in run(server)["warnings"][0]
    assert run(server, state="started")["runs"]
    assert runs(server, "iis")


def test_a_stop_that_takes_too_long_names_what_gives_it_more_time():
    server = agent("iis", slow_stop={"executions": 2000})
    message = run(server, state="stopped", stop_seconds=60)["msg"]
    assert f"could not {STOP}: found Stopping, worker process" in message
    assert "after 60 seconds, wanted Stopped: a job that runs delays a stop" in message
    assert message.count("im_operate_stop_seconds") == 1


def test_a_service_that_does_not_come_to_rest_names_what_gives_it_more_time():
    server = agent("service", slow_service={"executions": 2000})
    server.machine.services.stop(chain.SERVICE)
    message = run(server, "service", "restarted", stop_seconds=60)["msg"]
    assert "in state StopPending for 60 seconds" in message
    assert "im_operate_stop_seconds" in message


REFUSED = [
    ("iis", {"pool": "Other"}, "found no application pool Other on the server"),
    ("iis", {"site": "Other"}, "found no site Other on the server"),
    ("iis", {"stop_seconds": 0}, "stop_seconds (im_operate_stop_seconds): found 0, wanted 1 to 3600"),
    ("service", {"stop_seconds": 3601}, "found 3601, wanted 1 to 3600"),
    ("service", {"service": "Other"}, "found no service Other on the server"),
    ("service", {"service": "WinRM"}, "found a service WinRM that runs "),
    ("service", {"pool": chain.POOL}, "parameters are mutually exclusive"),
    ("iis", {"site": None}, "parameters are required together"),
]


@pytest.mark.parametrize(("hosting", "options", "message"), REFUSED)
@pytest.mark.parametrize("check", [False, True])
def test_what_cannot_be_done_is_refused_before_anything_is_stopped(hosting, options, message, check):
    server = agent(hosting)
    given = {k: v for k, v in {**HOSTED[hosting], "state": "stopped", **options}.items() if v is not None}
    server.new_run()
    done = server.run("win_im_agent_state", given, check=check)
    assert message in done["msg"]
    assert runs(server, hosting)


@pytest.mark.parametrize("state", ["stopped", "restarted"])
def test_a_pool_that_serves_others_is_not_stopped(state):
    data = {
        "features": ["Web-Server"],
        "pools": [{"name": chain.POOL}],
        "sites": [
            {"name": name, "path": "C:\\x", "pool": chain.POOL, "bindings": []} for name in (chain.SITE, "Payroll")
        ],
    }
    server = chain.server(data)
    message = run(server, state=state)["msg"]
    assert "serves Payroll too, wanted one of the agent's own" in message
    assert server.machine.iis.pool_state(chain.POOL) == "Started"


@pytest.mark.parametrize("state", ["started", "restarted"])
def test_a_disabled_service_is_refused_before_it_is_stopped(state):
    server = agent("service")
    key = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}"
    server.machine.registry.set(key, "Start", "DWord", 4)
    assert "disabled, wanted a start mode" in run(server, "service", state)["msg"]
    assert runs(server, "service")
    assert run(server, "service", "stopped")["runs"] is False


def test_a_server_without_iis_is_refused():
    assert "found no IIS on the server" in run(chain.server(), state="started")["msg"]


@pytest.mark.parametrize(("hosting", "most", "with_look"), [("iis", 5, 5), ("service", 3, 4)])
def test_a_restart_costs_few_executions_also_where_it_looks_for_jobs(hosting, most, with_look):
    server = agent(hosting)
    run(server, hosting)
    assert server.executions <= most
    run(server, hosting, **DRAINED)
    assert server.executions <= with_look


@pytest.mark.parametrize("hosting", HOSTED)
@pytest.mark.parametrize("state", ["stopped", "restarted"])
def test_a_stop_waits_for_the_end_of_a_job_and_tells_so(hosting, state):
    server = agent(hosting, running_job={"executions": 900})
    done = run(server, hosting, state, **DRAINED)
    assert not done.get("failed"), done
    assert server.machine.running.all() == []
    assert "the agent is stopped once it has ended" in json.dumps(done["warnings"])
    assert runs(server, hosting) is (state == "restarted")


@pytest.mark.parametrize("hosting", HOSTED)
@pytest.mark.parametrize("state", ["stopped", "restarted"])
@pytest.mark.parametrize("drain", ["wait", "refuse"])
def test_while_a_job_goes_on_the_agent_is_not_stopped_and_the_job_is_named(hosting, state, drain):
    server = agent(hosting, running_job={"executions": 0})
    message = run(server, hosting, state, **DRAINED | {"drain": drain, "drain_minutes": 1})["msg"]
    assert "Usercube-Invoke-Job.exe, process " in message
    assert "im_agent_drain_minutes" in message
    assert runs(server, hosting)


def test_a_start_waits_for_no_job_and_a_stop_that_is_told_not_to_mind_neither():
    server = agent("iis", "stopped", running_job={"executions": 0})
    assert run(server, state="started", **DRAINED)["runs"]
    assert run(server, state="stopped", **DRAINED | {"drain": "ignore"})["runs"] is False


@pytest.mark.parametrize(
    ("hosting", "after"),
    [
        ("iis", f"application pool {chain.POOL}: Started again, site {chain.SITE}: Started\n"),
        ("service", f"service {chain.SERVICE}: Running again\n"),
    ],
)
def test_a_diff_says_what_is_restarted_and_nothing_of_the_site_which_stays(hosting, after):
    assert run(agent(hosting), hosting, check=True)["diff"][0]["after"] == after
