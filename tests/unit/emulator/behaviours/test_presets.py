"""Named worlds, and worlds that are drawn from a seed."""

from __future__ import annotations

import pytest
from emulator.behaviours import presets
from emulator.behaviours.catalogue import BEHAVIOURS
from emulator.scenario.server import BadScenario
from in_process import machine


def test_the_lived_in_world_has_one_of_each():
    target = machine({"behaviours": "lived_in"}, "srv")
    assert target.behaviours == presets.PRESETS["lived_in"]
    target.clock.wait(10)
    assert {"Shop", "DefaultAppPool"} == set(target.iis.pools())


def test_a_mix_is_the_same_for_the_same_seed_and_others_differ():
    mixes = [presets.mix(seed) for seed in range(30)]
    assert mixes == [presets.mix(seed) for seed in range(30)]
    assert len({str(mixed) for mixed in mixes}) > 25
    assert all(3 <= len(mixed) <= 8 for mixed in mixes)


@pytest.mark.parametrize("seed", range(30))
def test_a_mix_is_a_world(seed):
    target = machine({"behaviours": {"mix": seed, "max_path": {}}}, "srv")
    assert target.behaviours == {**presets.mix(seed), "max_path": {}}
    target.clock.wait(10)


def test_every_behaviour_is_drawn_or_listed_as_left_out():
    assert presets.drawn() | presets.LEFT_OUT == set(BEHAVIOURS)
    assert not presets.drawn() & presets.LEFT_OUT
    assert {name for seed in range(1000) for name in presets.mix(seed)} == presets.drawn()


@pytest.mark.parametrize(
    ("given", "message"), [("none", "unknown preset"), ({"mix": "a"}, "mix is a seed"), ([1], "names with options")]
)
def test_what_is_no_world_is_refused(given, message):
    with pytest.raises(BadScenario, match=message):
        machine({"behaviours": given})
