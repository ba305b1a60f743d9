"""The pages: what they tell, what they must not do with hostile values, and when the play fails."""

from __future__ import annotations

import csv
import datetime
import html.parser
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import records
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.catalogue import RULES
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.report import tables
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import evidence, reporting
from records import HOSTILE, OTHER, RULE, finding, record

NOW = datetime.datetime(2027, 1, 15, 12, tzinfo=datetime.UTC)


def written(folder, results, **options):
    arguments = {"results": results, "servers": [], "waivers": [], "operator": "Jane", "title": "Agents", **options}
    return reporting.written(folder, arguments, NOW)


def result(*findings, **more):
    return {"record": record(*findings, **more)}


class Page(html.parser.HTMLParser):
    """The elements and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_stays_a_text_everywhere(text, tmp_path):
    one = finding(RULE, about=text, expected=text, actual=text, reason=text, variable=text, place=text)
    bad = result(one, server=text, operator=text, windows={"product_name": text})
    bad["record"]["certificates"] = [
        {"use": text, "subject": text, "thumbprint": text, "until": "2027-02-01T00:00:00+00:00"}
    ]
    if "\ud800" in text:  # no name of a server holds half a character
        bad["record"]["server"] = "paris"
    name = bad["record"]["server"]
    written(tmp_path, {name: bad, "rome": {"unreachable": True, "msg": text}}, title=text.replace("\ud800", ""))
    page = Page((tmp_path / "report.html").read_text("utf-8", "surrogatepass"))
    plain = tmp_path / "plain"
    written(plain, {"a": result(finding(RULE, about="x", expected="x", actual="x", reason="x"))})
    usual = {tag for tag, _attributes in Page((plain / "report.html").read_text("utf-8")).elements}
    assert {tag for tag, _attributes in page.elements} <= {*usual, "p", "table", "span", "code", "br"}
    assert [tag for tag, _attributes in page.elements].count("script") == 1
    handlers = [key for _tag, attributes in page.elements for key in attributes if key.startswith("on")]
    assert handlers == []
    assert not [a for _t, a in page.elements if re.match(r"\s*javascript:", str(a.get("href", "")), re.IGNORECASE)]
    ET.parse(tmp_path / "junit.xml")
    json.loads((tmp_path / "report.json").read_text("utf-8", "surrogatepass"))
    with (tmp_path / "findings.csv").open(encoding="utf-8", errors="surrogatepass", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_a_formula_is_neutralised_and_a_text_is_not_changed(start):
    assert tables.neutral(f"{start}1+1") == f"'{start}1+1"
    assert tables.neutral(f"a{start}1") == f"a{start}1"


def test_the_page_asks_nobody_for_anything(tmp_path):
    written(tmp_path, {"paris": result(finding())})
    text = (tmp_path / "report.html").read_text("utf-8")
    page = Page(text)
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", text)
    assert {tag for tag, _attributes in page.elements} & {"img", "iframe", "object", "embed"} == set()
    assert [a["href"] for tag, a in page.elements if tag == "link"] == ["data:,"]


def test_the_headline_counts_what_a_manager_reads(tmp_path):
    found = {
        "sound": result(finding(RULE, "pass"), finding(OTHER, "not_applicable")),
        "bad": result(finding(RULE), finding(OTHER), server="bad"),
        "open": result(finding(RULE, "unknown", reason="no answer"), server="open"),
        "lost": {"unreachable": True, "msg": "timed out"},
        "broken": {"failed": True, "msg": "the probe did not answer"},
    }
    made = written(tmp_path, found)
    totals = made.fleet["totals"]
    assert (totals["servers"], totals["sound"], totals["with_findings"], totals["undecided"], totals["unreached"]) == (
        5, 1, 1, 1, 2,
    )  # fmt: skip
    assert totals["worst"] == "high"
    text = " ".join(" ".join(Page((tmp_path / "report.html").read_text("utf-8")).texts).split())
    assert "1 of 5 agents are sound" in text
    assert "2 could not be audited" in text
    assert "it could not be reached: timed out" in text
    assert RULES[RULE].why in text
    assert RULES[RULE].remedy in text


def test_a_page_is_made_again_from_the_records_alone(tmp_path):
    first = written(tmp_path, {"paris": result(finding(actual="x"))})
    for name in reporting.PAGES:
        (tmp_path / name).unlink()
    again = written(tmp_path, {})
    assert again.fleet == first.fleet
    assert evidence.checked(tmp_path, "", first.heads)["evidence"] == "consistent"


def test_only_servers_of_the_inventory_are_on_the_page(tmp_path):
    written(tmp_path, {"paris": result(), "gone": result(server="gone")})
    made = written(tmp_path, {}, servers=["paris", "new"])
    assert [one["server"] for one in made.fleet["servers"]] == ["paris"]
    assert set(made.heads) == {"paris"}


@pytest.mark.parametrize(
    ("fail_on", "fails"), [("never", False), ("critical", False), ("high", True), ("medium", True), ("low", True)]
)
def test_the_play_fails_from_a_severity_on(fail_on, fails, tmp_path):
    made = written(tmp_path, {"paris": result(finding(RULE))})
    told = reporting.summary.fails(made.fleet, fail_on)
    assert bool(told) is fails
    assert not fails or "found 1 high findings, wanted none of severity" in told


def test_a_server_that_was_not_audited_fails_the_play_too(tmp_path):
    made = written(tmp_path, {"paris": {"unreachable": True, "msg": "x"}})
    assert reporting.summary.fails(made.fleet, "critical").startswith("1 servers were not audited")
    assert reporting.summary.fails(made.fleet, "never") == ""


def test_what_is_waived_or_unknown_fails_nothing_and_is_skipped_for_build_servers(tmp_path):
    waived = finding(RULE, about="x")
    waiver = {"rule": RULE, "hosts": ["*"], "reason": "r", "approved_by": "Jane", "until": "2027-03-01"}
    found = [waived, finding(OTHER, "unknown", reason="why"), finding(OTHER, "pass", about="y")]
    made = written(tmp_path, {"paris": result(*found)}, waivers=[waiver])
    assert reporting.summary.fails(made.fleet, "low") == ""
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "3",
        "0",
        "0",
        "2",
    )
    assert [one.get("message") for one in suite.iter("skipped")] == ["waived: r", "unknown: why"]


def test_nothing_is_written_with_waivers_or_a_key_that_cannot_be(tmp_path):
    for options in ({"waivers": [{"rule": "x"}]}, {"signing_key": "no key"}):
        with pytest.raises(Refused):
            written(tmp_path / "folder", {"paris": result()}, **options)
    assert not (tmp_path / "folder").exists()


def test_signed_records_are_said_to_be_signed(tmp_path):
    made = written(tmp_path, {"paris": result(finding())}, signing_key=records.PEM)
    assert evidence.checked(tmp_path, records.PUBLIC, made.heads)["evidence"] == "authentic"
    assert made.fleet["servers"][0]["signed"]
    assert "PRIVATE" not in "".join(path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file())


def peak(folder):
    """Return the memory, in bytes, that a process has taken at most that makes the pages of a folder anew."""
    made = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("make_pages.py")), str(folder)],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return int(made.stdout.splitlines()[-1])


@pytest.mark.nightly
@pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="part of make test-all")
def test_a_thousand_servers_take_25_times_reading_them_and_twice_as_many_twice(tmp_path):
    took = {}
    for number in (500, 1000):
        folder = tmp_path / str(number)
        for whole in records.fleet(number):
            reporting.Store(folder).add(whole, None)
        began = time.process_time()
        for path in folder.rglob("*.json"):
            json.loads(path.read_bytes())
        reading = time.process_time() - began
        began = time.process_time()
        written(folder, {})
        took[number] = time.process_time() - began
        assert took[number] <= 25 * reading
    assert took[1000] <= 2.2 * took[500]
    assert (tmp_path / "1000" / "report.html").stat().st_size <= 8 * 2**20
    assert peak(tmp_path / "1000") <= 400 * 2**20
    print({name: round(value, 2) for name, value in took.items()}, round(reading, 2))
