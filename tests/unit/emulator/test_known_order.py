"""The entry of the table for attributes that .NET sets in another order takes that difference and no other."""

from __future__ import annotations

import pytest
from fidelity.known import ABSENT, Difference
from fidelity.worlds.pools import POOL, PoolsWorld

IDLE, TIME, SCHEDULE = (
    "processModel.idleTimeout",
    "recycling.periodicRestart.time",
    "recycling.periodicRestart.schedule",
)
FAILED = {
    "failed": True,
    "changed": True,
    "msg": f"Failed to set attribute to Web App Pool x. Attribute: {TIME}, Value: 00:00:00.0000001, Exception: no",
}
ENTRIES = [entry for entry in PoolsWorld.known if entry.name.endswith("before a refusal")]


def taken(field, attributes=(IDLE, TIME), check=False, results=(FAILED, FAILED)):
    """Return the names of the entries that take a difference."""
    arguments = {"name": "x", "attributes": dict.fromkeys(attributes, 1)}
    difference = Difference(POOL, arguments, check, field, ABSENT, "00:00:00", results)
    return [entry.name for entry in ENTRIES if entry.takes(difference)]


@pytest.mark.parametrize(
    ("field", "attributes"),
    [
        (("state", "pool x", "/processModel[0]@idleTimeout"), (IDLE, TIME)),
        (("state", "pool x", "/processModel[0]@idleTimeout"), ("PROCESSMODEL.idletimeout", TIME)),
        (("state", "pool x", "@queueLength"), ("queueLength", TIME)),
        (("state", "pool x", "/recycling[0]/periodicRestart[0]/schedule[0]/add[1]@value"), (SCHEDULE, TIME)),
        (("changed",), (IDLE, TIME)),
    ],
)
def test_what_another_attribute_of_the_refused_call_set_may_differ(field, attributes):
    assert taken(field, attributes)


@pytest.mark.parametrize(
    "case",
    [
        {"field": ("state", "pool x", "/recycling[0]/periodicRestart[0]@time")},
        {"field": ("state", "pool x", "@queueLength")},
        {"field": ("state", "pool x", "state")},
        {"field": ("msg",)},
        {"field": ("changed",), "attributes": (TIME,)},
        {"field": ("changed",), "check": True},
        {"field": ("changed",), "results": (FAILED, {"changed": True})},
        {"field": ("changed",), "results": ({**FAILED, "msg": FAILED["msg"] + "!"}, FAILED)},
    ],
)
def test_nothing_else_may_differ(case):
    assert taken(**case) == []
