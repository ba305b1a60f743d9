"""What one job may do: the rules of docs/rollout.md one by one, and what becomes of a server."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet import outcome
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.budget import Budget
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.decide import Asking
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.entry import Entry, State
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.job import Job
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.ledger import Ledger
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.rollout import Outcome, Rollout
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.standing import Plan

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "docs" / "schema" / "rollout_record.json").read_text("utf-8")
)
SERVERS = ("a", "b", "c", "d")
DONE, FAILED, LOST, DOWN = (Outcome(state) for state in (State.DONE, State.FAILED, State.LOST, State.WAS_DOWN))
HOUR = datetime.timedelta(hours=1)


class Clock:
    now = datetime.datetime(2026, 11, 30, 20, tzinfo=datetime.UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def begun(tmp_path):
    """Return what begins a job: its name, and how it differs from one for all servers, one at a time, in two waves."""
    clock = Clock()

    def begin(
        name,
        *,
        servers=SERVERS,
        budget="1",
        window=(),
        retry=(),
        soak=0,
        kind="renew",
        steps=("1", "100%"),
        shared=True,
    ):
        job = Job(name, budget=tuple(Budget.of(budget).texts), window=window, soak=soak, retry=retry, servers=servers)
        rollout = Rollout(Ledger(tmp_path, "r"), Asking.of(job), datetime.timedelta(seconds=soak), clock)
        rollout.begin(Plan(kind, SERVERS, steps), job, is_shared=shared)
        return rollout

    begin.clock = clock
    return begin


def claimed(rollout, servers=SERVERS):
    return rollout.step(servers)[0].start


def passed(rollout):
    """Verify the wave before the next one, as the playbook does."""
    _step, verify = rollout.between()
    rollout.settle({server: Outcome(State.VERIFIED) for server in verify})


def checked(rollout):
    record = rollout.record({"name": "imops.identity_manager", "version": "1.1.0"})
    jsonschema.validate(record, SCHEMA)
    return record, {one["server"]: one["state"] for one in record["servers"]}


def test_the_next_wave_waits_for_the_first_its_soak_time_and_its_verification(begun):
    rollout = begun("one", budget="2", soak=600)
    assert claimed(rollout) == ("a",)
    rollout.settle({"a": DONE})
    assert rollout.step(SERVERS)[0].over
    assert rollout.between()[0].wait.startswith("the soak time of wave 1")
    begun.clock.now += HOUR
    assert rollout.between()[1] == ("a",)
    passed(rollout)
    assert claimed(rollout) == ("b", "c")
    rollout.settle({"b": DONE, "c": DONE})
    assert claimed(rollout) == ("d",)
    rollout.settle({"d": DONE})
    record, states = checked(rollout)
    assert set(states.values()) == {"done"}
    assert record["ended"]


def test_a_wave_in_which_none_went_well_ends_the_rollout_whatever_the_budget(begun):
    rollout = begun("one", budget="3")
    claimed(rollout)
    rollout.settle({"a": FAILED})
    assert "wave 1 has ended, and none of its servers has gone well" in rollout.step(SERVERS)[0].hold


def test_a_server_that_was_down_is_no_canary(begun):
    rollout = begun("one")
    assert claimed(rollout) == ("a",)
    rollout.settle({"a": DOWN})
    assert claimed(rollout) == ("b",)
    assert rollout.step(("c", "d"))[0].over is False, "another job's turn, and this one is at b"
    rollout.settle({"b": DONE})
    assert rollout.step(("c", "d"))[0].over
    _record, states = checked(rollout)
    assert states == {"a": "was_down", "b": "done", "c": "waiting", "d": "waiting"}


def test_a_spent_budget_holds_the_rest_with_the_reason_and_a_repaired_server_frees_it(begun):
    rollout = begun("one", steps=("100%",))
    claimed(rollout)
    rollout.settle({"a": Outcome(State.FAILED, "the agent does not answer")})
    assert rollout.step(SERVERS)[0].hold == "the budget is spent: 1 of 1 failed (a)"
    told = rollout.end()
    assert [(one["event"], one["servers"]) for one in told] == [("held", ["b", "c", "d"])]
    record, states = checked(rollout)
    assert states == {"a": "failed", "b": "held", "c": "held", "d": "held"}
    assert record["servers"][1]["why"] == "the budget is spent: 1 of 1 failed (a)"
    again = begun("two", steps=("100%",))
    assert again.step(SERVERS)[0].hold, "nobody has repaired it"
    again.end()
    last = begun("three", steps=("100%",), retry=("a",))
    step = last.step(SERVERS)[0]
    assert step.start == step.again == ("a",)
    last.settle({"a": DONE})
    assert claimed(last) == ("b",)


def test_a_server_of_a_dead_job_counts_until_another_job_completes_it(begun):
    begun("one", steps=("100%",)).step(SERVERS)
    two = begun("two", steps=("100%",))
    assert two.step(SERVERS)[0].wait, "the first job gave a sign just now"
    begun.clock.now += 3 * HOUR
    _record, states = checked(two)
    assert states["a"] == "cut"
    elsewhere = begun("three", servers=("b",), steps=("100%",))
    assert "taken by a, whose job died" in elsewhere.step(("b",))[0].hold
    assert two.step(SERVERS)[0].again == ("a",)


def test_a_lost_server_is_taken_up_by_the_next_job_first(begun):
    one = begun("one", budget="2", steps=("100%",))
    assert claimed(one) == ("a", "b")
    one.settle({"a": LOST, "b": DONE})
    assert claimed(one) == ("c",), "not by the job that lost it"
    one.settle({"c": DONE})
    one.end()
    assert claimed(begun("two", budget="2", steps=("100%",))) == ("a",)


def test_nothing_begins_outside_the_window_and_what_runs_is_noted(begun):
    rollout = begun("one", window=("mon 20:00-21:00 UTC",), steps=("100%",))
    assert claimed(rollout) == ("a",)
    begun.clock.now += HOUR
    rollout.settle({"a": DONE})
    assert rollout.step(SERVERS)[0].hold == "outside im_rollout_window, which opens at 2026-12-07T20:00:00Z"


def test_a_finished_server_is_begun_by_no_later_job(begun):
    one = begun("one", budget="4", steps=("100%",))
    one.settle(dict.fromkeys(claimed(one), DONE))
    one.end()
    two = begun("two", budget="4", steps=("100%",), retry=SERVERS)
    assert two.left()[0] == []
    assert two.step(SERVERS)[0].start == ()


def test_a_job_that_does_not_fit_is_refused(begun):
    begun("one")
    for different, name in (
        ({"kind": "install"}, "im_rollout:"),
        ({"steps": ("100%",)}, "im_rollout_waves:"),
        ({"budget": "2"}, "im_rollout_budget:"),
        ({"servers": ("z",)}, "z was no server of the rollout"),
        ({"shared": False}, "needs im_rollout_folder"),
    ):
        with pytest.raises(Refused, match=name):
            begun("two", **different)


def test_a_server_that_was_down_is_looked_at_by_the_next_job_and_left_alone_again(begun):
    one = begun("one", steps=("100%",), budget="4")
    claimed(one)
    one.settle({"a": DOWN, "b": DONE, "c": DONE, "d": DONE})
    assert claimed(one) == (), "not by the same job"
    one.end()
    two = begun("two", steps=("100%",), budget="4")
    step = two.step(SERVERS)[0]
    assert (step.start, step.again) == (("a",), ())
    entry = two.ledger.entries()["a"]
    assert (entry.attempt, entry.again) == (2, False)
    assert outcome.of_work(entry, outcome.Work(STOPPED, CHANGED, {}, {}), 60, "renew").state is State.WAS_DOWN


RUNS, STOPPED, NONE = {"was_running": True}, {"was_running": False}, {"failed": True, "msg": "found no pool"}
GONE = {"lost": True, "failed": True, "msg": "not reached"}
CHANGED = {"differs": True}


@pytest.mark.parametrize(
    ("look", "info", "failure", "kind", "again", "state", "outage"),
    [
        (RUNS, CHANGED, {}, "renew", False, State.DONE, 60),
        (RUNS, {"differs": False}, {}, "renew", False, State.DONE, 0),
        ({}, {"differs": False, "settled": True}, {}, "renew", False, State.DONE, 0),
        ({}, {"differs": False, "settled": True}, {}, "upgrade", True, State.DONE, 0),
        ({}, {"differs": False, "settled": False}, {}, "renew", False, State.WAS_DOWN, None),
        ({}, {"differs": False, "settled": False}, GONE, "renew", True, State.LOST, None),
        (STOPPED, CHANGED, {}, "install", False, State.WAS_DOWN, None),
        (STOPPED, CHANGED, {}, "install", True, State.DONE, None),
        (NONE, CHANGED, {}, "renew", False, State.WAS_DOWN, None),
        ({"skipped": True}, CHANGED, {}, "install", False, State.DONE, None),
        ({}, {}, GONE, "renew", False, State.WAS_DOWN, None),
        ({}, {}, GONE, "renew", True, State.LOST, None),
        (GONE, {}, {}, "renew", False, State.WAS_DOWN, None),
        (RUNS, CHANGED, GONE, "renew", False, State.LOST, None),
        (RUNS, CHANGED, {"msg": "no"}, "renew", False, State.FAILED, None),
        ({}, {}, {"msg": "refused"}, "install", False, State.FAILED, None),
    ],
)
def test_what_becomes_of_a_server_follows_from_its_tasks(look, info, failure, kind, again, state, outage):
    found = outcome.of_work(Entry("a", 3, again=again), outcome.Work(look, info, {}, failure), 60, kind)
    assert (found.state, found.outage) == (state, outage)
    assert found.state is State.DONE or found.why


def swapped(kind, outage=41.2):
    versions = {"before": {"version": "6.2.1.0"}, "after": {"version": "6.2.2.0"}}
    return {"outcome": kind, "outage_s": outage, **versions}


@pytest.mark.parametrize(
    ("look", "upgrade", "failure", "again", "wanted"),
    [
        (RUNS, swapped("upgraded"), {}, False, (State.DONE, 42, True, "6.2.1.0", "6.2.2.0")),
        (STOPPED, swapped("upgraded", None), {}, True, (State.DONE, None, True, "6.2.1.0", "6.2.2.0")),
        (RUNS, swapped("rolled_back"), {"msg": "no"}, False, (State.ROLLED_BACK, 42, True, "6.2.1.0", "6.2.1.0")),
        (RUNS, swapped("rolled_back"), GONE, False, (State.LOST, None, True, "6.2.1.0", "6.2.1.0")),
        # Taken back since the inventory names the former version again.
        (STOPPED, swapped("rolled_back", None), {}, True, (State.DONE, None, True, "6.2.1.0", "6.2.1.0")),
        # The new version stays, and is not verified.
        (RUNS, swapped("upgraded"), {"msg": "no"}, False, (State.FAILED, None, True, "6.2.1.0", "6.2.2.0")),
        (RUNS, {"outcome": "nothing", "outage_s": None}, {"msg": "no"}, False, (State.FAILED, None, True, "", "")),
        (RUNS, {}, {"msg": "refused"}, False, (State.FAILED, None, True, "", "")),
        (STOPPED, {}, {}, False, (State.WAS_DOWN, None, False, "", "")),
        (RUNS, {}, {}, False, (State.DONE, 60, True, "", "")),
    ],
)
def test_what_becomes_of_a_server_that_is_upgraded_has_its_versions_and_its_outage(
    look, upgrade, failure, again, wanted
):
    found = outcome.of_work(Entry("a", 1, again=again), outcome.Work(look, CHANGED, upgrade, failure), 60, "upgrade")
    changed = bool(found.changed)
    assert (found.state, found.outage, changed, found.from_version, found.to_version) == wanted


def test_the_budget_counts_a_server_that_was_taken_back_and_the_record_has_its_versions(begun):
    rollout = begun("one", kind="upgrade", steps=("100%",))
    assert claimed(rollout) == ("a",)
    back = outcome.of_work(
        Entry("a", 1), outcome.Work(RUNS, CHANGED, swapped("rolled_back"), {"msg": "it was taken back"}), 60, "upgrade"
    )
    rollout.settle({"a": back})
    assert rollout.step(SERVERS)[0].hold == "the budget is spent: 1 of 1 failed (a)"
    rollout.end()
    record, states = checked(rollout)
    assert states == {"a": "rolled_back", "b": "held", "c": "held", "d": "held"}
    first = record["servers"][0]
    told = {name: first[name] for name in ("why", "outage", "changed", "from_version", "to_version")}
    assert told == {
        "why": "version 6.2.1.0 is back and is not verified: it was taken back",
        "outage": 42,
        "changed": True,
        "from_version": "6.2.1.0",
        "to_version": "6.2.1.0",
    }


def test_a_verification_after_the_soak_time_may_fail():
    assert outcome.of_verification({}).state is State.VERIFIED
    assert outcome.of_verification({"msg": "x" * 999}) == Outcome(State.FAILED, "x" * 297 + "...")
    assert outcome.of_verification(GONE).state is State.LOST


def test_the_reason_of_one_that_was_taken_back_begins_with_what_runs_now():
    work = outcome.Work(RUNS, CHANGED, {**swapped("rolled_back"), "verified": True}, {"msg": "x" * 999})
    why = outcome.of_work(Entry("a", 1), work, 60, "upgrade").why
    assert why.startswith("version 6.2.1.0 runs again and was verified: xxx")
    assert len(why) == 300
