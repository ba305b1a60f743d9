"""Two agents of one server at once: what they share is changed by one run at a time, and the second finds it done."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from pathlib import Path

import by_day
import chain
import install_playbook
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe, server_lock
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Guard, Operation, write
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import snapshot
from emulator.engine import ConnectionDropped
from test_several_agents import BOTH, HOSTINGS, UNLIKE, agent, changed, run, unchanged

LOCK = "C:\\Windows\\imops-identity-manager.lock"
SERVER = {"ansible_host": "server1.contoso.com"}
HOSTS = {"paris": SERVER, "lyon": {"ansible_host": "SERVER1.contoso.com."}, "nice": {"ansible_host": "other"}}
PREREQUISITES = "im_prerequisites : Install Windows features and the hosting bundle"


def neighbour(name, hosting, **changes):
    return agent(name, hosting, **changes) | SERVER | {"hostvars": HOSTS}


def at(server, wanted, then):
    """Do something when a call is made for the first time; what it returns, if anything, is the call's result.

    The call is known by its module, or by the writer's first operation.
    """
    call = server.engine.call

    def called(name, arguments, **named):
        operations = arguments.get("operations") or [{}]
        if wanted not in {name.rpartition(".")[2], operations[0].get("operation")}:
            return call(name, arguments, **named)
        server.engine.call = call
        folder, variables = server._folder, server.variables
        result = then()
        server._folder, server.variables = folder, variables
        return result or call(name, arguments, **named)

    server.engine.call = called


def lock(server):
    """Return what the lock's file has: until, run, owner."""
    return server.machine.files.text(LOCK).split("\n")[:3]


def now(server):
    return server.machine.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_an_agent_that_is_alone_takes_no_lock(hosting):
    server = chain.server()
    run(server, agent("Paris", hosting) | {"hostvars": {"paris": {}, "nice": {"ansible_host": "other"}}})
    assert not server.machine.files.exists(LOCK)


@pytest.mark.parametrize("module", by_day.one_in(2, ["win_feature", "win_package"]))
def test_a_run_waits_for_the_one_that_has_the_server_and_is_then_told_who_that_is(module):
    server, done = chain.server(), []
    at(server, module, lambda: done.extend(install_playbook.run(server, neighbour("Lyon", "iis"))))
    run(server, neighbour("Paris", "iis"))
    assert (done[-1].task, done[-1].changed) == (PREREQUISITES, False)
    assert (
        "for the inventory host paris changes what all agents of this server share, until 20" in done[-1].result["msg"]
    )
    assert "0 of 3 operations were done before" in done[-1].result["msg"]
    run(server, neighbour("Lyon", "iis"))
    unchanged(server, neighbour("Paris", "iis"), neighbour("Lyon", "iis"))


def test_a_run_that_waited_long_enough_takes_the_lock_over():
    """The first run is at its site, for longer than that may last."""
    server, done = chain.server(), []
    at(server, "website", lambda: done.extend(run(server, neighbour("Lyon", "iis"))))
    run(server, neighbour("Paris", "iis"))
    assert done
    unchanged(server, neighbour("Paris", "iis"), neighbour("Lyon", "iis"))


@pytest.mark.parametrize(("first", "second"), by_day.these(UNLIKE, BOTH))
def test_a_run_that_read_the_server_before_another_one_wrote_makes_its_plan_again(first, second):
    server, between = chain.server(), []
    at(server, "lock", lambda: between.extend(run(server, neighbour("Paris", first))))
    done = run(server, neighbour("Lyon", second))
    assert between
    if (first, second) != ("service", "iis"):
        assert PREREQUISITES not in changed(done)
        assert "operations" not in next(one.result for one in done if one.task == PREREQUISITES)
    assert lock(server)[0] <= now(server)
    unchanged(server, neighbour("Paris", first), neighbour("Lyon", second))


@pytest.mark.parametrize("module", by_day.one_in(3, ["win_feature", "win_package", "win_service", "website"]))
def test_what_a_killed_run_leaves_ends_with_its_deadline(module):
    server = chain.server()

    def killed(*_arguments, **_named):
        server.engine.call = killed  # nothing more comes from its controller
        raise ConnectionDropped("the controller was killed")

    call = server.engine.call
    at(server, module, killed)
    with contextlib.suppress(ConnectionDropped):
        install_playbook.run(server, neighbour("Paris", "iis"))
    server.engine.call = call
    until, _run, owner = lock(server)
    assert (owner, until > now(server)) == ("paris", True)
    server.machine.clock.advance(3600)
    run(server, neighbour("Lyon", "iis"))
    run(server, neighbour("Paris", "iis"))
    unchanged(server, neighbour("Paris", "iis"), neighbour("Lyon", "iis"))


