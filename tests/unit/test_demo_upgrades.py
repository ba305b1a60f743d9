"""What the demo judges of its upgrades."""

from __future__ import annotations

import demo
import pytest

NAME = "paris.contoso.com"
UPGRADED = {"upgrade": {"outcome": "upgraded", "outage_s": 7.0}, "stats": {"failures": 0}, "verified": True}
BACK = {"upgrade": {"outcome": "rolled_back", "outage_s": 9.0}, "stats": {"failures": 1}, "verified": True}


def test_both_outcomes_are_as_wanted():
    assert demo.upgrade_problems(NAME, "upgraded", UPGRADED) == []
    assert demo.upgrade_problems(NAME, "rolled_back", BACK) == []


@pytest.mark.parametrize(
    ("wanted", "host", "problem"),
    [
        ("upgraded", BACK, "outcome is rolled_back, wanted upgraded"),
        ("rolled_back", UPGRADED, "outcome is upgraded, wanted rolled_back"),
        ("upgraded", {}, "outcome is none"),
        ("upgraded", UPGRADED | {"upgrade": {"outcome": "upgraded", "outage_s": None}}, "was not measured"),
        ("upgraded", UPGRADED | {"stats": {"failures": 1}}, "1 tasks of the upgrade failed, wanted 0"),
        ("rolled_back", BACK | {"stats": {"failures": 0}}, "0 tasks of the upgrade failed, wanted 1"),
        ("upgraded", UPGRADED | {"verified": False}, "not verified"),
        ("rolled_back", BACK | {"verified": None}, "not verified"),
    ],
)
def test_each_problem_is_told(wanted, host, problem):
    found = demo.upgrade_problems(NAME, wanted, host)
    assert any(problem in one for one in found), found
    assert all(one.startswith(NAME) for one in found)
