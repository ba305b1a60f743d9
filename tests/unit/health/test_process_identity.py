"""Whom the agent's process really runs as, whatever its pool or service is set to."""

from __future__ import annotations

import chain
import pytest
from emulator.behaviours.no_debug_privilege import NoDebugPrivilege
from emulator.behaviours.outliving_worker import OutlivingWorker

IDS = ("identity", "process_identity")
KIND, STAYS = "processModel.identityType", "recycling.disallowRotationOnConfigChange"
NETWORK_SERVICE = "S-1-5-20"


@pytest.fixture(params=["iis", "service"])
def server(request):
    return chain.installed(request.param)


def hosting(server):
    return "service" if server.machine.services.get(chain.SERVICE) else "iis"


def health(server):
    server.new_run()
    arguments = chain.arguments("win_im_agent_health", chain.inventory(hosting=hosting(server)), {})
    result = server.run("win_im_agent_health", arguments)
    return {one["id"]: one for one in result["checks"] if one["id"] in IDS}


def go_on_as_the_former_identity(server):
    """Let the process begin as another account, and set pool or service back while it runs."""
    machine = server.machine
    if hosting(server) == "iis":
        machine.iis.set_pool_attribute(chain.POOL, KIND, "NetworkService")
        machine.iis.set_pool_attribute(chain.POOL, STAYS, True)
        machine.iis.set_pool_attribute(chain.POOL, KIND, "ApplicationPoolIdentity")
        return
    key, right = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}", f"NT SERVICE\\{chain.SERVICE}"
    machine.registry.set(key, "ObjectName", "String", "NT AUTHORITY\\NETWORK SERVICE")
    machine.services.set_state(chain.SERVICE, "Running")
    machine.registry.set(key, "ObjectName", "String", right)


def test_a_process_of_the_wanted_identity_passes(server):
    found = health(server)
    assert [found[id_]["state"] for id_ in IDS] == ["passed", "passed"]
    assert found["process_identity"]["found"] == found["process_identity"]["wanted"]


def test_a_process_that_goes_on_as_the_former_identity_is_seen_though_the_setting_is_right(server):
    go_on_as_the_former_identity(server)
    found = health(server)
    assert [found[id_]["state"] for id_ in IDS] == ["passed", "failed"]
    process = found["process_identity"]
    assert (process["found"], process["basis"]) == (NETWORK_SERVICE, "documented")
    assert process["causes"][0].startswith("It was started before the identity was changed")
    assert "restart.yml" in process["remedy"]


def test_a_worker_that_outlives_its_pool_with_the_former_account_is_seen_until_it_ends():
    server = chain.installed()
    server.machine.iis.set_pool_attribute(chain.POOL, KIND, "NetworkService")
    OutlivingWorker(executions=100).go_on(server.machine)
    server.machine.iis.set_pool_attribute(chain.POOL, KIND, "ApplicationPoolIdentity")
    assert len(server.machine.iis.workers()) == 2
    assert health(server)["process_identity"]["state"] == "failed"
    server.machine.iis.activation._outliving.clear()
    assert health(server)["process_identity"]["state"] == "passed"


def test_what_windows_does_not_tell_this_account_is_not_asked(server):
    go_on_as_the_former_identity(server)
    NoDebugPrivilege().go_on(server.machine)
    process = health(server)["process_identity"]
    assert process["state"] == "not_asked"
    assert "Windows does not tell this account" in process["reason"]
