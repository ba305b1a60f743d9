"""An audit in three slices, each transmitted to a worker with a private data directory of its own, as AWX distributes
jobs: the records and the report are those of one direct run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import demo
import emulated
import pytest
import test_runner

pytestmark = pytest.mark.nightly
SERVERS = ("berlin.contoso.com", "madrid.contoso.com", "paris.contoso.com")
INSTALLED = "paris.contoso.com"
GUIDE = demo.ROOT / "docs" / "audit.md"
OF_THE_RUN = ("time", "made", "first_seen", "last_seen", "digest", "previous")
"""What another run of the same audit may tell differently."""
CLOCK = "look.time-skew"
"""A rule that measures the clocks when it is asked: a machine that is busy for minutes has other ones."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Start three servers, of which one has the agent."""
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", tmp_path_factory.mktemp("workers")) as running:
        words = [*demo.prepare(), "--limit", INSTALLED]
        run = emulated.playbook(
            running, "imops.identity_manager.install", *words, inventories=[demo.CONTOSO / "inventory.yml"]
        )
        assert run.status == 0, run.output
        yield running


def lay(fleet, folder, servers):
    """Lay out a job whose inventory has these servers alone, as AWX cuts slices."""
    test_runner.lay(fleet, folder, "audit", {"im_audit_folder": str(folder / "audit"), "im_audit_operator": "awx"}, {})
    (folder / "env" / "cmdline").write_text("--ask-vault-pass", "utf-8")
    for name in ("hosts.yml", "organisation.yml"):
        path = folder / "inventory" / name
        path.write_text(without_others(path.read_text("utf-8"), servers), "utf-8")


def without_others(inventory, servers):
    """Return an inventory without the other servers; lines keep their numbers, which findings name."""
    lines, left_out = [], False
    for line in inventory.splitlines():
        server = re.match(r"( +)(\S+\.contoso\.com):", line)
        if server:
            left_out, depth = server[2] not in servers, len(server[1])
        elif left_out and line.strip() and len(line) - len(line.lstrip()) <= depth:
            left_out = False
        lines.append("" if left_out else line)
    return "\n".join(lines)


def runner(fleet, *words, given=b""):
    """Run ansible-runner and return what it printed."""
    environment = emulated.environment(fleet) | {"PATH": f"{test_runner.BINARIES}:{os.environ['PATH']}"}
    command = [test_runner.BINARIES / "ansible-runner", *words]
    done = subprocess.run(command, env=environment, input=given, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-4000:]
    return done.stdout


def sliced(fleet, folder):
    """Audit each server by a worker of its own; return the folders of the events that came back."""
    found = []
    for server in SERVERS:
        sent, worker, kept = (folder / f"{server}-{name}" for name in ("sent", "worker", "kept"))
        lay(fleet, sent, {server})
        worker.mkdir()
        kept.mkdir()
        job = runner(fleet, "transmit", sent, "-p", "job.yml")
        (sent / "project" / "job.yml").unlink()  # the worker has nothing but what was transmitted
        told = runner(fleet, "worker", "--private-data-dir", worker, given=job)
        runner(fleet, "process", kept, given=told)
        (events,) = kept.rglob("job_events")
        found.append(events)
    return found


def collected(fleet, folder, events):
    """Run the play of the guide that makes one report of several jobs; return where it is."""
    (play,) = (
        one for one in re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S) if "events" in one
    )
    (folder / "collect.yml").write_text(play, "utf-8")
    given = {"im_audit_folder": str(folder / "audit"), "job_events": [str(one) for one in events]}
    run = emulated.playbook(fleet, folder / "collect.yml", "-e", json.dumps(given))
    assert run.status == 0, run.output
    return folder / "audit"


def plain(value):
    """Return a value without what another run may tell differently."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in OF_THE_RUN}
    if isinstance(value, list):
        return [plain(one) for one in value if not (isinstance(one, dict) and one.get("rule") == CLOCK)]
    return value


def read(path: Path):
    return plain(json.loads(path.read_text("utf-8")))


def test_three_workers_give_the_records_and_the_report_of_one_direct_run(fleet, tmp_path):
    direct = tmp_path / "direct"
    lay(fleet, direct, set(SERVERS))
    runner(fleet, "run", direct, "-p", "job.yml")
    events = sliced(fleet, tmp_path)
    compare(collected(fleet, tmp_path, events), direct / "audit")
    assert not list(tmp_path.glob("*-kept/audit")), "a worker's own folder does not come back"


def compare(together, direct):
    """Check that two folders of an audit tell the same."""
    for server in SERVERS:
        record = read(together / server / "000001.json")
        assert record == read(direct / server / "000001.json")
        assert record["operator"] == "awx"
        assert len(record["findings"]) > 100
    reports = [read(folder / "report.json") for folder in (together, direct)]
    told = [[(one["server"], one["findings"], one["certificates"]) for one in report["servers"]] for report in reports]
    assert told[0] == told[1]
    assert [one[0] for one in told[0]] == list(SERVERS)
    passed = {one["server"]: one["states"]["pass"] for one in reports[0]["servers"]}
    assert passed.pop(INSTALLED) > 2 * max(passed.values()), "the audit tells servers apart"
    names = [{path.name for path in folder.iterdir() if path.is_file()} for folder in (together, direct)]
    assert names[0] == names[1] >= {"report.html", "report.json", "findings.csv", "junit.xml"}
