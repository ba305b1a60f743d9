"""Values of ansible-vault are secrets wherever they stand; a few of a wholly encrypted file stay readable."""

from __future__ import annotations

import json
from unittest import mock

import chain
import pytest
from ansible import constants as C
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible.playbook.play import Play
from ansible.plugins.strategy import StrategyBase
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import vaulted

SECRETS = [("default", VaultSecret(b"demo-only-vault"))]
INLINE, WHOLE = "canary-inline-17", "canary-whole-23"


@pytest.fixture
def templar(tmp_path):
    """Return a templar that knows a variable of an inline vault, one of an encrypted file and a plain one."""
    vault = VaultLib(SECRETS)
    lines = "".join(f"  {line}\n" for line in vault.encrypt(INLINE).decode().splitlines())
    (tmp_path / "plain.yml").write_text(
        f"inline: !vault |\n{lines}plain: open\njoined: 'x{{{{ inline }}}}x'\n", "utf-8"
    )
    (tmp_path / "whole.yml").write_bytes(vault.encrypt(f"whole: {WHOLE}\nnumber: 4711\nflag: true\n"))
    if VaultSecretsContext.current(optional=True) is None:
        VaultSecretsContext.initialize(VaultSecretsContext(SECRETS))
    loader = DataLoader()
    loader.set_vault_secrets(SECRETS)
    variables = {}
    for name in ("plain.yml", "whole.yml"):
        variables |= loader.load_from_file(str(tmp_path / name), trusted_as_template=True)
    return Templar(loader, variables=variables)


def templated(templar, data):
    if isinstance(data, dict):
        return {key: templated(templar, value) for key, value in data.items()}
    if isinstance(data, list):
        return [templated(templar, value) for value in data]
    return templar.template(trust_as_template(data)) if isinstance(data, str) else data


def test_tagged_values_and_those_of_encrypted_files_are_secrets(templar):
    arguments = {
        "connections": {"A": {"Server": "{{ inline }}", "Port": "{{ number }}", "B": "{{ plain }}", "F": "{{ flag }}"}},
        "sources_root_paths": ["{{ inline }}", "{{ whole }}"],
        "openid_clients": {"Job": "{{ whole }}"},
    }
    found = vaulted.of(templated(templar, arguments), {})
    assert found.secrets == {INLINE, WHOLE, "4711"}
    assert found.warnings() == []


def test_structural_variables_of_an_encrypted_file_stay_readable_with_one_warning(templar):
    inventory = {"organization": "{{ whole }}", "https_port": "{{ number }}", "identity_password": "{{ whole }}"}
    found = vaulted.of(templated(templar, {"inventory": {**inventory, "identifier": "{{ inline }}"}}), {})
    assert found.secrets == {INLINE, WHOLE}
    assert found.readable == ("im_agent_https_port", "im_agent_organization")
    (warning,) = found.warnings()
    assert "im_agent_https_port, im_agent_organization" in warning


def test_a_vaulted_text_that_was_joined_with_another_is_known_by_the_variables(templar):
    joined = {"A": {"Server": "x-{{ inline }}-x", "Filter": "(cn={{ whole }})", "Login": "{{ plain }}-x"}}
    arguments = templated(templar, {"connections": joined, "path": "C:\\im\\Runtime"})
    variables = dict(templar.available_variables)
    assert vaulted.of(arguments, {}).secrets == set()
    assert vaulted.of(arguments, variables).secrets == {INLINE, WHOLE}
    assert vaulted.of({"connections": {"A": {"Server": "none"}}}, variables).secrets == set()


def test_a_text_of_an_encrypted_file_in_a_structural_argument_stays_readable_everywhere(templar):
    joined = {"path": "C:\\{{ whole }}", "name": "x-{{ inline }}", "connections": {"A": {"Path": "C:\\{{ whole }}\\a"}}}
    arguments, variables = templated(templar, joined), dict(templar.available_variables)
    assert vaulted.of(arguments, variables).secrets == {INLINE}


def test_vaulted_values_are_masked_at_harmless_places_even_where_they_are_listed(templar):
    target = chain.server()
    target.machine.files.make_folder(chain.RUNTIME)
    connection = {"Server": "{{ inline }}", "Login": "{{ joined }}", "Password": "p-a-s-s-1", "Filter": "{{ whole }}"}
    arguments = templated(
        templar,
        {
            "path": chain.RUNTIME,
            "server_url": chain.SERVER_URL,
            "agent_identifier": "{{ inline }}",
            "encryption_certificate": {"thumbprint": "A" * 40},
            "identity_server_certificate": {"thumbprint": "B" * 40},
            "openid_clients": {"Job": "{{ whole }}"},
            "default_openid_client": "Job",
            "connections": {"A": connection},
            "show": ["Connections", "OpenId"],
        },
    )
    result = target.run("win_im_agent_settings", arguments)
    assert not result.get("failed"), result
    assert INLINE not in json.dumps(result)
    assert WHOLE not in json.dumps(result)
    assert "p-a-s-s-1" in json.dumps(result)  # the user listed it
    assert INLINE in json.dumps(target.machine.dump()["files"])


@pytest.mark.parametrize(("policy", "refused"), [("warn", False), ("refuse", True), ("auto", True), (None, True)])
def test_secrets_go_to_no_server_that_keeps_modules_files_unless_that_is_allowed(monkeypatch, policy, refused):
    monkeypatch.setattr(C, "DEFAULT_KEEP_REMOTE_FILES", True)
    target = chain.server()
    target.machine.files.make_folder(chain.RUNTIME)
    if policy:
        target.variables["im_agent_secret_policy"] = policy
    result = target.run("win_im_web_config", {"path": chain.RUNTIME, "environment": {"API_KEY": "canary-kept"}})
    assert bool(result.get("failed")) is refused
    assert "ANSIBLE_KEEP_REMOTE_FILES" in (result["msg"] if refused else result["warnings"][0])
    assert ("canary-kept" in json.dumps(target.machine.dump()["files"])) is not refused


def test_no_question_with_a_secret_goes_to_a_server_that_keeps_modules_files(monkeypatch):
    monkeypatch.setattr(C, "DEFAULT_KEEP_REMOTE_FILES", True)
    target = chain.server()
    result = target.run("win_im_agent_health", chain.arguments("win_im_agent_health", chain.inventory(), {}))
    assert "Nothing was sent, as im_agent_secret_policy is 'auto': unset it" in result["msg"]
    assert not [name for name, arguments, _ in target.engine.calls if chain.CANARIES["job"] in json.dumps(arguments)]


def test_the_names_of_all_servers_are_not_looked_at(monkeypatch):
    """Each worker has them some times: with a thousand servers they would be thousands of texts to look at."""
    servers = [f"agent{number}.contoso.com" for number in range(3)]
    loader = DataLoader()
    inventory = InventoryManager(loader, sources=[",".join(servers)])
    manager, host = VariableManager(loader, inventory), inventory.get_host(servers[0])
    play = Play().load({"hosts": "all", "tasks": []}, manager, loader)
    variables = manager.get_vars(play, host)
    named = mock.Mock(get_hosts_remaining=lambda _: inventory.get_hosts(), get_failed_hosts=lambda _: servers)
    StrategyBase.add_tqm_variables(named, variables, play)
    seen: list[str] = []
    monkeypatch.setattr(vaulted, "_is_from_encrypted_file", lambda value: seen.append(str(value)))
    vaulted.texts(variables)
    assert host.name in seen
    assert not {*servers[1:]} & {*seen}
