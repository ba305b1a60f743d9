"""The file that remembers who has launched a job: it goes once nothing more will be known of it, and not before."""

from __future__ import annotations

import chain
import pytest
from ansible.errors import AnsibleConnectionFailure
from emulator.windows.errors import WindowsError
from test_launched_job import health, launched, meet, run, runs, sent_by, server

__all__ = ["server"]
WORKING = "win_im_working_directory"


def claims(server):
    return [node.path for node in server.machine.files.walk("C:\\Windows") if node.path.endswith(".job")]


def again(server, **changes):
    """Verify once more in the same run."""
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), "job": "SynchroAD", "timeout": 30}
    return run(server, given | changes)


def installed_again(server):
    """Run what sweeps, in a run of its own; return its operations."""
    server.new_run()
    done = server.run(WORKING, chain.arguments(WORKING, chain.inventory(), {}))
    assert not done.get("failed"), done
    return done.get("operations", [])


ENDS = {
    "well": ({}, {}),
    "in error": ({"State": 3}, {}),
    "refused": ({}, {"may_launch": False}),
    "silent": ({"Silent": True}, {}),
}


@pytest.mark.parametrize("name", ENDS)
def test_once_the_end_is_read_the_file_is_gone_and_the_run_itself_remembers(server, name):
    job, about = ENDS[name]
    made = meet(server, job, **about)
    sent = sent_by(server)
    health(server)
    assert claims(server) == []
    second = launched(again(server))["found"]
    assert ("not sent again, as this run has sent it" if about else "this run launched it before") in second
    assert (len(runs(sent)), len(made.launched), claims(server)) == (1, 0 if about else 1, [])


def test_nobody_is_told_of_the_file(server):
    meet(server)
    assert health(server)["operations"] == ["launch the job SynchroAD"]


def test_a_job_of_another_name_is_launched_by_the_same_run(server):
    job = {"Agent": {"Identifier": "Paris"}}
    made = meet(server, jobs={"SynchroAD": {"Id": 1, **job}, "Fulfill": {"Id": 2, **job}})
    health(server)
    assert launched(again(server, job="Fulfill"))["state"] == "passed"
    assert [one["Job"]["Identifier"] for one in made.launched] == ["SynchroAD", "Fulfill"]


def test_while_the_job_runs_the_file_stays_and_the_next_run_that_launches_it_removes_it(server):
    made = meet(server, {"Lasts": 0})
    assert "that it runs" in launched(health(server))["found"]
    assert len(claims(server)) == 1
    made.launched[0] |= {"EndDate": "2026-01-01T00:00:00Z", "State": 2}
    meet(server, launched=made.launched)
    assert launched(health(server))["state"] == "passed"
    assert (claims(server), len(made.launched)) == ([], 2)


@pytest.mark.parametrize(("hours", "goes"), [(1, False), (23, False), (25, True)])
def test_a_file_that_nobody_removed_is_swept_once_no_run_can_need_it(server, hours, goes):
    meet(server, {"Lasts": 0})
    health(server)
    (claim,) = claims(server)
    server.machine.clock.advance(3600 * hours)
    operations = installed_again(server)
    assert operations == ([f"remove {claim}, the note of a job that was launched"] if goes else [])
    assert claims(server) == ([] if goes else [claim])
    assert installed_again(server) == []


def test_the_sweep_leaves_the_file_of_its_own_run(server):
    meet(server, {"Lasts": 0})
    health(server)
    server.machine.clock.advance(3600 * 30)
    assert not server.run(WORKING, chain.arguments(WORKING, chain.inventory(), {})).get("changed")
    assert len(claims(server)) == 1


def test_the_sweep_leaves_the_file_of_another_agent(server):
    meet(server, {"Lasts": 0})
    health(server)
    server.machine.clock.advance(3600 * 30)
    server.new_run()
    other = chain.inventory(working_directory="C:\\identitymanagerLyon")
    server.run(WORKING, chain.arguments(WORKING, other, {}))
    assert len(claims(server)) == 1


def test_the_file_of_a_run_beside_this_one_stays(server):
    made = meet(server, {"Lasts": 3})
    call = server.engine.call

    def beside(module, arguments, **options):
        if module.endswith("win_im_probe") and made.launched and claims(server):
            server.machine.files.write(claims(server)[0], b"another-run/SynchroAD\n\n")
        return call(module, arguments, **options)

    server.engine.call = beside
    assert launched(health(server))["state"] == "passed"
    assert server.machine.files.text(claims(server)[0]) == "another-run/SynchroAD\n\n"


def cut(server, *, when, number):
    """Let the connection break in one of the writer's executions."""
    call, writes = server.engine.call, []

    def broken(module, arguments, **options):
        if not module.endswith("win_im_write"):
            return call(module, arguments, **options)
        writes.append(arguments)
        if len(writes) == number and when == "before":
            raise AnsibleConnectionFailure("the line is dead")
        answer = call(module, arguments, **options)
        if len(writes) == number:
            raise AnsibleConnectionFailure("the line is dead")
        return answer

    server.engine.call = broken
    return call


@pytest.mark.parametrize("when", ["before", "after"])
def test_where_the_launch_is_cut_the_same_run_sends_it_no_second_time_and_the_next_one_tidies_up(server, when):
    made = meet(server)
    sent = sent_by(server)
    whole = cut(server, when=when, number=1)
    assert "Whether the agent has launched the job" in health(server)["msg"]
    assert len(claims(server)) == (when == "after")
    server.engine.call = whole
    assert launched(again(server))["state"] == "passed"
    assert (len(runs(sent)), len(made.launched), claims(server)) == (1, 1, [])


@pytest.mark.parametrize("when", ["before", "after"])
def test_where_the_removal_is_cut_the_verdict_stands_and_nothing_is_sent_again(server, when):
    made = meet(server)
    whole = cut(server, when=when, number=2)
    result = health(server)
    assert (launched(result)["state"], result["verified"]) == ("passed", True)
    assert len(claims(server)) == (when == "before")
    server.engine.call = whole
    assert "this run launched it before" in launched(again(server))["found"]
    assert (len(made.launched), claims(server)) == (1, [])


def test_a_file_that_cannot_be_removed_stays_for_a_later_run(server):
    meet(server)
    call = server.engine.call

    def held(module, arguments, **options):
        if module.endswith("win_im_write") and arguments["operations"][0]["operation"] == "remove":
            server.machine.files.lock(arguments["operations"][0]["path"])
        return call(module, arguments, **options)

    server.engine.call = held
    result = health(server)
    assert (launched(result)["state"], result["verified"], "warnings" in result) == ("passed", True, False)
    server.engine.call = call
    server.machine.files.locked.clear()
    server.machine.clock.advance(3600 * 30)
    assert len(installed_again(server)) == 1
    assert claims(server) == []


def test_where_nothing_could_be_sent_the_empty_file_goes_and_the_same_run_may_try_again(server):
    made = meet(server)
    asked = server.machine.network.request

    def request(one):
        if "/RunJob/" in one.path:
            raise WindowsError("System.Net.Sockets.SocketException", "No connection could be made")
        return asked(one)

    server.machine.network.request = request
    assert launched(health(server))["reason"] == "nothing could be sent"
    assert claims(server) == []
    server.machine.network.request = asked
    assert (launched(again(server))["state"], len(made.launched)) == ("passed", 1)
