"""A small part of make fidelity, at night: for each module one drawn sequence on the engine, always the same. By day
the model is held to recorded answers.
"""

from __future__ import annotations

import warnings

import pytest
from fidelity import measuring
from fidelity.sides import Real
from fidelity.worlds import modules
from powershell import Lost

pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]
SEED = 1


class Once:
    """The session's engine for what begins anew by itself when it is lost."""

    def __init__(self, engine):
        self.script = engine.once


@pytest.mark.nightly
@pytest.mark.parametrize("module", modules())
def test_the_model_agrees_with_the_module(engine, module):
    tally = measuring.measure(modules()[module], module, Real(Once(engine)), SEED, calls=1, fixed=False)
    if tally.crashes:
        warnings.warn(Lost(f"{module}: lost {tally.crashes} times, the sequence was begun again"), stacklevel=1)
    assert not tally.lost, f"the engine was lost each time in {tally.lost}"
    assert tally.calls
    assert not tally.findings, "\n".join(map(str, tally.findings))
