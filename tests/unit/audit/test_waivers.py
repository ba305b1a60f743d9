"""Waivers: a reason, a name and an end; errors for what fits nothing; expired ones are told."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import waivers
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.catalogue import RULES
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from records import OTHER, RULE, finding, record

SERVERS = ["paris.contoso.com", "berlin.contoso.com"]
GOOD = {
    "rule": RULE,
    "hosts": ["PARIS.*"],
    "reason": "ticket 4711",
    "approved_by": "Jane Doe",
    "until": "2027-01-31",
}


def at(text):
    return datetime.datetime.fromisoformat(text)


def of(**changes):
    return waivers.of([{**GOOD, **changes}], RULES, SERVERS)


def applied(now, server="paris.contoso.com", rule=RULE, about="x", **changes):
    (one,) = waivers.applied(record(finding(rule, about=about), server=server), of(**changes), at(now))["findings"]
    return one


def test_a_waiver_holds_until_the_end_of_its_day_in_utc():
    told = applied("2027-01-31T23:59:59+00:00")
    assert told["state"] == "waived"
    assert told["waiver"] == {"reason": "ticket 4711", "approved_by": "Jane Doe", "until": "2027-01-31"}
    assert applied("2027-02-01T01:30:00+02:00")["state"] == "waived"
    over = applied("2027-02-01T00:00:00+00:00")
    assert over["state"] == "fail"
    assert over["reason"] == "the waiver of Jane Doe expired on 2027-01-31"


@pytest.mark.parametrize(
    "changes",
    [{"server": "berlin.contoso.com"}, {"rule": OTHER}, {"about": "y", "hosts": "paris.*"}],
    ids=["another server", "another rule", "another thing"],
)
def test_a_waiver_covers_nothing_else(changes):
    fits = {"about": "x"}
    (waiver,) = waivers.of([{**GOOD, "about": "x"}], RULES, SERVERS)
    changes = {**fits, **changes}
    changes.pop("hosts", None)
    one = finding(changes.get("rule", RULE), about=changes["about"])
    assert not waiver.covers(changes.get("server", "paris.contoso.com"), one)
    assert waiver.covers("paris.contoso.com", finding(RULE, about="x"))


@pytest.mark.parametrize("until", [datetime.date(2027, 1, 31), datetime.datetime(2027, 1, 31, 8), "2027-01-31"])
def test_a_date_is_read_as_yaml_gives_it(until):
    assert of(until=until)[0].until == datetime.date(2027, 1, 31)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rule": "pool.nonsense"}, "found the rule 'pool.nonsense', wanted one of docs/rules.md"),
        ({"hosts": ["rome.*"]}, "found the pattern 'rome.*', which no server of the inventory fits"),
        ({"hosts": []}, "found no hosts"),
        ({"reason": ""}, "found no reason"),
        ({"until": None}, "found no until"),
        ({"until": "2027-02-30"}, "until: found '2027-02-30', wanted a date such as 2027-03-31"),
        ({"until": "soon"}, "until: found 'soon', wanted a date"),
        ({"expires": "2027-01-01"}, "found expires, wanted only"),
    ],
)
def test_a_waiver_that_can_hold_for_nothing_is_an_error(changes, told):
    with pytest.raises(Refused) as refused:
        of(**changes)
    assert told in str(refused.value)
    assert "entry 1" in str(refused.value)


@pytest.mark.parametrize("given", [{}, "x", ["x"]])
def test_what_is_no_list_of_waivers_is_an_error(given):
    with pytest.raises(Refused, match="waivers: "):
        waivers.of(given, RULES, SERVERS)


@pytest.mark.parametrize(
    ("now", "told"),
    [("2027-01-16", []), ("2027-01-17", ["ends on"]), ("2027-01-31", ["ends on"]), ("2027-02-01", ["expired on"])],
)
def test_a_waiver_that_ends_soon_is_told(now, told):
    found = list(waivers.warnings(of(), at(f"{now}T12:00:00+00:00")))
    assert len(found) == len(told)
    assert all(text in one for text, one in zip(told, found, strict=True))
