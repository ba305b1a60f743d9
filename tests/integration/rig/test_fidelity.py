"""A small part of make fidelity: for each module one drawn sequence on the engine, always the same."""

from __future__ import annotations

import os

import pytest
from fidelity import measuring
from fidelity.sides import Real
from fidelity.worlds import modules

pytestmark = [
    pytest.mark.rig,
    pytest.mark.xdist_group("rig"),
    pytest.mark.nightly,
    pytest.mark.skipif(
        not os.environ.get("IMOPS_NIGHTLY"),
        reason="takes minutes: run by make test-all; make test holds the model to recorded answers",
    ),
]
SEED = 1


@pytest.mark.parametrize("module", modules())
def test_the_model_agrees_with_the_module(engine, module):
    tally = measuring.measure(modules()[module], module, Real(engine), SEED, calls=1, fixed=False)
    assert tally.calls
    assert not tally.findings, "\n".join(map(str, tally.findings))
