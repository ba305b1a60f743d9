"""How findings are told apart and made smaller, held against a real side that is a second model with a fault."""

from __future__ import annotations

import itertools
import json

import measure_fidelity
import pytest
from emulator.process.powershell import Crashed
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


class Lossy(Faulty):
    """A real side without a fault that is lost in some of its first calls, by their numbers."""

    def __init__(self, *lost):
        self.lost, self.calls, self.names = set(lost), 0, []

    def lay(self, world, start, name):
        super().lay(world, start, name)
        self.names.append(name)

    def call(self, step, name):
        self.calls += 1
        if self.calls in self.lost:
            raise Crashed("lost")
        return self.modelled.call(step, name)


def test_a_sequence_in_which_the_engine_was_lost_is_begun_again_under_another_name_and_counted():
    real = Lossy(2, 3)
    tally = measuring.measure(modules()[MODULE], MODULE, real, 1, calls=1, fixed=False)
    assert (tally.crashes, tally.lost, tally.findings, tally.cases) == (2, [], [], 1)
    assert len(set(real.names)) == 3
    whole = measuring.measure(modules()[MODULE], MODULE, Lossy(), 1, calls=1, fixed=False)
    assert (tally.calls, tally.agreed) == (whole.calls, whole.agreed)


def test_a_sequence_in_which_the_engine_is_lost_each_time_is_no_case_and_is_told():
    tally = measuring.measure(modules()[MODULE], MODULE, Lossy(1, 2, 3), 1, calls=1, fixed=False)
    assert (tally.crashes, len(tally.lost), tally.cases) == (3, 1, 1)
    with pytest.raises(Crashed):
        measuring.measure(modules()[MODULE], MODULE, Lossy(*range(1, 100)), 1, calls=1, fixed=False)


@pytest.mark.nightly
def test_no_sequence_is_one_call_again_and_again():
    for module, world in modules().items():
        for sequence in itertools.islice(drawing.sequences(world, module, 1), 5):
            assert len(set(map(str, sequence.steps))) > 1, module


@pytest.mark.parametrize(
    ("calls", "spent", "made", "wanted"),
    [(300, 0, 0, 300), (300, 50, 100, 300), (300, 100, 100, 300), (300, 101, 100, 100), (10, 9, 2, 4)],
)
def test_a_slow_module_is_called_a_third_as_often(calls, spent, made, wanted):
    assert measuring._enough(calls, spent, made) == wanted


ROWS = {
    "agrees": {"calls": 9, "agreed": 7, "known_differences": 2, "sources": "now"},
    "differs": {"calls": 9, "agreed": 7, "known_differences": 1, "sources": "now"},
    "older": {"calls": 9, "agreed": 9, "known_differences": 0, "sources": "then"},
}


@pytest.mark.parametrize(
    ("named", "kept"), [([], {"agrees"}), (["agrees"], {"differs", "older"}), (["new"], {"agrees", "differs", "older"})]
)
def test_a_run_goes_on_with_what_agreed_under_the_same_model_or_with_all_that_was_not_named(
    named, kept, tmp_path, monkeypatch
):
    monkeypatch.setattr(measure_fidelity, "SUMMARY", tmp_path / "summary.json")
    monkeypatch.setattr(measure_fidelity, "_sources", lambda: "now")
    (tmp_path / "summary.json").write_text(json.dumps({"modules": ROWS, "seed": 5, "seconds": 1}))
    before = measure_fidelity._before(named or list(ROWS), again=bool(named))
    assert before["modules"].keys() == kept
    assert before["seed"] == 5


def test_without_a_summary_there_is_nothing_to_go_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_fidelity, "SUMMARY", tmp_path / "none.json")
    assert measure_fidelity._before([], again=False) == {}
