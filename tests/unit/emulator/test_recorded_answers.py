"""The model gives the answers that the unmodified modules gave on a real engine, to each world's fixed sequences."""

from __future__ import annotations

import pytest
from fidelity import judging, recording
from fidelity.worlds import worlds

CASES = [
    pytest.param(world, number, id=f"{world.name}-{number}") for world in worlds() for number in range(len(world.fixed))
]


@pytest.mark.parametrize(("world", "number"), CASES)
def test_the_model_answers_as_recorded(world, number):
    recorded = recording.Recorded(recording.load(world)[number])
    sequence = world.fixed[number]
    judged = judging.run(world, recorded, sequence, recording.NAME)
    assert [str(d) for verdict in judged for d in verdict.unexplained] == []
    assert [verdict.step for verdict in judged] == list(sequence.steps), "the states part: see the known differences"


def test_each_measured_module_has_a_fixed_sequence():
    for world in worlds():
        assert set(world.steps) <= {step.module for sequence in world.fixed for step in sequence.steps}, world.name
