"""A template is made with the variables that it can use, and becomes what it becomes with all of them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import EncryptedString, VaultLib, VaultSecret, VaultSecretsContext
from ansible.plugins.loader import filter_loader, test_loader
from ansible.template import Templar, trust_as_template
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import compiled, role_tasks
from jinja2 import nodes

OWN = {
    "im_pool_name": "{{ im_agent_pool_name }}",
    "im_agent_pool_name": "Identity Manager {{ im_agent_organization }}",
    "im_agent_organization": "Contoso",
    "im_settings_certificates": "{{ im_certificates_result.certificates | default({}) }}",
}
OTHERS = {
    "im_agent_host_name": "{{ names[region] }}",
    "region": "west",
    "names": {"west": "a.contoso.com"},
    "by_lookup": "{{ lookup('vars', 'region') }}",
    "by_vars": "{{ vars['region'] }}",
    "plain": "Contoso {",
}
VARIABLES = {name: trust_as_template(text) if isinstance(text, str) else text for name, text in (OWN | OTHERS).items()}


@pytest.fixture(autouse=True)
def prepared():
    compiled.prepare(role_tasks.templates([*role_tasks.of_hosting("iis"), "im_verify"]))


def needed(text, plain=()):
    return set(compiled.needed(trust_as_template(text), VARIABLES, plain))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ region }}", {"region"}),
        ("{{ im_agent_organization or omit }}", {"im_agent_organization"}),
        ("no template", set()),
        (OWN["im_settings_certificates"], set()),
        ("{{ absent }}", set()),
        ("{{ names }}", {"names"}),
    ],
)
def test_a_template_of_ours_and_a_bare_name_get_what_they_name(text, names):
    assert needed(text) == names


@pytest.mark.parametrize(
    "text",
    ["{{ names[region] }}", "{{ im_agent_host_name }}", OTHERS["by_lookup"], "{{ by_lookup }}", "{{ by_vars }}"],
)
def test_where_somebody_else_s_template_has_part_in_it_all_variables_are_there(text):
    assert needed(text) == set(VARIABLES)


def test_values_that_are_no_templates_any_more_are_not_searched():
    assert needed("{{ im_agent_host_name }}", plain={"im_agent_host_name"}) == {"im_agent_host_name"}


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - {"by_vars"}))
def test_it_becomes_what_it_becomes_with_all_variables(name):
    templar = Templar(DataLoader(), variables=VARIABLES)
    value = VARIABLES[name]
    assert compiled.template(templar, value, VARIABLES) == Templar(DataLoader(), variables=VARIABLES).template(value)
    assert templar.available_variables is VARIABLES


def test_a_variable_that_is_not_there_is_told_as_ever_and_the_others_are_there_afterwards():
    templar = Templar(DataLoader(), variables=VARIABLES)
    with pytest.raises(AnsibleUndefinedVariable, match="'absent' is undefined"):
        compiled.template(templar, trust_as_template("{{ absent }}"), VARIABLES)
    assert templar.available_variables is VARIABLES


CONSTANTS = "{text: a, number: 4, part: 1.5, yes: true, none: , empty: [], deep: {list: [1, b, {c: d}]}, odd: 'a { b'}"


@pytest.mark.parametrize("raw", DataLoader().load(CONSTANTS, json_only=False).values(), ids=str)
def test_what_holds_no_template_becomes_what_ansible_makes_of_it(raw):
    made, wanted = (
        make(Templar(DataLoader(), variables={}))
        for make in (lambda t: compiled.template(t, raw, {}), lambda t: t.template(raw))
    )
    assert (made, type(made)) == (wanted, type(wanted))


def test_a_vaulted_text_and_what_is_omitted_are_left_to_ansible():
    secrets = [("default", VaultSecret(b"demo-only-vault"))]
    if VaultSecretsContext.current(optional=True) is None:
        VaultSecretsContext.initialize(VaultSecretsContext(secrets))
    vaulted = EncryptedString(ciphertext=VaultLib(secrets).encrypt("canary-constant").decode())
    templar = Templar(DataLoader(), variables={})
    omit = templar._engine.environment.globals["omit"]
    made = compiled.template(templar, {"texts": [vaulted], "left_out": omit}, {})
    assert made == {"texts": ["canary-constant"]}
    assert isinstance(made["texts"][0], str)


@pytest.mark.parametrize("loader", [filter_loader, test_loader], ids=["filters", "tests"])
def test_the_filters_and_tests_of_our_own_templates_are_searched_for_once_in_a_run(loader, monkeypatch):
    """ansible-core looks through all files of a collection, for each environment and so for each server anew."""
    searched: list[str] = []
    monkeypatch.setattr(type(loader), "get", lambda self, name, **_: searched.append(name))
    environment = compiled.reuse(Templar(variables={}))._engine.environment
    held, kind = (environment.filters, nodes.Filter) if loader is filter_loader else (environment.tests, nodes.Test)
    for template in role_tasks.templates([*role_tasks.of_hosting("iis"), "im_verify"]):
        for node in environment.parse(str(template)).find_all(kind):
            held.get(node.name)
    assert searched == []
