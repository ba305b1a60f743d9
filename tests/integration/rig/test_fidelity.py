"""A small part of make fidelity: for a few modules one drawn sequence on the engine, always the same; at night for all."""

from __future__ import annotations

import os

import pytest
from fidelity import measuring
from fidelity.sides import Real
from fidelity.worlds import modules

pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]
SEED = 1
ALWAYS = {"ansible.windows.slurp", "ansible.windows.win_reg_stat"}
AT_NIGHT = (
    pytest.mark.nightly,
    pytest.mark.skipif(
        not os.environ.get("IMOPS_NIGHTLY"),
        reason="takes minutes: run by make test-all; make test holds the model to recorded answers",
    ),
)


@pytest.mark.parametrize(
    "module", [module if module in ALWAYS else pytest.param(module, marks=AT_NIGHT) for module in modules()]
)
def test_the_model_agrees_with_the_module(engine, module):
    tally = measuring.measure(modules()[module], module, Real(engine), SEED, calls=1, fixed=False)
    assert tally.calls
    assert not tally.findings, "\n".join(map(str, tally.findings))


def test_the_few_modules_are_measured_ones():
    assert modules().keys() >= ALWAYS
