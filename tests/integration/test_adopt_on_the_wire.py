"""`playbooks/adopt.yml` over the wire, and `install.yml --check` with what it wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path

import emulated
import pytest
import yaml
from installed import servers

VERSION = "1.0.0"
SECRET = "canary-adopt-vault-password-51"

REFUSED = {"pfx.contoso.com"}
"""The password of its files was made by the vendor's tool, which nobody reads back."""

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="takes a minute: run by make test-all"),
]


def hosts(folder: Path) -> Path:
    """Write an inventory that names the servers and what no server knows, and nothing else."""
    known = servers.extra_variables(servers.FOLDER / VERSION)
    inventory = yaml.safe_load((servers.FOLDER / VERSION / "inventory.yml").read_text("utf-8"))
    names = [server.name for server in servers.every() if server.version == VERSION]
    downloads = {
        name: value
        for name, value in inventory["agents"]["vars"].items()
        if name.startswith(("im_agent_archive_", "im_agent_hosting_bundle_"))
    }
    path = folder / "hosts.yml"
    path.write_text(
        yaml.safe_dump({"agents": {"hosts": dict.fromkeys(names), "vars": {**downloads, **known}}}), "utf-8"
    )
    return path


def test_install_in_check_mode_changes_exactly_what_the_adopted_inventory_announces(tmp_path):
    scenario = tmp_path / "installed.yml"
    scenario.write_text(yaml.safe_dump(servers.scenario(VERSION)), "utf-8")
    inventory = hosts(tmp_path)
    password = tmp_path / "password"
    password.write_text(SECRET, "utf-8")
    vault = ["--vault-password-file", str(password)]
    with emulated.fleet(scenario, tmp_path / "fleet") as fleet:
        words = [*vault, "--extra-vars", json.dumps({"im_adopt_secrets": "vault", "im_adopt_folder": str(tmp_path)})]
        adopted = emulated.playbook(fleet, "imops.identity_manager.adopt", *words, inventories=[inventory])
        assert adopted.status == 0, adopted.output[-4000:]
        executions = {name: fleet.counters(name)["remote_executions"] for name in fleet.ready["hosts"]}
        assert max(executions.values()) <= 3
        checked = emulated.playbook(fleet, servers.PLAYBOOK, *vault, "--check", inventories=[inventory], show=True)
    files = sorted((tmp_path / "host_vars").glob("*/im_agent.yml"))
    assert {path.parent.name for path in files} == checked.hosts.keys()
    for path in files:
        text = path.read_text("utf-8")
        assert "canary" not in text
        assert SECRET not in text
        assert ("What refuses" in text) is (path.parent.name in REFUSED), text
        announced = "What install.yml would change" in text
        assert bool(checked.hosts[path.parent.name]["changed_tasks"]) is announced
