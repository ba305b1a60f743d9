"""Agents are removed from an unkind Windows too, and from servers that former versions installed."""

from __future__ import annotations

import json

import chain
import install_playbook
import pytest
from in_process import Server
from installed import servers

HOST = "paris.contoso.com"
ALL = {"im_remove": HOST, "im_remove_data": True}
UNKIND = [
    ("iis", {"slow_stop": {"executions": 20}}),
    ("iis", {"outliving_worker": {"executions": 20}}),
    ("iis", {"scanner": {"executions": 2}}),
    ("iis", {"scanner": {"attempts": 3}}),
    ("service", {"scanner": {"attempts": 3}}),
    ("service", {"slow_service": {"executions": 20}}),
    ("iis", {"held_by_worker": {}}),
    ("service", {"held_by_worker": {}}),
    ("iis", {"neighbour_site": {}}),
    ("iis", {"neighbour_without_sni": {}}),
    ("iis", {"foreign_tls_binding": {}}),
    ("iis", {"language": {"name": "french"}}),
    ("service", {"language": {"name": "german"}}),
    ("iis", {"server_core": {}}),
    ("iis", {"no_debug_privilege": {}}),
    ("iis", {"foreign_files": {}}),
    ("iis", {"kept_key_files": {}}),
    ("iis", {"max_path": {}}),
]


def variables(hosting):
    given = {f"im_agent_{name}": value for name, value in chain.inventory(hosting=hosting).items() if value is not None}
    return given | {"inventory_hostname": HOST, "im_agent_verify_timeout": 0}


def remove(server, given):
    done = install_playbook.run_roles(server, ["imops.identity_manager.im_remove"], given)[-1].result
    assert not done.get("failed"), done["msg"]
    return done


@pytest.mark.nightly
@pytest.mark.parametrize(("hosting", "behaviours"), UNKIND, ids=str)
def test_an_agent_is_removed_from_an_unkind_windows_and_neighbours_stay(hosting, behaviours):
    server = chain.server({"behaviours": behaviours})
    done = install_playbook.run(server, variables(hosting))
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    server.machine.clock.wait(50)
    iis = server.machine.iis
    neighbours = {name for name in iis.dump()["sites"] if name != chain.SITE} if iis else set()
    first = remove(server, variables(hosting) | ALL)
    assert first["changed"]
    server.machine.clock.wait(50)
    assert not server.machine.files.exists(chain.WORKING)
    assert server.machine.services.get(chain.SERVICE) is None
    if iis:
        assert set(iis.dump()["sites"]) == neighbours
        assert not iis.has_pool(chain.POOL)
    assert remove(server, variables(hosting) | ALL)["changed"] is False


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(one, marks=() if one.name.startswith(("pfx", "gmsa")) else pytest.mark.nightly, id=str(one))
        for one in servers.every()
    ],
)
def test_an_agent_that_a_former_version_installed_is_removed(one):
    server, given = Server(one.machine()), dict(one.variables())
    given |= {"inventory_hostname": one.name, "im_remove": one.name, "im_remove_data": True}
    before = set(server.machine.certificates.dump().get("LocalMachine\\My", {}))
    done = remove(server, given)
    assert done["changed"]
    folder = "C:\\identitymanagerContoso"
    assert not server.machine.files.exists(folder)
    left = set(server.machine.certificates.dump().get("LocalMachine\\My", {}))
    assert left < before or not before
    assert "identity manager" not in json.dumps(server.machine.iis.dump() if server.machine.iis else {}).lower()
    assert not [name for name in server.machine.services.dump() if "identitymanager" in name.lower()]
    assert remove(server, given)["changed"] is False
