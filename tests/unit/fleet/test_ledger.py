"""The ledger's files: who may create them, what a killed process leaves, and that nothing goes back."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import signal

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet import job as jobs
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.budget import Budget
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.decide import Asking
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.entry import Entry, State, line, moment
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.job import Job
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.ledger import Ledger, Taken
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.rollout import Outcome, Rollout
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.standing import Plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.window import Window

NOW = datetime.datetime(2026, 11, 30, 20, tzinfo=datetime.UTC)
FORK = multiprocessing.get_context("fork")
SERVERS = tuple(f"server{number}" for number in range(40))


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path, "a rollout/of ours")
    with made.locked():
        pass
    return made


def test_a_server_is_claimed_once_for_each_attempt(ledger):
    ledger.claim("a/b", 1, "one", NOW)
    with pytest.raises(Taken):
        ledger.claim("a/b", 1, "two", NOW)
    assert ledger.entries()["a/b"].job == "one"
    ledger.claim("a/b", 2, "two", NOW)
    assert ledger.entries()["a/b"] == Entry("a/b", 2, State.RUNNING, "two", NOW)


def test_states_only_move_forward(ledger):
    ledger.claim("a", 1, "one", NOW)
    entry = ledger.entries()["a"]
    assert ledger.move(entry, State.DONE, NOW, outage=3)
    assert not ledger.move(entry, State.WAS_DOWN, NOW)
    assert not ledger.move(entry, State.RUNNING, NOW)
    assert ledger.move(entry, State.VERIFIED, NOW + datetime.timedelta(hours=1))
    assert ledger.move(entry, State.FAILED, NOW + datetime.timedelta(hours=2), why="it is down")
    assert not ledger.move(entry, State.DONE, NOW)
    assert ledger.entries()["a"] == Entry("a", 1, State.FAILED, "one", NOW, NOW, "it is down", 3)


@pytest.mark.parametrize("length", [0, 1, 20, -3])
def test_a_line_that_a_killed_process_has_half_written_does_not_count(ledger, length):
    ledger.claim("a", 1, "one", NOW)
    path = ledger.folder / "servers" / "a.001.jsonl"
    path.write_bytes(path.read_bytes() + line(State.DONE, NOW)[:length])
    assert ledger.entries()["a"].state is State.RUNNING
    assert ledger.move(ledger.entries()["a"], State.DONE, NOW)
    assert ledger.entries()["a"].state is State.DONE


def test_a_claim_of_which_nothing_but_the_file_was_made_is_one_of_nobody(ledger):
    (ledger.folder / "servers" / "a.001.jsonl").touch()
    assert ledger.entries()["a"] == Entry("a", 1, State.RUNNING, "")


def test_a_plan_that_was_half_written_is_made_anew_as_long_as_no_server_was_begun(ledger):
    path = ledger.folder / "plan.json"
    path.write_text('{"kind": "inst')
    assert ledger.plan() is None
    path.write_text('{"kind": "inst')
    ledger.claim("a", 1, "one", NOW)
    with pytest.raises(Refused, match="found no JSON in"):
        ledger.plan()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "r").write_text("a file")
    with pytest.raises(Refused, match="im_rollout_folder: cannot write to"), Ledger(tmp_path, "r").locked():
        pass


def held(folder, begun):
    with Ledger(folder, "r").locked():
        begun.send(True)
        signal.pause()


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    here, there = FORK.Pipe()
    process = FORK.Process(target=held, args=(tmp_path, there))
    process.start()
    assert here.recv()
    os.kill(process.pid, signal.SIGKILL)
    with Ledger(tmp_path, "r").locked():
        pass
    process.join()


def work(folder, name, results):
    """A job in a process of its own, which claims as fast as it can."""
    asking = Asking(name, SERVERS, Budget(4), Window())
    rollout = Rollout(Ledger(folder, "r"), asking, datetime.timedelta(0), moment)
    me = Job(
        name, place=jobs.here(), pid=os.getpid(), started=jobs.started(os.getpid()), budget=("4",), servers=SERVERS
    )
    rollout.begin(Plan("renew", SERVERS, ("100%",)), me, is_shared=True)
    mine, most = [], 0
    while True:
        step, _told = rollout.step(SERVERS)
        if not step.start and not step.wait:
            break
        with rollout.ledger.locked():
            running = [entry for entry in rollout.ledger.entries().values() if entry.state is State.RUNNING]
        most = max(most, len(running))
        mine += step.start
        rollout.settle({server: Outcome(State.DONE) for server in step.start})
    rollout.end()
    results.put((name, mine, most))


def test_four_processes_at_once_claim_each_server_once_and_never_more_than_the_budget(tmp_path):
    results = FORK.SimpleQueue()
    processes = [FORK.Process(target=work, args=(tmp_path, f"job{number}", results)) for number in range(4)]
    for process in processes:
        process.start()
    found = [results.get() for _process in processes]
    for process in processes:
        process.join()
    claimed = [server for _name, mine, _most in found for server in mine]
    assert sorted(claimed) == sorted(SERVERS)
    assert max(most for _name, _mine, most in found) <= 4


def test_a_process_is_told_from_a_later_one_with_its_number():
    me = Job("me", place=jobs.here(), pid=os.getpid(), started=jobs.started(os.getpid()))
    old = NOW - datetime.timedelta(days=9)
    if not me.place:
        pytest.skip("this system has no /proc")
    assert me.is_alive(old, NOW)
    assert not Job("former", place=me.place, pid=os.getpid(), started="1").is_alive(NOW, NOW)
    assert not Job("gone", place=me.place, pid=2**22 + 1, started="1").is_alive(NOW, NOW)
    elsewhere = Job("elsewhere", place="another machine", pid=os.getpid(), started=me.started)
    assert elsewhere.is_alive(NOW - jobs.DEAD_AFTER / 2, NOW)
    assert not elsewhere.is_alive(NOW - jobs.DEAD_AFTER, NOW)
