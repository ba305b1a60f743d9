"""The first task refuses wrong variables of all roles at once, by name, before a server is asked."""

from __future__ import annotations

import functools
import json
import re

import chain
import install_playbook
import pytest
from ansible.template import trust_as_template
from ansible_collections.imops.identity_manager.plugins.plugin_utils._inventory import spelling, vocabulary
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import inventory_check

WORDS = re.compile(r"object of type|undefined|Traceback|unable to convert|cannot be converted")


@functools.cache
def shared():
    """Return the server of all rows: nothing is written on it."""
    return chain.server()


def variables(changes, without=()):
    """Return an inventory as Ansible hands it over, changed."""
    given = {f"im_agent_{name}": value for name, value in chain.inventory().items() if value is not None}
    given |= {"inventory_hostname": "paris.contoso.com", "im_agent_verify_timeout": 0, **changes}
    return {name: value for name, value in given.items() if name not in without}


def refused(changes, without=()):
    """Return the refusals of the first task, by variable; the server was not asked."""
    server = shared()
    first, *rest = install_playbook.run(server, variables(changes, without), check=True)
    assert not rest, "the play goes on"
    assert first.result["failed"] and server.executions == 0
    assert re.match("paris.contoso.com: the (inventory|plan) is refused, nothing was written. ", first.result["msg"])
    told = json.dumps(first.result)
    assert not WORDS.search(told), told
    assert not [text for text in chain.CANARIES.values() if text in told]
    return {one["variable"]: one["text"] for one in first.result["refusals"]}


WRONG = [
    ({"im_agent_https_port": "eighty"}, "im_agent_https_port", "found 'eighty', wanted a whole number from 1 to 65535"),
    ({"im_agent_https_port": 70000}, "im_agent_https_port", "found 70000, wanted a whole number from 1 to 65535"),
    ({"im_agent_https_port": "0"}, "im_agent_https_port", "found 0, wanted"),
    ({"im_agent_backup_count": -1}, "im_agent_backup_count", "found -1, wanted a whole number, 0 or more"),
    ({"im_agent_renew_days": "soon"}, "im_agent_renew_days", "found 'soon', wanted"),
    (
        {"im_agent_hosting": "windows_service"},
        "im_agent_hosting",
        "found 'windows_service', wanted one of iis, service",
    ),
    ({"im_agent_hosting": "servce"}, "im_agent_hosting", "the nearest is service"),
    ({"im_agent_protection": "encryptd"}, "im_agent_protection", "the nearest is encrypted"),
    ({"im_agent_reboot": True}, "im_agent_reboot", "found 'True', wanted one of report, auto, never"),
    ({"im_agent_strict": "maybe"}, "im_agent_strict", "found 'maybe', wanted true or false"),
    ({"im_agent_folders": "D:\\Work"}, "im_agent_folders", "found a text, wanted a dictionary"),
    ({"im_agent_folders": ["D:\\Work"]}, "im_agent_folders", "found a list, wanted a dictionary"),
    ({"im_agent_connections": "canary-ad-password-5c2e"}, "im_agent_connections", "found a text, wanted a dictionary"),
    ({"im_agent_certificates": {"use": "server"}}, "im_agent_certificates", "found a dictionary, wanted a list"),
    ({"im_agent_organization": {"name": "Contoso"}}, "im_agent_organization", "found a dictionary, wanted a text"),
    ({"im_agent_no_proxy": [{"name": "x"}]}, "im_agent_no_proxy", "found a list, wanted a list of texts"),
    ({"im_pool_attributes": "fast"}, "im_pool_attributes", "found a text, wanted a dictionary"),
    ({"im_verify_port": 99999}, "im_verify_port", "found 99999, wanted a whole number from 1 to 65535"),
    ({"im_service_firewall": "ignored"}, "im_service_firewall", "the nearest is ignore"),
    ({"im_agent_protecton": "encrypted"}, "im_agent_protecton", "nothing reads, wanted im_agent_protection: correct"),
    ({"im_pool_atributes": {}}, "im_pool_atributes", "wanted im_pool_attributes"),
    ({"im_agent_host_names": []}, "im_agent_host_names", "list it in im_agent_own_variables"),
    (
        {"im_agent_protection": "azure_key_vault"},
        "im_agent_azure_key_vault",
        "found no vault, but secrets that are to be kept in one, wanted its address",
    ),
    (
        {"im_agent_protection": "cyberark", "im_agent_cyberark": {"safe_name": "x"}},
        "im_agent_protection",
        "found cyberark for the secrets of the OpenID clients Job, Admin, wanted another place",
    ),
    ({"im_agent_protections": {"Connections": "cyberark"}}, "im_agent_cyberark", "found nothing, but secrets"),
    ({"im_agent_protections": {"Connections": "vault"}}, "im_agent_protections.Connections", "found 'vault', wanted"),
    ({"im_agent_pool_name": "Agent/Paris"}, "im_agent_pool_name", "found 'Agent/Paris' with /, wanted"),
    ({"im_agent_pool_name": "x" * 65}, "im_agent_pool_name", "with 65 characters, wanted 1 to 64"),
    ({"im_agent_site_name": "Agent: Paris"}, "im_agent_site_name", "found 'Agent: Paris' with :, wanted"),
    (
        {"im_pool_attributes": {"managedRuntimeVersion": "v4.0"}},
        "im_pool_attributes.managedRuntimeVersion",
        "found 'v4.0', wanted it to be left out",
    ),
    (
        {"im_agent_settings": {"applicationuri": "https://other"}},
        "im_agent_settings.ApplicationUri",
        "wanted it in im_agent_server_url only",
    ),
    (
        {"im_agent_agent_settings": {"OpenId": {"AgentIdentifier": "Rome"}}},
        "im_agent_agent_settings.OpenId.AgentIdentifier",
        "wanted it in im_agent_identifier only",
    ),
    (
        {"im_agent_identity_password": trust_as_template("{{ vault_pasword }}"), "vault_password": "canary-x"},
        "im_agent_identity_password",
        "needs vault_pasword, which is not set, wanted a text: the nearest name is vault_password",
    ),
    (
        {"im_agent_folders": trust_as_template("{{ {'Work': none.nothing } }}")},
        "im_agent_folders",
        "found a template that Ansible cannot make a value of",
    ),
]


