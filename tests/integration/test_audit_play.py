"""`playbooks/audit.yml` over the wire: a bare server and one that nobody reaches, a report, and no write."""

from __future__ import annotations

import json
import os

import demo
import emulated
import pytest

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="part of make test-all"),
]
AUDIT = "imops.identity_manager.audit"
ADDED = """
agents:
  hosts:
    lost.contoso.com: {ansible_connection: ssh, ansible_host: 127.0.0.9, ansible_port: 9}
"""


def dumps(fleet):
    """Return what each of the servers is."""
    return {name: fleet.command("dump", "--host", name)["state"] for name in fleet.ready["hosts"]}


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Audit the demo's servers as they are before their first run, with one more that does not answer."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "lost.yml").write_text(ADDED, "utf-8")
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", folder) as fleet:
        before = dumps(fleet)
        fleet.command("reset")
        words = [*demo.prepare(), "-e", f"im_audit_folder={folder / 'records'}", "-e", "im_audit_fail_on=high"]
        words += ["--limit", "paris.contoso.com,lost.contoso.com"]
        inventories = [demo.CONTOSO / "inventory.yml", folder / "lost.yml"]
        run = emulated.playbook(fleet, AUDIT, *words, inventories=inventories)
        counted = {name: fleet.counters(name)["remote_executions"] for name in fleet.ready["hosts"]}
        yield run, folder / "records", counted, (before, dumps(fleet))


def test_the_play_fails_as_asked_after_everything_is_written(audited):
    run, records, _counted, _states = audited
    assert run.status, run.output
    assert "Everything was written" in run.output, run.output
    assert {path.name for path in records.iterdir() if path.is_file()} == {
        "report.html",
        "report.json",
        "findings.csv",
        "junit.xml",
    }


def test_each_server_is_asked_twice_at_most_and_stays_as_it_is(audited):
    _run, _records, counted, (before, after) = audited
    assert max(counted.values()) <= 2
    assert json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def test_a_server_that_nobody_reaches_is_in_the_report(audited):
    _run, records, _counted, _states = audited
    fleet = json.loads((records / "report.json").read_text("utf-8"))
    assert fleet["totals"]["unreached"] == 1
    unaudited = {one["server"]: one["unaudited"] for one in fleet["servers"]}
    assert unaudited["lost.contoso.com"].startswith("it could not be reached")
    assert unaudited["paris.contoso.com"] == ""
