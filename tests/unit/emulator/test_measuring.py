"""How findings are told apart and made smaller, held against a real side that is a second model with a fault."""

from __future__ import annotations

import itertools

from fidelity import drawing, measuring
from fidelity.sides import Modelled
from fidelity.world import named
from fidelity.worlds import modules

MODULE = "ansible.windows.win_environment"


class Faulty:
    """A real side whose module names the sequence in a key of its result, as a diff does with its path."""

    def prepare(self, world):
        self.machine = world.machine()

    def lay(self, world, start, name):
        self.machine = world.machine()
        world.lay(self.machine, named(start, name), name)
        self.modelled = Modelled(self.machine)

    def read(self, world, name):
        return world.read(self.machine, name)

    def call(self, step, name):
        return {**self.modelled.call(step, name), f"about {name}": 1}


def test_one_fault_is_one_finding_and_made_smaller_whatever_the_sequences_are_called():
    tally = measuring.measure(modules()[MODULE], MODULE, Faulty(), 1, calls=20)
    assert tally.calls >= 20
    assert tally.agreed == 0
    assert len(tally.findings) == 1
    assert len(tally.findings[0].sequence.steps) == 1


def test_no_sequence_is_one_call_again_and_again():
    for module, world in modules().items():
        for sequence in itertools.islice(drawing.sequences(world, module, 1), 5):
            assert len(set(map(str, sequence.steps))) > 1, module
