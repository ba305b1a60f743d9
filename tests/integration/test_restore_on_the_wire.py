"""`install.yml` that restores what it has found, over the wire: block and rescue as ansible-playbook runs them."""

from __future__ import annotations

import json

import emulated
import pytest
import upgrade_play
import yaml
from emulator.scenario import saved_state
from runtime_archives import FORMER

HOST = upgrade_play.HOST
ACCOUNT, WRONG = "CONTOSO\\svc-agent", "canary-wrong-password-13c7"

pytestmark = pytest.mark.nightly


def played(fleet, folder, *more, **changes):
    own = {"im_verify_from_controller": False, "im_agent_on_failed_verify": "restore", **changes}
    given = upgrade_play.variables("iis", FORMER, im_agent_upgrade=False, **own)
    inventory = folder / "agents.yml"
    given = {key: value for key, value in given.items() if key != "inventory_hostname"}
    inventory.write_text(yaml.safe_dump({"agents": {"hosts": {HOST: None}, "vars": given}}), "utf-8")
    return emulated.playbook(fleet, "imops.identity_manager.install", *more, inventories=[inventory])


def test_an_agent_is_put_back_where_its_new_account_cannot_log_on(tmp_path):
    server = upgrade_play.server()
    server.machine.accounts.add(ACCOUNT, password="canary-right-password")
    (tmp_path / "state.json").write_text(json.dumps(saved_state.save(server.machine)), "utf-8")
    scenario = tmp_path / "restored.yml"
    scenario.write_text(yaml.safe_dump({"hosts": {HOST: {"saved_state": "state.json"}}}), "utf-8")
    wrong = {"im_agent_identity_username": ACCOUNT, "im_agent_identity_password": WRONG}
    with emulated.fleet(scenario, tmp_path / "fleet") as fleet:
        foreseen = played(fleet, tmp_path, "--check", **wrong)
        failed = played(fleet, tmp_path, **wrong)
        whole = played(fleet, tmp_path)
        made = played(fleet, tmp_path, im_agent_https_port=8443)
        verified = played(fleet, tmp_path, "--tags", "verify", im_agent_https_port=8443)
    assert foreseen.status == 0, foreseen.output[-4000:]
    assert failed.status != 0
    assert "What this server had before the run was put back" in failed.output, failed.output[-4000:]
    assert "It was verified." in failed.output
    assert WRONG not in failed.output
    assert (whole.status, whole.hosts[HOST]["changed_tasks"]) == (0, []), whole.output[-4000:]
    assert made.status == 0, made.output[-4000:]
    assert verified.status == 0, verified.output[-4000:]
