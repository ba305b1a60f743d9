"""`rollout.yml` with `upgrade` and `rollback` over the wire: one server upgraded, one taken back, one down, one held.

The servers are one with an agent of the former version, under four names.
"""

from __future__ import annotations

import emulated
import pytest
import rollout_of_upgrades as upgrades
from rollout_of_upgrades import FORMER_VERSION, NEW_VERSION, states, versions

pytestmark = pytest.mark.nightly

WELL, DOWN, BROKEN, LAST = NAMES = [f"{name}.contoso.com" for name in ("agent1", "agent2", "agent3", "agent4")]


def rolled_out(fleet, folder, rollout, kind, *, broken=None, **more):
    hosts = {name: broken if name == BROKEN else None for name in NAMES}
    return upgrades.rolled_out(fleet, folder, rollout, kind, hosts, **more)


def test_a_server_that_takes_its_upgrade_back_ends_the_rollout_and_all_go_back_together(tmp_path):
    with emulated.fleet(upgrades.scenario(tmp_path, NAMES, down={DOWN}), tmp_path / "fleet") as fleet:
        run, servers, touched = rolled_out(fleet, tmp_path, "new", "upgrade", broken=upgrades.BROKEN)
        wanted = {WELL: "done", DOWN: "was_down", BROKEN: "rolled_back", LAST: "held"}
        assert (states(servers), run.status != 0) == (wanted, True), run.output[-4000:]
        assert touched == {WELL, DOWN, BROKEN}
        assert versions(servers[WELL]) == (FORMER_VERSION, NEW_VERSION)
        assert versions(servers[BROKEN]) == (FORMER_VERSION, FORMER_VERSION)
        assert all(servers[name]["outage"] >= 0 and servers[name]["changed"] for name in (WELL, BROKEN)), servers
        assert servers[DOWN]["changed"] is False
        assert servers[LAST]["why"] == f"the budget is spent: 1 of 1 failed ({BROKEN})"
        told = f"version {FORMER_VERSION} runs again and was verified: {BROKEN}: found checks that fail with version"
        assert servers[BROKEN]["why"].startswith(told), servers[BROKEN]

        # The archive that does not start is replaced in the inventory, and the server is named.
        run, servers, touched = rolled_out(fleet, tmp_path, "new", "upgrade", im_rollout_retry=[BROKEN])
        wanted = {WELL: "done", DOWN: "was_down", BROKEN: "done", LAST: "done"}
        assert (states(servers), run.status) == (wanted, 0), run.output[-4000:]
        assert touched >= {DOWN, BROKEN, LAST}
        assert {versions(servers[name]) for name in (WELL, BROKEN, LAST)} == {(FORMER_VERSION, NEW_VERSION)}

        back = {"im_agent_rollback_version": FORMER_VERSION, "im_rollout_budget": "3"}
        run, servers, touched = rolled_out(fleet, tmp_path, "back", "rollback", **back)
        assert (states(servers), run.status) == (wanted, 0), run.output[-4000:]
        assert {versions(servers[name]) for name in (WELL, BROKEN, LAST)} == {(NEW_VERSION, FORMER_VERSION)}

        # Another one finds the version there, and verifies it.
        run, servers, touched = rolled_out(fleet, tmp_path, "back-again", "rollback", **back)
        assert (states(servers), run.status) == (wanted, 0), run.output[-4000:]
        assert [servers[name]["outage"] for name in (WELL, BROKEN, LAST)] == [0, 0, 0]
        assert not any(one["changed"] for one in servers.values())
