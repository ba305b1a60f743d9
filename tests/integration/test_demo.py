"""`make demo` itself: what it shows, and the summary that it writes."""

from __future__ import annotations

import json

import demo
import pytest

pytestmark = pytest.mark.nightly


def test_the_demo_installs_upgrades_and_rolls_back(monkeypatch, capsys):
    folder = demo.ROOT / "build" / "demo-test"
    monkeypatch.setattr(demo, "FOLDER", folder)
    status = demo.main()
    shown = capsys.readouterr().out
    assert status == 0, shown[-4000:]
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert [host["second"]["changed"] for host in summary["hosts"].values()] == [0, 0, 0]
    assert [name for name, host in summary["hosts"].items() if host["lived_in"]] == ["berlin.contoso.com"]
    assert "berlin.contoso.com     is lived in: a German Windows with neighbours" in shown
    upgrade = summary["upgrade"]
    assert {name: host["outcome"] for name, host in upgrade.items()} == {
        "paris.contoso.com": "upgraded",
        "berlin.contoso.com": "rolled_back",
    }
    assert all(host["outage_s"] > 0 for host in upgrade.values()), "the servers' time stood still"
    assert upgrade["paris.contoso.com"]["executions"] <= 16
    assert "was taken back: version 6.2.1.0 runs again. It was verified." in shown
