"""Behaviours are switched on by a scenario's key, and a saved state goes on with them."""

from __future__ import annotations

import json

import pytest
from emulator.behaviours.catalogue import BEHAVIOURS, BadBehaviour, read
from emulator.scenario import saved_state
from emulator.scenario.server import BadScenario
from in_process import machine

IIS = {"features": ["Web-Server"]}


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"slow": {}}, "unknown behaviour 'slow'; known: .*slow_stop"),
        ({"slow_stop": {"turns": 1}}, "slow_stop: unknown option 'turns'; known: executions"),
        ({"slow_stop": {"executions": "2"}}, "executions is a value like 2"),
        ({"was_stopped": {"x": 1}}, "known: none"),
    ],
)
def test_what_is_no_behaviour_is_refused_with_those_that_are(described, message):
    with pytest.raises(BadBehaviour, match=message):
        read(described)
    with pytest.raises(BadScenario, match="behaviours: "):
        machine({"behaviours": described})


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_each_behaviour_can_be_switched_on_alone_on_a_bare_server_and_with_iis(name):
    for scenario in ({}, IIS):
        target = machine({**scenario, "behaviours": {name: None}})
        target.clock.wait(2)
        assert target.behaviours == {name: {}}
        target.copy().clock.wait(2)


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_a_saved_state_goes_on_with_its_behaviours(name):
    target = machine({**IIS, "behaviours": {name: {}}})
    target.clock.wait(20)
    restored = saved_state.restore(json.loads(json.dumps(saved_state.save(target))))
    assert restored.behaviours == {name: {}}
    assert vars(restored.pace) == vars(target.pace)


def test_a_state_in_which_something_is_under_way_is_not_saved():
    target = machine({**IIS, "behaviours": {"slow_stop": {}}})
    target.iis.stop_pool("DefaultAppPool")
    with pytest.raises(saved_state.CannotSave, match="has not ended yet"):
        saved_state.save(target)
    target.clock.wait(2)
    assert saved_state.save(target)["iis"]["pools"]["defaultapppool"] == "Stopped"
