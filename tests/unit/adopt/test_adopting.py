"""The files that an adoption writes: secrets, existing files, what the user's inventory says already."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import by_hand
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from by_hand import SECRETS, Agent
from in_process import Server
from test_adopted_servers import adopt

PASSWORD = b"canary-vault-password-9c"


class Opened(yaml.SafeLoader):
    """Reads what ansible-vault encrypted."""


VAULT = VaultLib([("ours", VaultSecret(PASSWORD))])
Opened.add_constructor("!vault", lambda loader, node: VAULT.decrypt(loader.construct_scalar(node)).decode())


@pytest.fixture(scope="module")
def machine():
    return by_hand.server(Agent()).machine


@pytest.fixture
def server(machine):
    made = Server(machine.copy())
    made.variables = {"inventory_hostname": by_hand.NAME, **by_hand.DOWNLOADS}
    return made


def text(result):
    return Path(result["agents"][0]["file"]).read_text("utf-8")


def with_vault(function):
    """Call a function in a run with a vault identity."""
    made = DataLoader.__init__

    def loader(self, *arguments, **options):
        made(self, *arguments, **options)
        self.set_vault_secrets([("ours", VaultSecret(PASSWORD))])

    with mock.patch.object(DataLoader, "__init__", loader):
        return function()


def clear_files(folder):
    """Return the files below a folder that have a secret in clear."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS.values())]


def test_secrets_are_encrypted_with_the_identity_of_the_run(server, tmp_path):
    result = with_vault(lambda: adopt(server, tmp_path, secrets="vault"))
    assert "$ANSIBLE_VAULT;1.2;AES256;ours" in text(result)
    assert not any(secret in json.dumps(result) for secret in SECRETS.values())
    assert clear_files(tmp_path) == []
    loaded = yaml.load(text(result), Opened)
    assert loaded["im_agent_openid_clients"]["Job"] == SECRETS["client"]
    assert loaded["im_agent_connections"]["AD"]["Password"] == SECRETS["ad"]


def test_without_a_vault_identity_nothing_is_asked_or_written(server, tmp_path):
    result = adopt(server, tmp_path, secrets="vault")
    assert "no vault identity of this run" in result["msg"]
    assert (server.executions, list(tmp_path.iterdir())) == (0, [])