@pytest.mark.parametrize("until", ["2999-01-01T00:00:00.0000000Z", "soon", ""])
def test_a_lock_that_no_run_can_have_written_holds_nobody_up(until):
    server = chain.server()
    server.machine.files.write(LOCK, f"{until}\nanother run\nparis\n".encode())
    run(server, neighbour("Lyon", "service"))
    assert lock(server)[2] == "lyon"


def test_the_next_run_of_the_same_agent_does_not_wait_for_its_killed_one():
    server = chain.server()
    until = (server.machine.clock.now() + datetime.timedelta(seconds=600)).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
    server.machine.files.write(LOCK, f"{until}\nanother run\nparis\n".encode())
    run(server, neighbour("Paris", "service"))
    released, run_of_now, owner = lock(server)
    assert (released < until, run_of_now != "another run", owner) == (True, True, "paris")


def test_a_task_that_fails_releases_the_lock():
    server = chain.server()
    at(server, "win_package", lambda: {"failed": True, "changed": False, "msg": "exit code 1603"})
    done = install_playbook.run(server, neighbour("Paris", "service"))
    assert "exit code 1603. 1 of 2 operations were done before" in done[-1].result["msg"]
    assert lock(server)[0] <= now(server)


@pytest.mark.parametrize(("first", "second"), by_day.these(UNLIKE, [BOTH[0], BOTH[1]]))
def test_runs_whose_tasks_alternate_end_as_each_wants_it(first, second):
    """Ansible's linear strategy begins the next task of both hosts when both have ended this one."""
    server = chain.server()
    agents = [neighbour("Paris", first), neighbour("Lyon", second)]
    runs, folders = [], []
    for variables in agents:
        runs.append(install_playbook.tasks(server, variables))
        folders.append(server._folder)
    going = True
    while going:
        going = False
        for tasks, folder in zip(runs, folders, strict=True):
            server._folder = folder
            done = next(tasks, None)
            assert not (done and done.result.get("failed")), done
            going = going or done is not None
    unchanged(server, *agents)


@pytest.mark.parametrize(("hosting", "first"), [("iis", 32), ("service", 21)])
def test_the_lock_costs_an_agent_with_neighbours_few_executions_and_nothing_once_it_is_installed(hosting, first):
    server = chain.server()
    run(server, neighbour("Paris", hosting))
    assert server.executions == first
    run(server, neighbour("Paris", hosting))
    assert server.executions == 1


def test_answers_are_as_old_as_the_oldest_of_them():
    """What a later probe adds does not make the former answers newer than another run's writes."""
    server = chain.server({"features": ["Web-Server"]})
    paris = install_playbook.tasks(server, neighbour("Paris", "iis"))
    next(paris)
    known = snapshot.load(next(Path(server._folder.name).glob("imops-*.json")))
    first = known.since
    known.add([], {"host": known.host | {"time": "2999-01-01T00:00:00.0000000Z"}, "answers": []})
    assert (known.since, first != "") == (first, True)
    known.drop()
    known.add([], {"host": known.host, "answers": []})
    assert known.since == known.host["time"] != first


GUARD = Guard(lambda seconds: probe.processes("C:\\Agent", "Usercube-", seconds=seconds), 1800, str)
BACKUP, SET = write("back up", "backup"), Operation("set", "microsoft.iis.web_app_pool", {"name": "Agent"})
POOL = write("stop", "pool", name="Agent", state="Stopped", seconds=90)
FILE = write("write", "file", path="C:\\Agent\\a.json")
ORDERS = {
    "what is written at once follows the lock": ([FILE, BACKUP, SET], ["lock", "write", "back up", "set"]),
    "a stop comes before it": ([BACKUP, POOL, SET], ["back up", "stop", "lock", "set"]),
    "what comes after a stop follows it": ([POOL, BACKUP, SET], ["stop", "lock", "back up", "set"]),
    "what waits for jobs comes before it": (
        [BACKUP, dataclasses.replace(FILE, guard=GUARD), SET],
        ["back up", "write", "lock", "set"],
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_lock_is_not_taken_before_something_that_waits(name):
    operations, order = ORDERS[name]
    found = server_lock.with_lock(operations, path=LOCK, owner="paris", run="1", since="")
    assert ["lock" if server_lock.is_lock(one) else one.does for one in found] == order


def test_a_pool_that_is_set_once_its_jobs_have_ended_is_set_under_the_lock():
    server, ends = chain.server(), []
    paris = neighbour("Paris", "iis", im_agent_drain="wait")
    run(server, paris)
    server.machine.running.start("C:\\identitymanagerParis\\Runtime\\Usercube-Invoke-Job.exe", 400)
    at(server, "web_app_pool", lambda: ends.append((lock(server)[0], now(server))))
    run(server, paris | {"im_pool_attributes": {"queueLength": 2000}})
    ((until, set_at),) = ends
    assert until > set_at
