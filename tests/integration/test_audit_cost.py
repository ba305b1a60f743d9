"""What an audit costs the controller, side by side with ``install --check`` that finds nothing to do."""

from __future__ import annotations

import resource
import statistics

import demo
import emulated
import pytest

pytestmark = pytest.mark.nightly
ROUNDS = 5
MOST = 1.3


def cost(fleet, playbook, *words):
    """Return the seconds of CPU that a playbook takes with all its workers."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = emulated.playbook(
        fleet, f"imops.identity_manager.{playbook}", *words, inventories=[demo.CONTOSO / "inventory.yml"]
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.status == 0, run.output
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_an_audit_costs_at_most_1_3_times_a_check_with_nothing_to_do(tmp_path):
    words = demo.prepare()
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", tmp_path / "fleet") as fleet:
        cost(fleet, "install", *words)
        took = {"install": [], "audit": []}
        for _round in range(ROUNDS):
            took["install"].append(cost(fleet, "install", *words, "--check"))
            took["audit"].append(cost(fleet, "audit", *words, "-e", f"im_audit_folder={tmp_path / 'audit'}"))
    medians = {name: statistics.median(all_) for name, all_ in took.items()}
    print({name: [round(one, 2) for one in all_] for name, all_ in took.items()}, medians)
    assert medians["audit"] <= MOST * medians["install"]
