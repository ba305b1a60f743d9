"""The filters as a playbook calls them: what is documented is what they do, and mistakes are told in words."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[2]
FILTERS = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("*.py"))
PREFIX = "imops.identity_manager."


def documented(name):
    return yaml.safe_load((ROOT / "plugins" / "filter" / f"{name}.yml").read_text("utf-8"))


def trusted(data):
    """Return data of a playbook: its texts may hold templates."""
    if isinstance(data, dict):
        return {trusted(key): trusted(value) for key, value in data.items()}
    if isinstance(data, list):
        return [trusted(value) for value in data]
    return trust_as_template(data) if isinstance(data, str) else data


def templated(text, variables=()):
    return Templar(DataLoader(), variables=trusted(dict(variables))).template(trust_as_template(text))


def words(error):
    """Return an error with its causes, as Ansible prints them."""
    found = []
    while error:
        found.append(str(error))
        error = error.__cause__
    return " ".join(found)


@pytest.mark.parametrize("name", FILTERS)
def test_each_example_runs_and_the_first_gives_the_sample(name):
    document = documented(name)
    results = [
        templated(task["ansible.builtin.debug"]["msg"], task.get("vars", {}))
        for task in yaml.safe_load(document["EXAMPLES"])
    ]
    assert results[0] == document["RETURN"]["_value"]["sample"]
    kind = {"str": str, "dict": dict, "list": list, "raw": object}[document["RETURN"]["_value"]["type"]]
    assert all(isinstance(result, kind) for result in results)
    assert "not for printing" not in json.dumps(results)


@pytest.mark.parametrize("name", FILTERS)
def test_the_documented_options_are_those_of_the_function(name):
    document = documented(name)["DOCUMENTATION"]
    options = document["options"]
    function = filter_loader.get(PREFIX + name).j2_function
    first, *others = inspect.signature(function).parameters.values()
    assert list(options) == ["_input", *(parameter.name for parameter in others)]
    assert document.get("positional", "") == ", ".join(parameter.name for parameter in others)
    assert document["name"] == name
    assert first.default is inspect.Parameter.empty
    assert options["_input"]["required"] is True
    for parameter in others:
        option = options[parameter.name]
        assert bool(option.get("required")) is (parameter.default is inspect.Parameter.empty)
        assert parameter.default in (inspect.Parameter.empty, option.get("default"))


@pytest.mark.parametrize("name", FILTERS)
def test_a_file_holds_the_one_filter_that_it_is_named_after(name):
    function = filter_loader.get(PREFIX + name).j2_function
    assert inspect.getmodule(function).FilterModule().filters() == {name: function}
    assert (ROOT / "plugins" / "filter" / f"{name}.yml").exists()


def test_ansible_doc_shows_every_filter():
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-doc", "-t", "filter", "--json", *(PREFIX + name for name in FILTERS)],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = json.loads(done.stdout)
    assert {name.removeprefix(PREFIX): bool(entry["examples"]) for name, entry in shown.items()} == dict.fromkeys(
        FILTERS, True
    )


MISTAKES = [
    ("{{ '' | X.pool_identity_name }}", ["found ''", "name of an application pool"]),
    (r"{{ 'IIS APPPOOL\\x' | X.pool_identity_name }}", ["IIS APPPOOL", "in front"]),
    ("{{ 5 | X.pool_identity_sid }}", ["found 5", "name of an application pool"]),
    ("{{ {} | X.effective_rights }}", ["found a dictionary", "SDDL", "Get-Acl"]),
    ("{{ 'O:BA' | X.effective_rights }}", ["no access list in 'O:BA'", "Get-Acl"]),
    ("{{ 'D:(A;;ZZ;;;BA)' | X.effective_rights }}", ["rights 'ZZ'"]),
    ("{{ 'D:(A;;FA;;;BA)' | X.effective_rights(pool='') }}", ["found ''", "application pool"]),
    ("{{ ['a'] | X.masked_settings }}", ["found a list", "wanted a dictionary"]),
    ("{{ {} | X.masked_settings(before='a') }}", ["before: found a string", "wanted a dictionary"]),
    ("{{ none | X.masked_settings }}", ["found nothing"]),
    ("{{ {'appsettings.jsn': {}} | X.merged_settings }}", ["'appsettings.jsn'", "appsettings.json", "Production"]),
    ("{{ 'x' | X.merged_settings }}", ["found a string", "by the name of their file"]),
    ("{{ 'Local' | X.agent_element }}", ["'Local'", "any other name"]),
    ("{{ 'Paris' | X.agent_element(uri='http://x') }}", ["'http://x'", "https address"]),
    ("{{ 'Job' | X.openid_client_element(secret='', profile='Administrator') }}", ["secret: found nothing", "vault"]),
    ("{{ 'Job' | X.openid_client_element(secret='s', profile='') }}", ["profile: found ''", "Administrator"]),
    ("{{ 7 | X.openid_secret_hash }}", ["found a number", "vault"]),
    ("{{ 'AD' | X.connector_element(agent='') }}", ["agent: found ''", "the agent's identifier"]),
    ("{{ 'CN=x' | X.distinguished_name }}", ["found a string", "by attribute type"]),
    ("{{ 'x' | X.converted('dict') }}", ["found no dict", "JSON"]),
    ("{{ 'x' | X.rollout_next(['x']) }}", ["found no dictionary", "hostvars"]),
    ("{{ 'x' | X.converted('int') }}", ["found the type 'int'", "dict, list"]),
    ("{{ {'CN': ''} | X.distinguished_name }}", ["CN: found ''", "omit CN"]),
    ("{{ {'agent1': 'ok'} | X.reach_table }}", ["agent1: found a string", "results of win_im_ping"]),
    ("{{ 'ok' | X.reach_table }}", ["found a string", "results of win_im_ping"]),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_a_mistake_is_told_with_what_was_found_and_wanted(text, told):
    with pytest.raises(AnsibleError) as error:
        templated(text.replace("X.", PREFIX))
    for part in (PREFIX + text.split("X.")[1].split("(")[0].split()[0], *told):
        assert part in words(error.value)


def test_every_filter_refuses_some_mistake():
    assert {text.split("X.")[1].split("(")[0].split()[0] for text, _ in MISTAKES} == set(FILTERS)


CANARY = "canary-filter-2b7d"
SECRETIVE = [
    "{{ {'a': secret} | X.openid_secret_hash }}",
    "{{ [secret] | X.masked_settings }}",
    "{{ {'appsettings.json': secret} | X.merged_settings }}",
    "{{ {'appsettings.json': {'Password': secret, 'password': secret}} | X.merged_settings }}",
    "{{ {'appsettings.json': {'A': secret}, 'appsettings.agent.json': {'A': {'B': secret}}} | X.merged_settings }}",
    "{{ 'Job' | X.openid_client_element(secret=[secret], profile='Administrator') }}",
    "{{ 'Paris' | X.agent_element(uri='https://user:' + secret + '@x') }}",
]


@pytest.mark.parametrize("text", SECRETIVE)
def test_no_error_of_a_filter_tells_a_secret(text):
    with pytest.raises(AnsibleError) as error:
        templated(text.replace("X.", PREFIX), {"secret": CANARY})
    assert CANARY not in words(error.value)
