"""Servers that former versions installed are found as they are wanted, or changed as a changelog fragment announces."""

from __future__ import annotations

import json

import by_day
import install_playbook
import pytest
import yaml
from in_process import Server
from installed import expected_changes, servers

SERVERS = {str(server): server for server in servers.every()}
WHAT_TO_DO = "undo what causes this, or announce and list it: tests/installed/expected_changes.yml"
RUNTIME = "C:\\identitymanagerContoso\\Runtime"


def state(server):
    return json.dumps(server.machine.dump(), sort_keys=True)


def install(server, variables, *, check):
    """Run the playbook's tasks; return the names of those that changed something, after none has failed."""
    done = install_playbook.run(server, variables, check=check)
    assert [(one.task, one.result.get("msg")) for one in done if one.result.get("failed")] == []
    return {one.task for one in done if one.changed}, done


@pytest.mark.parametrize("name", by_day.one_in(7, SERVERS))
def test_an_installed_server_is_changed_by_nothing_but_what_a_fragment_announces(name):
    installed = SERVERS[name]
    server, variables, expected = Server(installed.machine()), installed.variables(), expected_changes.tasks(name)
    before = state(server)
    predicted, done = install(server, variables, check=True)
    assert predicted == expected, WHAT_TO_DO
    assert state(server) == before
    assert done[0].result["differs"] is bool(expected)
    if expected:
        assert install(server, variables, check=False)[0] == expected
        again, done = install(server, variables, check=True)
        assert again == set()
    # A saved server has no events, so that one sign of the agent's start is missing, which makes an unknown.
    assert [one["id"] for one in done[-1].result["checks"] if one["state"] == "failed"] == []
    assert [one["id"] for one in done[-1].result["checks"] if one["state"] == "unknown"] in ([], ["agent_answers"])
    assert server.executions <= 2


def test_every_expected_change_is_of_a_server_here_and_announced_to_users():
    changes = expected_changes.read()
    assert [change for change in changes if change.server not in SERVERS] == []
    assert [change for change in changes if not expected_changes.announced(change.fragment)] == []


def write_settings(machine):
    machine.files.write(f"{RUNTIME}\\appsettings.json", machine.files.read(f"{RUNTIME}\\appsettings.json") + b" \n")
    text = machine.files.text(f"{RUNTIME}\\appsettings.agent.json")
    machine.files.write(f"{RUNTIME}\\appsettings.agent.json", text.replace("dc.contoso.com", "dc2.contoso.com"))


def change_rights(machine):
    machine.files.set_rights("D:\\IdentityManager\\Work", ())


def disable_service(machine):
    key = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\IdentityManagerAgentContoso"
    machine.registry.set(key, "Start", "DWord", 4)


TOUCHED = {
    "a setting": ("1.0.0/iis", write_settings, "im_settings : Write the agent's settings"),
    "rights": ("1.0.0/account", change_rights, "im_permissions : Grant the rights on the working directory"),
    "the service": ("1.0.0/service", disable_service, "im_service : Configure the service"),
}


@pytest.mark.parametrize("what", by_day.one_in(4, TOUCHED))
def test_a_change_of_the_server_itself_is_seen(what):
    name, touch, task = TOUCHED[what]
    server = Server(SERVERS[name].machine())
    install(server, SERVERS[name].variables(), check=False)  # what a fragment announces is done before
    touch(server.machine)
    changed, _done = install(server, SERVERS[name].variables(), check=True)
    assert task in changed


def test_there_are_six_servers_of_the_first_version():
    names = ("account", "encrypted", "gmsa", "iis", "pfx", "service")
    assert {name for name in SERVERS if name.startswith("1.0.0/")} == {f"1.0.0/{name}" for name in names}


@pytest.mark.parametrize("name", SERVERS)
def test_a_saved_server_has_only_made_up_secrets(name):
    data = SERVERS[name].state()
    passwords = [account["password"] for account in data["accounts"]] + list(data["service_passwords"].values())
    passwords += [secret for server in data["network"]["identity_servers"] for secret in server["clients"].values()]
    assert [password for password in passwords if password and not password.startswith("canary-")] == []


ANNOUNCED = {
    "fragment that announces": ("16-a.yml", {"breaking_changes": ["x"]}, {}, True),
    "fragment without breaking changes": ("16-a.yml", {"minor_changes": ["x"]}, {}, False),
    "no fragment": ("16-b.yml", {"breaking_changes": ["x"]}, {}, False),
    "released": ("1-z.yml", {}, {"fragments": ["1-z.yml"], "changes": {"breaking_changes": ["x"]}}, True),
    "released without": ("1-z.yml", {}, {"fragments": ["1-z.yml"], "changes": {"minor_changes": ["x"]}}, False),
    "another release": ("1-z.yml", {}, {"fragments": ["2-z.yml"], "changes": {"breaking_changes": ["x"]}}, False),
}


@pytest.mark.parametrize("what", ANNOUNCED)
def test_a_change_is_announced_by_a_fragment_or_by_the_release_that_took_it_up(what, tmp_path):
    fragment, content, release, announced = ANNOUNCED[what]
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / "16-a.yml").write_text(yaml.safe_dump(content), "utf-8")
    if release:
        (tmp_path / "changelog.yaml").write_text(yaml.safe_dump({"releases": {"1.1.0": release}}), "utf-8")
    assert expected_changes.announced(fragment, tmp_path) is announced


def test_an_expected_change_with_a_key_that_is_not_known_is_refused(tmp_path):
    path = tmp_path / "expected.yml"
    path.write_text(yaml.safe_dump({"changes": [{"server": "1.0.0/iis", "task": "x", "why": "y"}]}), "utf-8")
    with pytest.raises(TypeError):
        expected_changes.read(path)
