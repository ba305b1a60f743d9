"""`upgrade.yml` and `rollback.yml` over the wire: the playbooks' blocks and rescues as ansible-playbook runs them."""

from __future__ import annotations

import json

import emulated
import pytest
import upgrade_play
import yaml
from emulator.scenario import saved_state
from runtime_archives import FORMER, URL, archive

HOST = "paris.contoso.com"
NOT_STARTING = archive("6.2.3.0", {"Usercube-Agent.dll": None, "Usercube-Agent.exe": None, "wwwroot/new.js": "new"})

pytestmark = pytest.mark.nightly


def played(fleet, folder, name, **changes):
    given = upgrade_play.variables(**{"im_verify_from_controller": False, **changes})
    given = {key: value for key, value in given.items() if key not in {"inventory_hostname", "im_agent_upgrade"}}
    inventory = folder / "agents.yml"
    inventory.write_text(yaml.safe_dump({"agents": {"hosts": {HOST: None}, "vars": given}}), "utf-8")
    before = fleet.counters(HOST)["remote_executions"]
    done = emulated.playbook(fleet, f"imops.identity_manager.{name}", inventories=[inventory])
    return done, fleet.counters(HOST)["remote_executions"] - before


def test_an_agent_is_upgraded_once_rolled_back_and_goes_back_by_itself(tmp_path):
    server = upgrade_play.server()
    server.machine.network.web[f"{URL}.broken"] = NOT_STARTING.content
    (tmp_path / "state.json").write_text(json.dumps(saved_state.save(server.machine)), "utf-8")
    scenario = tmp_path / "upgraded.yml"
    data = {"hosts": {HOST: {"saved_state": "state.json"}}}
    scenario.write_text(yaml.safe_dump(data), "utf-8")
    with emulated.fleet(scenario, tmp_path / "fleet") as fleet:
        upgraded, executions = played(fleet, tmp_path, "upgrade")
        again, one = played(fleet, tmp_path, "upgrade")
        back, _executions = played(fleet, tmp_path, "rollback")
        settled, _executions = played(fleet, tmp_path, "install", im_agent_archive_checksum=FORMER.checksum)
        other = {"im_agent_archive_source": f"{URL}.broken", "im_agent_archive_checksum": NOT_STARTING.checksum}
        failed, _executions = played(fleet, tmp_path, "upgrade", **other)
        whole, _executions = played(fleet, tmp_path, "install", im_agent_archive_checksum=FORMER.checksum)
    assert upgraded.status == 0, upgraded.output[-4000:]
    assert '"outcome": "upgraded"' in upgraded.output
    assert executions <= 16
    assert (again.status, again.hosts[HOST]["changed_tasks"], one) == (0, [], 1), again.output[-4000:]
    assert back.status == 0, back.output[-4000:]
    assert "6.2.1.0" in back.output
    assert (settled.status, settled.hosts[HOST]["changed_tasks"]) == (0, []), settled.output[-4000:]
    assert failed.status != 0
    assert "was taken back: version 6.2.1.0 runs again. It was verified." in failed.output, failed.output[-4000:]
    assert (whole.status, whole.hosts[HOST]["changed_tasks"]) == (0, []), whole.output[-4000:]