SERVER = {"use": "server"}
IDENTITY = {"use": "identity_server"}
# What a task's own module refuses, from the inventory and the controller's files alone.
OF_TASKS = [
    ({"im_agent_fingerprint_key": "short"}, "im_agent_fingerprint_key", "16"),
    ({"im_agent_https_proxy": "https://proxy:8080"}, "im_agent_https_proxy", "https"),
    (
        {"im_agent_certificates": [{"use": "encryption", "key_size": 1024}, SERVER, IDENTITY]},
        "im_agent_certificates",
        "1024",
    ),
    (
        {"im_agent_certificates": [{"use": "encryption", "sorce": "pfx"}, SERVER, IDENTITY]},
        "im_agent_certificates",
        "found the unknown key 'sorce', wanted one of alternative_names, container",
    ),
    ({"im_agent_no_proxy": ["*.contoso.com"]}, "im_agent_no_proxy", "found a '*'"),
    (
        {"im_agent_certificates": [{"use": "encryption", "source": "pfx", "file": "/no/x.pfx"}, SERVER, IDENTITY]},
        "im_agent_certificates",
        "/no/x.pfx",
    ),
    (
        {"im_agent_connectors": {"ADExport": "activ_directory"}},
        "im_agent_connectors.ADExport",
        "the nearest is active_directory",
    ),
    ({"im_agent_folders": {"Works": "D:\\Work"}}, "im_agent_folders", "found 'Works', wanted one of"),
    ({"im_pool_attributes": {"cpuLimit": 1}}, "im_pool_attributes", "cpuLimit"),
    ({"im_agent_hosting_bundle_version": "eight"}, "im_agent_hosting_bundle_version", "eight"),
]


@pytest.mark.parametrize(("changes", "variable", "text"), OF_TASKS, ids=lambda value: str(value)[:50])
def test_what_a_task_refuses_without_its_server_is_refused_before_it_is_asked(changes, variable, text):
    found = refused(changes)
    assert list(found) == [variable], found
    assert text in found[variable]


