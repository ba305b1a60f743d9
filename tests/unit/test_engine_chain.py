"""What the chain on a real PowerShell is held to: each way in which it can fail is told."""

from __future__ import annotations

import typing as t

import emulated
import engine_chain
import pytest
from engine_chain import ENGINE, IDLE_PROOF, PROOF, Chain

NO_EVENTS = {"task": PROOF, "msg": "engine: the server could not answer a question: events: Success."}
GOOD: dict[str, dict[str, t.Any]] = {
    "check": {"changed_tasks": ["a", "b"], "failed_tasks": []},
    "first": {"changed_tasks": ["a", "b"], "failed_tasks": [NO_EVENTS]},
    "second": {"changed_tasks": [], "failed_tasks": [NO_EVENTS | {"task": IDLE_PROOF}]},
}
LEFT = {"before": {}, "check": {}, "first": {"x": 1}, "second": {"x": 1}}


def chain(hosts: dict[str, dict[str, t.Any]], left: dict[str, t.Any]) -> Chain:
    runs = {name: emulated.Run(0, "", {ENGINE: host}) for name, host in hosts.items()}
    modules = {"ansible.windows.win_feature": 1, "ansible.windows.win_acl": 4}
    counters = {name: {ENGINE: {"modules": modules}} for name in hosts}
    return Chain(runs, {"start": 1.0, **dict.fromkeys(hosts, 2.0)}, counters, left, {})


def test_nothing_is_wrong_with_a_chain_that_holds_and_its_figures_tell_who_answered():
    good = chain(GOOD, LEFT)
    assert list(engine_chain.problems(good)) == []
    found = engine_chain.summary(good)
    assert found["seconds"] == 6.0
    assert found["runs"]["first"]["answered_by_the_model_alone"] == {"ansible.windows.win_feature": 1}
    assert found["runs"]["first"]["run_by_the_powershell"] == {"ansible.windows.win_acl": 4}
    assert any(
        "only the model answered: ansible.windows.win_feature (1)" in line for line in engine_chain.described(good)
    )


@pytest.mark.parametrize(
    ("run", "what", "said"),
    [
        ("check", {"failed_tasks": [{"task": "a", "msg": "x"}]}, "check mode failed"),
        ("check", {"changed_tasks": ["a"]}, "check mode foresaw"),
        ("first", {"changed_tasks": ["a", "b", "c"]}, "check mode foresaw"),
        ("first", {"failed_tasks": []}, "the first run shall fail in its proof alone"),
        ("first", {"failed_tasks": [{"task": "a", "msg": NO_EVENTS["msg"]}]}, "the first run shall fail"),
        ("second", {"failed_tasks": [NO_EVENTS, {"task": "a", "msg": "x"}]}, "the second run shall fail"),
        ("second", {"failed_tasks": [{"task": IDLE_PROOF, "msg": "status 500"}]}, "the second run shall fail"),
        ("second", {"changed_tasks": ["a"]}, "the second run changed"),
    ],
)
def test_a_run_that_does_not_hold_is_told(run, what, said):
    (problem,) = engine_chain.problems(chain({**GOOD, run: {**GOOD[run], **what}}, LEFT))
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("run", "said"), [("check", "check mode changed the drive"), ("second", "the second run changed")]
)
def test_a_drive_that_changed_is_told(run, said):
    (problem,) = engine_chain.problems(chain(GOOD, {**LEFT, run: {"x": 2}}))
    assert problem.startswith(said)
