"""What changed since the former record: intended, drift, or unknown; since when; and what was corrected."""

from __future__ import annotations

import pytest
import records
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import drift
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.rule import Severity
from records import OTHER, RULE, finding, record

SEVERITIES = {RULE: Severity.HIGH, OTHER: Severity.MEDIUM}
MASK = "********"


def compared(new, old):
    return drift.compared(record(*new, day=2), record(*old) if old is not None else None, SEVERITIES)


def of(actual="b", expected="a", state="fail", **more):
    return finding(RULE, state, about="x", actual=actual, expected=expected, **more)


FIRST = {"first_seen": "2027-01-01T10:00:00Z"}
CASES = {
    "no former record": (of(), None, "unknown"),
    "it was as wanted, the server changed": (of(), [finding(RULE, "pass", about="x", expected="a")], "drift"),
    "the wanted value changed": (of("b", "c"), [finding(RULE, "pass", about="x", expected="b")], "intended"),
    "a new property is wanted": (of("absent"), [finding(RULE, "pass")], "intended"),
    "something is there that nobody wanted": (of("b", "absent"), [finding(RULE, "pass")], "drift"),
    "a rule of the look": (finding(OTHER), [finding(OTHER, "pass")], "drift"),
    "the rule was unknown": (of(), [finding(RULE, "unknown")], "unknown"),
    "the rule did not apply": (of(), [finding(RULE, "not_applicable", about="x")], "unknown"),
    "still the same": (of(), [of(drift="intended", **FIRST)], "intended"),
    "changed again": (of("c"), [of(drift="intended", **FIRST)], "drift"),
    "a secret without fingerprints": (of(MASK, MASK), [finding(RULE, "pass", about="x", expected=MASK)], "unknown"),
    "a secret that the server changed": (
        of(MASK, MASK, wanted_print="1", actual_print="2"),
        [finding(RULE, "pass", about="x", expected=MASK, wanted_print="1")],
        "drift",
    ),
    "a secret that is to be changed": (
        of(MASK, MASK, wanted_print="3", actual_print="1"),
        [finding(RULE, "pass", about="x", expected=MASK, wanted_print="1")],
        "intended",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_intended_or_drift_or_nobody_knows(name):
    new, old, wanted = CASES[name]
    (one,) = compared([new], old)["findings"]
    assert one["drift"] == wanted
    assert one["last_seen"] == "2027-01-02T10:00:00Z"


def test_what_stays_keeps_the_time_at_which_it_was_first_seen():
    (one,) = compared([of()], [of(**FIRST)])["findings"]
    assert one["first_seen"] == FIRST["first_seen"]
    (one,) = compared([of()], [finding(RULE, "pass", about="x", expected="a")])["findings"]
    assert one["first_seen"] == "2027-01-02T10:00:00Z"


def test_new_drifted_and_corrected_findings_are_counted():
    done = compared(
        [of(), finding(OTHER, "pass")], [finding(RULE, "pass", about="x", expected="a"), finding(OTHER, "fail")]
    )
    assert done["changes"] == {"new": 1, "resolved": 1, "drift": 1}


def test_a_server_that_was_not_reached_has_corrected_nothing():
    done = drift.compared(records.record(day=2, unaudited="timeout"), record(of()), SEVERITIES)
    assert done["changes"] == {"new": 0, "resolved": 0, "drift": 0}


def test_a_record_carries_the_numbers_of_those_before_it():
    former = record(of(), finding(OTHER))
    for day in range(2, 20):
        former = drift.compared(record(of(), day=day), former, SEVERITIES)
    assert len(former["history"]) == drift.KEPT
    assert former["history"][-1] == {"time": "2027-01-18T10:00:00Z", "critical": 0, "high": 1, "medium": 0, "low": 0}