@pytest.mark.parametrize(("changes", "variable", "text"), WRONG, ids=lambda value: str(value)[:50])
def test_a_wrong_variable_is_the_only_refusal_and_comes_before_the_first_question(changes, variable, text):
    found = refused(changes)
    assert list(found) == [variable], found
    assert text in found[variable]


def test_a_misspelt_required_variable_is_told_once():
    found = refused({"im_agent_orgnization": "Contoso"}, without={"im_agent_organization"})
    assert list(found) == ["im_agent_orgnization"]


def test_a_variable_that_is_missing_is_told_and_not_what_follows_from_it():
    gone = {"im_agent_organization", "im_agent_working_directory", "im_agent_site_name", "im_agent_pool_name"}
    assert list(refused({}, without=gone)) == ["im_agent_organization"]


def test_all_that_is_wrong_comes_in_one_result():
    changes = {"im_agent_https_port": "x", "im_agent_hosting": "docker", "im_agent_protecton": "plain"}
    found = refused(changes | {"im_agent_server_url": "http://im"})
    assert set(found) == {*changes, "im_agent_server_url"}


def wanted(changes):
    server = shared()
    first = install_playbook.run(server, variables(changes), check=True, only_first=True)[0].result
    assert not first.get("failed"), first["msg"]
    return first


AS_TEXT = {
    name: json.dumps(value)
    for name, value in variables({}).items()
    if isinstance(value, dict | list) and name not in {"im_agent_environment"}
}
ODD = [
    {"im_agent_https_port": "443", "im_agent_backup_count": "5", "im_agent_strict": "no", "im_agent_renew_days": "30"},
    {"im_agent_remove_former_pairs": "yes"},
    {"im_agent_no_proxy": "a.contoso.com,b.contoso.com"},
    {"im_agent_https_proxy": None, "im_agent_folders": None},
    {"im_agent_host_names": [], "im_agent_own_variables": ["im_agent_host_names"]},
    {"im_agent_host_names": [], "im_agent_own_variables": "im_agent_host_names"},
    {"im_agent_reslt": {}, "im_pool_result": {}, "im_agent_hosts": "paris", "im_agentx_protecton": 1},
    {"im_agent_certificates": trust_as_template("{{ pairs }}"), "pairs": variables({})["im_agent_certificates"]},
    {"im_agent_service_start_mode": "manual"},
    *({name: text} for name, text in AS_TEXT.items()),
    AS_TEXT,
    AS_TEXT | {"im_agent_hosting": "service", "im_agent_folders": '{"Work": "C:\\\\Work"}'},
]


@pytest.mark.parametrize("changes", ODD, ids=lambda value: ", ".join(value)[:50])
def test_odd_but_valid_variables_are_no_mistake(changes):
    assert wanted(changes)["plan"]


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_texts_of_a_survey_make_the_same_plan_as_what_they_stand_for(hosting):
    folders = {"Work": "C:\\Work", "Temp": "C:\\Temp"}
    plain = {"im_agent_hosting": hosting, "im_agent_folders": folders}
    texts = AS_TEXT | {"im_agent_hosting": hosting, "im_agent_folders": json.dumps(folders)}
    assert wanted(texts)["plan"] == wanted(plain)["plan"]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("protecton", ["protection", "protections"], "protection"),
        ("protectionss", ["protection", "protections"], "protections"),
        ("protection", ["protection", "protections"], ""),
        ("hsot", ["host"], "host"),
        ("nam", ["name"], "name"),
        ("nae", ["uae", "name"], "name"),
        ("ab", ["ac"], ""),
        ("port", ["path"], ""),
        ("", ["a"], ""),
    ],
)
def test_the_nearest_name_is_found_and_short_ones_are_not_alike(name, known, meant):
    assert spelling.nearest(name, known) == meant


def test_every_number_of_ours_has_a_range():
    numbers = [variable for variable in inventory_check.KNOWN.values() if variable.type == "int"]
    assert numbers
    assert [variable.name for variable in numbers if not variable.range] == []


def test_no_two_variables_of_ours_are_taken_for_each_other():
    assert vocabulary.misspelt(inventory_check.KNOWN, inventory_check.KNOWN, ()) == []
