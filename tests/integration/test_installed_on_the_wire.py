"""`playbooks/install.yml --check` over the wire on servers that former versions installed."""

from __future__ import annotations

import json

import emulated
import pytest
import yaml
from installed import expected_changes, servers


@pytest.mark.nightly  # in process it is tested by day: tests/unit/test_installed.py
@pytest.mark.parametrize("version", sorted({server.version for server in servers.every()}))
def test_check_mode_finds_nothing_to_change_but_what_a_fragment_announces(version, tmp_path):
    scenario = tmp_path / "installed.yml"
    scenario.write_text(yaml.safe_dump(servers.scenario(version)), "utf-8")
    folder = servers.FOLDER / version
    words = ["--check", "--diff", "--extra-vars", json.dumps(servers.extra_variables(folder))]
    with emulated.fleet(scenario, tmp_path / "fleet") as fleet:
        run = emulated.playbook(fleet, servers.PLAYBOOK, *words, inventories=[folder / "inventory.yml"])
        executions = {name: fleet.counters(name)["remote_executions"] for name in fleet.ready["hosts"]}
    assert run.status == 0, run.output[-4000:]
    installed = {server.name: server for server in servers.every() if server.version == version}
    assert run.hosts.keys() == installed.keys()
    for name, host in run.hosts.items():
        changed = {task.removeprefix("imops.identity_manager.") for task in host["changed_tasks"]}
        expected = expected_changes.tasks(str(installed[name]))
        assert changed == expected
        if not expected:
            assert host["verified"] is True
            assert executions[name] <= 2
