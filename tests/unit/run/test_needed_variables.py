"""A template is made with the variables that it can use, and becomes what it becomes with all of them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import compiled, role_tasks

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
