"""How long the agent was down in an upgrade: from the stop to the last answer of the server, in tenths of a second."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._upgrade import settle

STOPPED = "2026-12-01T10:00:00.2500000Z"
TIMES = {
    "half a second": (STOPPED, "2026-12-01T10:00:00.7499999Z", 0.5),
    "over midnight": ("2026-12-01T23:59:59.5Z", "2026-12-02T00:00:08.8000000Z", 9.3),
    "whole seconds": ("2026-12-01T10:00:00Z", "2026-12-01T10:00:03Z", 3.0),
    "a clock that was set back": (STOPPED, "2026-12-01T09:00:00.0000000Z", 0.0),
    "it was not stopped": ("", "2026-12-01T10:00:03Z", None),
}


@pytest.mark.parametrize("name", TIMES)
def test_an_outage_is_told_in_tenths_of_a_second(name):
    stopped, now, seconds = TIMES[name]
    wanted, note = SimpleNamespace(stopped_at=stopped), SimpleNamespace(ran=True)
    assert settle._outage(wanted, note, lambda _query: {"time": now}) == seconds
