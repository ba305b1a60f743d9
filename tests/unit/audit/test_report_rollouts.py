"""The rollouts on the fleet's page: who, when, versions, outage and outcome, from their records."""

from __future__ import annotations

import datetime
import json

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.report import rollouts
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import reporting
from records import HOSTILE, RULE, finding, record
from rollout_records import rollout, server
from test_report import Page

NOW = datetime.datetime(2027, 1, 15, 12, tzinfo=datetime.UTC)


def written(folder, *records):
    """Write records of rollouts, then the pages; return what was made and the page."""
    kept = folder / "rollouts"
    for number, one in enumerate(records):
        place = kept / str(number)
        place.mkdir(parents=True)
        (place / "record.json").write_text(one if isinstance(one, str) else json.dumps(one), "utf-8")
    results = {"paris": {"record": record(finding(RULE, "pass"))}}
    given = {"results": results, "servers": [], "waivers": [], "operator": "", "title": "Agents", "rollouts": str(kept)}
    made = reporting.written(folder / "audit", given, NOW)
    return made, Page((folder / "audit" / "report.html").read_text("utf-8", "surrogatepass"))


def text(page):
    return " ".join(" ".join(page.texts).split())


def test_a_rollout_is_told_with_its_servers(tmp_path):
    lost = server("b.contoso.com", state="lost", outage=None, why="timed out", ended="", to_version="")
    made, page = written(tmp_path, rollout(server("a.contoso.com"), lost, server("c", state="held", changed=False)))
    told = text(page)
    for part in (
        "january upgrade 1 done 1 lost 1 held 2027-01-10 22:00 UTC, not finished",
        "By anna. Budget: 1 and 10% after 20. Window: mon-fri 22:00-04:00 Europe/Paris.",
        "The longest outage of an agent was 12 s.",
        "a.contoso.com 1 done 12 s 6.1.1 → 6.1.2 2027-01-10 22:05 UTC",
        "b.contoso.com 1 lost not known 6.1.1 – timed out",
    ):
        assert part in told
    assert made.fleet["rollouts"][0]["totals"] == {"done": 1, "lost": 1, "held": 1}
    assert json.loads((tmp_path / "audit" / "report.json").read_text("utf-8"))["rollouts"] == made.fleet["rollouts"]
    assert made.warnings == []


def test_without_a_rollout_the_page_has_no_such_part(tmp_path):
    made, page = written(tmp_path)
    assert made.fleet["rollouts"] == []
    assert "Rollouts" not in text(page)


def test_the_newest_come_first_and_old_ones_are_left_to_their_folders(tmp_path):
    made, _page = written(tmp_path, *(rollout(server("a"), name=f"r{day:02}", day=day) for day in range(1, 16)))
    assert [one["rollout"] for one in made.fleet["rollouts"]] == [f"r{day:02}" for day in range(15, 5, -1)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "Expecting property name"),
        ("[]", "found schema list, wanted 1"),
        (json.dumps(rollout(schema=2)), "found schema 2, wanted 1"),
        (json.dumps(rollout(servers=["a"])), "servers: wanted a list of objects"),
        (json.dumps(rollout(jobs=None)), "jobs: wanted a list of objects"),
    ],
)
def test_a_record_that_cannot_be_read_is_named_and_the_others_are_told(content, told, tmp_path):
    made, _page = written(tmp_path, content, rollout(server("a")))
    (warning,) = made.warnings
    assert warning.startswith(f"the record of a rollout is left out: {tmp_path / 'rollouts' / '0' / 'record.json'}: ")
    assert told in warning
    assert [one["rollout"] for one in made.fleet["rollouts"]] == ["january"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_value_of_a_record_stays_a_text(hostile, tmp_path):
    _made, usual = written(tmp_path / "usual", rollout(server("a", state="another")))
    one = server(hostile, state=hostile, why=hostile, from_version=hostile, to_version=hostile, outage=hostile)
    _made, page = written(tmp_path, rollout(one, name=hostile, kind=hostile, began=hostile, window=[hostile]))
    assert [tag for tag, _attributes in page.elements] == [tag for tag, _attributes in usual.elements]
    assert not [name for _tag, attributes in page.elements for name in attributes if name.startswith("on")]


def test_nothing_but_the_known_fields_gets_to_the_page():
    canary = "canary-of-a-record-19b2"
    given = rollout(server("a", password=canary), token=canary)
    given["jobs"][0]["token"] = given["budget"]["token"] = given["waves"][0]["token"] = canary
    assert canary not in json.dumps(rollouts.told(given))
