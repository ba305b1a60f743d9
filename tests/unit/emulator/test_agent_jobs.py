"""The emulated agent's jobs and its scheduler's lock, vendor pages "appsettings", "Usercube-Invoke-Job" and "API"."""

from __future__ import annotations

import json
import re

import chain
import pytest
from emulator.windows.network.identity_server import TOKEN, IdentityServer
from emulator.windows.network.network import HttpRequest

LOCK, LOGS = f"{chain.WORKING}\\Temp\\scheduler.lock", f"{chain.WORKING}\\Temp\\JobLogs"
JOB = {"Id": 7, "Agent": {"Identifier": "Paris"}, "State": 3}


@pytest.fixture(params=["iis", "service"])
def hosting(request):
    return request.param


def turn(machine, hosting, order):
    if hosting == "service":
        getattr(machine.services, order)(chain.SERVICE)
    else:
        getattr(machine.iis, f"{order}_pool")(chain.POOL)


def launched(lasts, hosting="iis"):
    """Return a server whose agent was asked for a run, and the Identity Manager server."""
    machine = chain.installed(hosting).machine
    made = IdentityServer(chain.SERVER_URL, jobs={"SynchroAD": {**JOB, "Lasts": lasts, "Log": ["Job ended."]}})
    machine.network.elsewhere = [made.respond]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    path = "/api/Job/Job/RunJob/7?api-version=1.0"
    asked = HttpRequest("127.0.0.1", 443, True, chain.HOST, chain.HOST, "POST", path, headers, b"")
    agent = next(iter(machine.iis.activation._workers.values())).agents[chain.SITE.lower()]
    assert agent.answer(asked).status == 200
    return machine, made


def jobs(machine):
    return [one.name for one in machine.running.all()]


def newest(machine):
    return max((node for node in machine.files.walk(LOGS) if node.path.endswith(".log")), key=lambda node: node.path)


def test_a_run_is_a_process_of_the_agents_folder_that_tells_the_server_when_it_has_ended():
    machine, made = launched(3)
    (child,) = machine.running.all()
    assert child.path == f"{chain.RUNTIME}\\Usercube-Invoke-Job.exe"
    assert newest(machine).content == b"Job started.\r\n"
    machine.clock.wait(2)
    assert (jobs(machine), "EndDate" in made.launched[0]) == (["Usercube-Invoke-Job"], False)
    machine.clock.wait()
    assert (jobs(machine), made.launched[0]["State"]) == ([], 3)
    assert made.launched[0]["EndDate"] > made.launched[0]["StartDate"]
    assert newest(machine).content == b"Job started.\r\nJob ended.\r\n"


def test_the_end_of_the_agent_ends_its_job_and_nobody_is_told():
    machine, made = launched(3)
    turn(machine, "iis", "stop")
    assert jobs(machine) == []
    machine.clock.wait(5)
    assert "EndDate" not in made.launched[0]
    assert newest(machine).content == b"Job started.\r\n"
    assert machine.files.exists(LOCK), "it was killed"


def test_a_copy_of_the_server_has_jobs_of_its_own():
    machine, _made = launched(3)
    other = machine.copy()
    other.clock.wait(3)
    assert (jobs(machine), jobs(other)) == (["Usercube-Invoke-Job"], [])


def test_a_scheduler_has_its_lock_until_its_agent_ends(hosting):
    machine = chain.installed(hosting).machine
    assert machine.files.exists(LOCK)
    turn(machine, hosting, "stop")
    assert not machine.files.exists(LOCK)
    turn(machine, hosting, "start")
    assert machine.files.exists(LOCK)


def with_lock(hosting, seconds):
    """Return a server whose agent was started although a lock was there, and its logs before."""
    machine = chain.installed(hosting).machine
    turn(machine, hosting, "stop")
    path = f"{chain.RUNTIME}\\appsettings.json"
    settings = json.loads(re.sub(r"(?m)^ *//.*$", "", machine.files.text(path)))
    settings["Scheduler"] = {"Enabled": True, "MaxLockWatchTime": seconds}
    machine.files.write(path, json.dumps(settings))
    machine.files.write(LOCK, b"")
    before = newest(machine).path
    turn(machine, hosting, "start")
    return machine, before


@pytest.mark.parametrize(("seconds", "waits", "runs"), [(3, 2, False), (3, 3, True), (0, 50, False), (-1, 50, False)])
def test_a_lock_that_is_there_is_watched_for_so_long_and_with_a_negative_time_not_at_all(hosting, seconds, waits, runs):
    machine, before = with_lock(hosting, seconds)
    machine.clock.wait(waits)
    assert (newest(machine).path > before) is runs


@pytest.mark.parametrize(("seconds", "runs"), [(30, True), (0, True), (-1, False)])
def test_a_scheduler_is_launched_once_the_lock_is_gone(seconds, runs):
    machine, before = with_lock("iis", seconds)
    machine.clock.wait()
    machine.files.remove(LOCK)
    machine.clock.wait()
    assert (newest(machine).path > before, machine.files.exists(LOCK)) == (runs, runs)


def test_an_agent_that_has_ended_watches_no_lock():
    machine, before = with_lock("iis", 2)
    turn(machine, "iis", "stop")
    machine.clock.wait(5)
    assert newest(machine).path == before
    assert machine.files.exists(LOCK), "it is not its own"