def test_no_temporary_file_has_a_secret_even_where_writing_fails(server, tmp_path):
    with mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")):
        result = with_vault(lambda: adopt(server, tmp_path, secrets="vault"))
    assert "No space left" in result["msg"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_that_is_there_is_overwritten_only_by_force(server, tmp_path):
    file = tmp_path / "host_vars" / by_hand.NAME / "im_agent.yml"
    file.parent.mkdir(parents=True)
    file.write_text("mine: 1\n", "utf-8")
    refused = adopt(server, tmp_path)
    assert f"found {file} on the controller" in refused["msg"]
    assert file.read_text("utf-8") == "mine: 1\n"
    assert adopt(server, tmp_path, force=True)["changed"]
    assert [path.name for path in file.parent.iterdir()] == ["im_agent.yml"]
    assert oct(file.stat().st_mode & 0o777) == "0o600"


def test_the_host_name_of_a_binding_for_all_names_is_the_certificates(tmp_path):
    made = by_hand.server(Agent(bindings=(("https", "*:443:", 0),)))
    expected = made.machine.certificates.make(subject="CN=x", names=["*.contoso.com", "im.contoso.com"])
    made.machine.iis.httpsys.set("0.0.0.0:443", expected.thumbprint, "My", sni=False)
    assert yaml.safe_load(text(adopt(made, tmp_path)))["im_agent_host_name"] == "im.contoso.com"


def test_a_second_adoption_changes_nothing_with_what_the_first_one_wrote(server, tmp_path):
    first = adopt(server, tmp_path)
    known = yaml.safe_load(text(first))
    again = adopt(server, tmp_path, known)
    assert (first["changed"], again["changed"]) == (True, False)


def test_check_mode_writes_no_file(server, tmp_path):
    server.new_run()
    result = server.run("win_im_agent_adopt", {"folder": str(tmp_path)}, check=True)
    assert result["changed"]
    assert list(tmp_path.iterdir()) == []
    assert "im_agent_organization: Contoso" in result["diff"][0]["after"]


def test_what_the_users_inventory_says_otherwise_is_written_even_where_it_is_our_default(server, tmp_path):
    known = {"im_agent_hosting": "service", "im_agent_https_port": 8443, "im_agent_scheduler_enabled": False}
    found = yaml.safe_load(text(adopt(server, tmp_path, known)))
    assert (found["im_agent_hosting"], found["im_agent_https_port"]) == ("iis", 443)
    assert found["im_agent_scheduler_enabled"] is True


def test_without_an_archive_the_file_says_which_variables_nobody_knows(server, tmp_path):
    server.new_run()
    server.variables = {"inventory_hostname": by_hand.NAME}
    (found,) = server.run("win_im_agent_adopt", {"folder": str(tmp_path)})["agents"]
    assert any("im_agent_archive_source and im_agent_archive_checksum" in one for one in found["beyond"])
    assert found["refusals"] == []


def test_a_template_on_the_server_stays_a_text(server, tmp_path):
    path = f"{Agent().folder}\\appsettings.agent.json"
    settings = json.loads(server.machine.files.text(path))
    settings["Connections"]["AD"]["Filter"] = "{{ lookup('pipe', 'id') }}"
    server.machine.files.write(path, json.dumps(settings))
    assert "Filter: !unsafe \"{{ lookup('pipe', 'id') }}\"" in text(adopt(server, tmp_path))


def test_damaged_settings_are_named_and_nothing_is_guessed(server, tmp_path):
    server.machine.files.write(f"{Agent().folder}\\appsettings.agent.json", '{"OpenId": ')
    (found,) = adopt(server, tmp_path)["agents"]
    assert any("appsettings.agent.json, line 1" in one for one in found["beyond"])
    assert found["refusals"]


def test_a_server_without_an_agent_is_told_so(tmp_path):
    result = adopt(by_hand.server(features=["Web-Server"]), tmp_path)
    assert (result["changed"], result["agents"]) == (False, [])
    assert "found no agent" in result["warnings"][0]


def test_two_agents_of_one_organisation_are_refused(tmp_path):
    twice = [Agent(), Agent(root="D:\\identitymanagerContoso", site="Identity Manager AgentContoso2", pool="P2")]
    twice[1].bindings = (("https", "*:443:other.contoso.com", 1),)
    twice[1].site = "Identity Manager Agent Contoso"
    result = adopt(by_hand.server(*twice, drives={"D": {}}), tmp_path)
    assert "found two agents of the organisation Contoso" in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_an_agent_below_another_site_is_told_and_left_alone(server, tmp_path):
    path = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
    server.machine.files.make_folder("C:\\below")
    server.machine.files.write("C:\\below\\Usercube-Agent.dll", b"x")
    configuration = server.machine.files.text(path)
    more = '<application path="/x"><virtualDirectory path="/" physicalPath="C:\\below" /></application></site>'
    server.machine.files.write(path, configuration.replace("</site>", more, 1))
    result = adopt(server, tmp_path)
    assert any("C:\\below has the agent's program" in warning for warning in result["warnings"])


def test_the_folder_of_the_inventory_is_the_default(server, tmp_path):
    (tmp_path / "hosts.yml").write_text("all:\n", "utf-8")
    server.new_run()
    server.variables |= {"inventory_dir": str(tmp_path)}
    result = server.run("win_im_agent_adopt", {})
    assert Path(result["agents"][0]["file"]).parts[: len(tmp_path.parts)] == tmp_path.parts
    server.variables.pop("inventory_dir")
    server.new_run()
    assert "im_adopt_folder" in server.run("win_im_agent_adopt", {})["msg"]
