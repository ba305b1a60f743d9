"""What decides what else is asked is read by the run's first execution, and the verification rides along with it."""

from __future__ import annotations

import json

import chain
import install_playbook
import pytest
import yaml

PLAY = yaml.safe_load((chain.ROOT / "playbooks" / "verify.yml").read_text("utf-8"))[0]
ROLES = [
    entry["ansible.builtin.import_role"]["name"] for entry in PLAY["tasks"] if "ansible.builtin.import_role" in entry
]


def given(**changes):
    inventory = chain.inventory(**changes)
    return {f"im_agent_{name}": value for name, value in inventory.items() if value is not None}


def with_address(server, url):
    path = f"{chain.RUNTIME}\\appsettings.json"
    server.machine.files.write(path, server.machine.files.text(path).replace(chain.SERVER_URL, url).encode())


def asked_for_tokens(server):
    queries = [query for _name, arguments, _ in server.engine.calls for query in arguments.get("queries", ())]
    return [query["token"]["address"] for query in queries if query["kind"] == "with_token"]


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_the_playbook_verifies_in_one_execution_and_with_another_client_in_two(hosting):
    server = chain.installed(hosting)
    variables = PLAY["vars"] | given(hosting=hosting)
    assert install_playbook.run_roles(server, ROLES, variables)[-1].result["verified"] is True
    assert server.executions == 1
    with_address(server, chain.OTHER_SERVER_URL)
    done = install_playbook.run_roles(server, ROLES, variables)[-1].result
    assert "ApplicationUri is not im_agent_server_url" in json.dumps(done["checks"])
    assert server.executions == 2


def test_a_run_that_has_read_the_settings_asks_the_agent_s_own_server_at_once():
    server = chain.installed()
    with_address(server, chain.OTHER_SERVER_URL)
    server.engine.calls.clear()
    server.new_run()
    server.run("win_im_agent_info", {"inventory": chain.inventory()})
    known = server.executions
    done = server.run("win_im_agent_health", chain.arguments("win_im_agent_health", chain.inventory(), {}))
    assert done["verified"] is not False, done
    assert (known, server.executions) == (1, 2)
    assert asked_for_tokens(server) == [chain.OTHER_SERVER_URL.removeprefix("https://")]
