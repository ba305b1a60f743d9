"""A check tells in a result what somebody can use: Ansible keeps the results of all servers in memory."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health.check import Check, State

ALWAYS = {"id", "name", "state", "passed"}
ASKED = ALWAYS | {"found", "wanted", "basis"}
BAD = ASKED | {"remedy", "causes", "reason", "page"}


@pytest.mark.parametrize(
    ("state", "keys"),
    [
        (State.PASSED, ASKED),
        (State.FAILED, BAD),
        (State.UNKNOWN, BAD),
        (State.NOT_ASKED, ALWAYS | {"reason"}),
    ],
)
@pytest.mark.parametrize("told", [{}, {"remedy": "Start it.", "causes": ("It crashed.",), "reason": "r", "page": "p"}])
def test_each_state_has_its_keys_whatever_they_hold(state, keys, told):
    """Whoever reads a failed check in a template finds each key, and none that is empty for all but a few."""
    check = Check("pool_started", "pool", state, "Stopped", "Started", **told)
    assert check.facts.keys() == keys
    assert all(
        check.facts[key] == (list(value) if key == "causes" else value) for key, value in told.items() if key in keys
    )
