"""A job of a rollout is killed while an agent is stopped for another version; another job completes the rollout."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import emulated
import pytest
import rollout_of_upgrades as upgrades
from chain import POOL
from rollout_of_upgrades import FORMER_VERSION, NEW_VERSION, states, versions

pytestmark = pytest.mark.nightly

WELL, CUT, LAST = NAMES = [f"{name}.contoso.com" for name in ("agent1", "agent2", "agent3")]
SLOW = {"module": "*", "do": "slow", "seconds": 1}
WAIT = 300


def parents():
    """Return the parent of each process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found[int(path.parent.name)] = int(path.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
    return found


def descendants(pid):
    """Return a process and all below it. Ansible's workers have sessions of their own, and would live on."""
    known, found = parents(), [pid]
    for one in found:
        found += [child for child, parent in known.items() if parent == one]
    return found


def is_down(fleet, name):
    return fleet.command("dump", "--host", name)["state"]["iis"]["pools"][POOL] != "Started"


def killed_while_stopped(fleet, folder, rollout, kind, hosts, **more):
    """Begin a rollout, and kill it when the agent of CUT is stopped; return the servers that are down then."""
    fleet.command("fault", "--host", CUT, "--fault", json.dumps(SLOW))
    command = [str(emulated.ansible_playbook()), upgrades.PLAYBOOK, *upgrades.words(folder, rollout, kind, **more)]
    for path in (fleet.inventory, upgrades.inventory(folder, hosts)):
        command += ["-i", str(path)]
    with (folder / "killed.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=fleet.folder,
            env=emulated.environment(fleet),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + WAIT
        while not is_down(fleet, CUT):
            assert process.poll() is None, (folder / "killed.txt").read_text("utf-8")[-4000:]
            assert time.monotonic() < deadline, (folder / "killed.txt").read_text("utf-8")[-4000:]
    finally:
        for pid in descendants(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
    fleet.command("fault", "--host", CUT)
    return {name for name in hosts if is_down(fleet, name)}


@pytest.mark.parametrize(
    ("kind", "cut", "outcome", "last"),
    [
        ("upgrade", None, "done", "done"),
        ("upgrade", upgrades.BROKEN, "rolled_back", "held"),
        ("rollback", None, "done", "done"),
    ],
    ids=["completed", "taken back", "rollback completed"],
)
def test_a_server_whose_job_was_killed_is_completed_or_taken_back_by_the_next_job(kind, cut, outcome, last, tmp_path):
    more = {"im_agent_rollback_version": FORMER_VERSION} if kind == "rollback" else {}
    hosts = {name: cut if name == CUT else None for name in NAMES}
    before, after = (NEW_VERSION, FORMER_VERSION) if kind == "rollback" else (FORMER_VERSION, NEW_VERSION)
    with emulated.fleet(upgrades.scenario(tmp_path, NAMES), tmp_path / "fleet") as fleet:
        if kind == "rollback":
            run, _servers, _touched = upgrades.rolled_out(
                fleet, tmp_path, "first", "upgrade", hosts, im_rollout_budget="3"
            )
            assert run.status == 0, run.output[-4000:]
        assert killed_while_stopped(fleet, tmp_path, "night", kind, hosts, **more) == {CUT}
        assert sorted(path.name for path in (tmp_path / "ledger" / "night" / "servers").iterdir()) == [
            f"{name}.001.jsonl" for name in (WELL, CUT)
        ]

        run, servers, touched = upgrades.rolled_out(fleet, tmp_path, "night", kind, hosts, **more)
        wanted = {WELL: "done", CUT: outcome, LAST: last}
        assert states(servers) == wanted, run.output[-6000:]
        assert (run.status == 0) is (outcome == "done")
        assert touched == ({CUT, LAST} if last == "done" else {CUT}), "no finished server is touched"
        assert not any(is_down(fleet, name) for name in NAMES)
        assert (servers[WELL]["attempt"], servers[CUT]["attempt"]) == (1, 2)
        assert versions(servers[CUT])[1] == (after if outcome == "done" else before)
        if last == "done":
            assert servers[LAST]["began"] >= servers[CUT]["ended"], "one at a time is down"
            assert versions(servers[LAST]) == (before, after)
