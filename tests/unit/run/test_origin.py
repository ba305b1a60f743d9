"""Where a variable was set is told as a user would look for it, from what ansible-core tags what it reads with."""

from __future__ import annotations

import pytest
from ansible._internal._datatag import _tags
from ansible.parsing.dataloader import DataLoader
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import origin, role_tasks

FILE = """---
im_agent_organization: Contoso
im_agent_https_port: 443
im_agent_strict: true
im_agent_connections:
  ADExport:
    Password: canary-ad
    EnableSSL: true
  a.b:
    Server: x
im_agent_certificates:
  - use: encryption
  - use: server
    thumbprint: AB
im_agent_settings: '{"a": 1}'
im_agent_identity_password: "{{ vaulted }}"
"""
AGENT = "group_vars/agents/agent.yml"


@pytest.fixture
def variables(tmp_path):
    """Return what Ansible reads of an inventory whose file of variables is below its folder."""
    file = tmp_path / AGENT
    file.parent.mkdir(parents=True)
    file.write_text(FILE)
    (tmp_path / "hosts.yml").write_text("")
    read = DataLoader().load_from_file(str(file), trusted_as_template=True)
    return read | {"ansible_inventory_sources": [str(tmp_path / "hosts.yml")]}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("im_agent_organization", f"{AGENT}:2"),
        ("im_agent_https_port", f"{AGENT}:3"),
        ("im_agent_connections.ADExport.Password", f"{AGENT}:7"),
        ("im_agent_connections.ADExport.EnableSSL", f"{AGENT}:8"),
        ("im_agent_connections.ADExport.Missing", f"{AGENT}:7"),
        ("im_agent_connections.a.b.Server", f"{AGENT}:10"),
        ("im_agent_certificates, entry 2", f"{AGENT}:13"),
        ("im_agent_certificates, entry 2.thumbprint", f"{AGENT}:14"),
        ("im_agent_certificates, entry 9", f"{AGENT}:12"),
        ("im_agent_settings.a", f"{AGENT}:15"),
        ("im_agent_identity_password", f"{AGENT}:16"),
        ("im_agent_identifier", "set nowhere"),
        ("im_agent_strict", ""),
    ],
)
def test_the_place_is_the_nearest_that_is_known(variables, path, wanted):
    assert origin.place(path, variables) == wanted


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [
        ({"description": "<CLI option '-e'>"}, "the option -e"),
        ({"description": "<CLI option '--extra-vars'>"}, "the option --extra-vars"),
        ({"description": "<unknown>"}, ""),
        ({"description": "a script"}, "a script"),
        ({"path": "/etc/fleet/secrets.yml", "line_num": 3, "col_num": 9}, "/etc/fleet/secrets.yml:3"),
        ({"path": "/inventory/deep/group_vars/all.yml", "line_num": 3}, "group_vars/all.yml:3"),
        ({"path": "/play/vars.json"}, "vars.json"),
        ({"path": f"{role_tasks.ROLES}/im_site/defaults/main.yml"}, "the default of the role im_site"),
    ],
)
def test_a_place_is_written_as_a_user_knows_it(tag, wanted):
    folders = {"ansible_inventory_sources": ["/inventory"], "inventory_dir": "/inventory/deep", "playbook_dir": "/play"}
    variables = {"im_agent_organization": _tags.Origin(**tag).tag("Contoso"), **folders}
    assert origin.place("im_agent_organization", variables) == wanted


def test_a_place_that_is_reached_by_a_link_is_the_same_place(tmp_path):
    (tmp_path / "collection").symlink_to(role_tasks.ROLES.parent)
    (tmp_path / "real").mkdir()
    (tmp_path / "fleet").symlink_to("real")
    places = {
        f"{tmp_path}/collection/roles/im_site/defaults/main.yml": "the default of the role im_site",
        f"{tmp_path}/real/group_vars/all.yml": "group_vars/all.yml",
        f"{tmp_path}/fleet/group_vars/all.yml": "group_vars/all.yml",
    }
    for path, wanted in places.items():
        tagged = _tags.Origin(path=path).tag("Contoso")
        assert origin.of(tagged, {"inventory_dir": f"{tmp_path}/fleet"}) == wanted


def test_without_the_private_tags_no_place_is_told(variables, monkeypatch):
    monkeypatch.setattr(origin, "_tags", None)
    assert origin.place("im_agent_organization", variables) == ""
    assert origin.place("im_agent_certificates, entry 2", variables) == ""


def test_keys_of_merged_dictionaries_tell_no_place_of_values_that_came_from_another_file(variables, tmp_path):
    other = tmp_path / "host.yml"
    other.write_text("ADExport:\n  EnableSSL: false\n")
    mixed = variables["im_agent_connections"]["ADExport"] | DataLoader().load_from_file(str(other))["ADExport"]
    variables["im_agent_connections"] = {"ADExport": mixed}
    assert origin.place("im_agent_connections.ADExport.EnableSSL", variables) == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("bundle.version: found 'x'", "bundle.version (vars.yml:4): found 'x'"),
        ("bundle: found 'x'", "bundle (vars.yml:3): found 'x'"),
        ("pairs, entry 1: found 'x'", "pairs, entry 1 (vars.yml:5): found 'x'"),
        ("plain: found 'x'", "plain: found 'x'"),
        ("another: found 'x'", "another: found 'x'"),
        ("no option is named", "no option is named"),
    ],
)
def test_a_module_used_alone_tells_where_its_option_was_set(text, wanted):
    def tagged(value, line):
        return _tags.Origin(path="/play/vars.yml", line_num=line).tag(value)

    arguments = {
        "bundle": tagged({"version": tagged("8", 4)}, 3),
        "pairs": [tagged({"use": "server"}, 5)],
        "plain": "x",
    }
    assert origin.with_place(text, arguments, {"playbook_dir": "/play"}) == wanted
