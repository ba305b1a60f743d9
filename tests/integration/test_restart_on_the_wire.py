"""A server that restarts in the middle of an installation: its connection ends, and what follows has a new one."""

from __future__ import annotations

import json

import chain
import emulated
import pytest
import yaml
from emulator.scenario import saved_state
from rollout_of_upgrades import inventory
from runtime_archives import NEW, URL

pytestmark = pytest.mark.nightly

CONNECTIONS = {"paris.contoso.com": "psrp", "berlin.contoso.com": "winrm"}


@pytest.fixture
def fleet(tmp_path):
    """Return bare servers whose Windows features ask for a restart."""
    made = chain.server()
    made.machine.features.restart_after = True
    made.machine.network.web[URL] = NEW.content
    hosts = {}
    for name, connection in CONNECTIONS.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({**saved_state.save(made.machine), "name": name}), "utf-8")
        hosts[name] = {"saved_state": path.name, "connection": connection}
    path = tmp_path / "scenario.yml"
    path.write_text(yaml.safe_dump({"hosts": hosts}), "utf-8")
    with emulated.fleet(path, tmp_path / "fleet") as running:
        yield running


def test_an_installation_goes_on_after_the_restart_that_it_made(fleet, tmp_path):
    own = {name: {"im_agent_host_name": name} for name in CONNECTIONS}
    words = ["--extra-vars", json.dumps({"im_agent_reboot": "auto"})]
    before = {name: fleet.command("dump", "--host", name)["state"]["boot_time"] for name in CONNECTIONS}
    run = emulated.playbook(fleet, "imops.identity_manager.install", *words, inventories=[inventory(tmp_path, own)])
    assert run.status == 0, run.output[-4000:]
    after = {name: fleet.command("dump", "--host", name)["state"]["boot_time"] for name in CONNECTIONS}
    assert [name for name in CONNECTIONS if after[name] <= before[name]] == []
    assert {name: run.hosts[name]["verified"] for name in CONNECTIONS} == dict.fromkeys(CONNECTIONS, True)
