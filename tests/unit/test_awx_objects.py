"""AWX's objects, the pattern and the rulebook: their forms, that what they name exists, and what they let happen."""

from __future__ import annotations

import json
import re

import audited
import awx_forms
import awx_objects
import jinja2
import jsonschema
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import inventory_check

LOADED = yaml.load(awx_objects.OBJECTS.read_text("utf-8"), awx_objects.Loader)
TEMPLATES = {one["name"]: one for one in LOADED["controller_templates"]}
WORKFLOWS = {one["name"].partition(": ")[2]: one for one in LOADED["controller_workflows"]}
(CREDENTIAL,) = LOADED["controller_credential_types"]
PATTERN = json.loads((awx_objects.PATTERN / "meta" / "pattern.json").read_text("utf-8"))
RULEBOOK = awx_objects.ROOT / "extensions" / "eda" / "rulebooks" / "agent_down.yml"
PLAYBOOKS = {path.stem for path in (awx_objects.ROOT / "playbooks").glob("*.yml")} - awx_objects.BY_HAND
CHANGES = {"install", "stage", "upgrade", "rollback", "renew", "rollout", "restart", "stop", "start"}
"""Playbooks that change servers."""


def nodes(workflow):
    return {node["identifier"]: node for node in workflow["related"]["workflow_nodes"]}


def following(node):
    return [link["identifier"] for links in node.get("related", {}).values() for link in links]


def roots(workflow):
    found = nodes(workflow)
    return set(found) - {name for node in found.values() for name in following(node)}


def changes(node):
    template = TEMPLATES.get(node["unified_job_template"]["name"])
    return bool(template) and template["job_type"] == "run" and template["playbook"].removesuffix(".yml") in CHANGES


def test_all_files_are_current():
    assert awx_objects.main(check=True) == 0
    written = {path for path in awx_objects.PATTERN.rglob("*") if path.is_file()}
    assert written == {path for path in awx_objects.files() if path != awx_objects.OBJECTS} | {
        awx_objects.PATTERN / "README.md"
    }


def test_the_objects_have_awx_forms():
    jsonschema.validate(LOADED, awx_forms.CONTROLLER)


def test_there_is_a_template_for_each_playbook():
    assert {one.playbook for one in awx_objects.TEMPLATES} == PLAYBOOKS
    assert len(TEMPLATES) == len(awx_objects.TEMPLATES)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_asks_what_its_survey_has_and_is_sliced_only_where_servers_are_apart(template):
    survey = awx_objects.SURVEYS / template["playbook"].replace(".yml", ".json")
    assert template["survey_enabled"] is survey.exists()
    assert template["related"].get("survey_spec") == (
        json.loads(survey.read_text("utf-8")) if survey.exists() else None
    )
    sliced = template["ask_job_slice_count_on_launch"] or template["allow_simultaneous"]
    assert not sliced or template["playbook"] == "verify.yml"


def test_the_check_changes_nothing_and_shows_what_would():
    check = TEMPLATES["Identity Manager agents: check"]
    assert (check["job_type"], check["diff_mode"], check["playbook"]) == ("check", True, "install.yml")


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_workflow_runs_templates_that_exist_from_one_start_to_all_its_nodes(workflow):
    found = nodes(workflow)
    assert len(found) == len(workflow["related"]["workflow_nodes"])
    (start,) = roots(workflow)
    reached, rest = set(), [start]
    while rest:
        name = rest.pop()
        reached.add(name)
        rest += [other for other in following(found[name]) if other not in reached]
    assert reached == set(found)
    for node in found.values():
        named = node["unified_job_template"]
        assert named["type"] == "workflow_approval" or named["name"] in TEMPLATES
        template = TEMPLATES.get(named["name"], {})
        assert "limit" not in node or template["ask_limit_on_launch"]
        asked = {
            question["variable"] for question in template.get("related", {}).get("survey_spec", {}).get("spec", ())
        }
        assert set(node.get("extra_data", {})) <= asked, "AWX drops what no survey asks for"


def ways(workflow, name, way=()):
    """Yield the ways from a node to the ends of a workflow, as names of nodes."""
    assert name not in way, "AWX refuses a circle"
    after = following(nodes(workflow)[name])
    if not after:
        yield (*way, name)
    for other in after:
        yield from ways(workflow, other, (*way, name))


def test_a_change_is_approved_before_the_first_server_and_before_the_others():
    workflow = WORKFLOWS["change"]
    (start,) = roots(workflow)
    found = nodes(workflow)
    for way in ways(workflow, start):
        approvals = 0
        for name in way:
            approvals += found[name]["unified_job_template"]["type"] == "workflow_approval"
            if changes(found[name]):
                assert approvals == (1 if "limit" in found[name] else 2), way
    failing = [name for name, node in found.items() if node["unified_job_template"]["type"] == "job_template"]
    for name in failing:
        linked = [link["identifier"] for link in found[name].get("related", {}).get("failure_nodes", ())]
        assert linked == ([] if name == "report" else ["report"])


def test_a_rollout_is_checked_and_approved_and_a_failure_is_reported():
    workflow = WORKFLOWS["change in waves"]
    found = nodes(workflow)
    assert set(ways(workflow, "check")) == {
        ("check", "approval", "rollout", "report"),
        ("check", "report"),
    }
    linked = {name: [*node.get("related", {})] for name, node in found.items()}
    assert linked["rollout"] == ["failure_nodes"]
    assert linked["approval"] == ["success_nodes"]
    assert set(found["check"]["related"]) == {"success_nodes", "failure_nodes"}


def test_a_workflow_with_a_survey_asks_what_its_job_template_asks_and_must_know():
    workflow = WORKFLOWS["change in waves"]
    assert workflow["survey_enabled"] is True
    asked = {one["variable"]: one for one in workflow["related"]["survey_spec"]["spec"]}
    template = TEMPLATES["Identity Manager agents: rollout"]["related"]["survey_spec"]["spec"]
    known = {one["variable"]: one for one in template}
    assert {name for name, one in known.items() if one["required"]} <= set(asked) <= set(known)
    assert asked["im_rollout"]["choices"] == ["install", "renew"]
    assert {name: one for name, one in asked.items() if name != "im_rollout"} == {
        name: known[name] for name in asked if name != "im_rollout"
    }
    assert all(not one["survey_enabled"] for name, one in WORKFLOWS.items() if name != "change in waves")


def test_where_one_is_down_it_is_looked_at_before_it_is_restarted_and_restarted_once():
    workflow = WORKFLOWS["one is down"]
    (start,) = roots(workflow)
    found = nodes(workflow)
    for way in ways(workflow, start):
        playbooks = [TEMPLATES[found[name]["unified_job_template"]["name"]]["playbook"] for name in way]
        assert playbooks == ["verify.yml", "audit.yml", "restart.yml"]
    assert [link["identifier"] for link in found["verify"]["related"]["failure_nodes"]] == ["audit"]
    assert workflow["ask_limit_on_launch"] is True


def injected(**inputs):
    """Return the extra variables that AWX makes of a credential's inputs."""
    values = {field["id"]: "" for field in CREDENTIAL["inputs"]["fields"]} | inputs
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # no HTML
    variables = CREDENTIAL["injectors"]["extra_vars"]
    return {name: environment.from_string(text).render(values) for name, text in variables.items()}


def test_each_field_of_the_credential_is_a_secret_and_reaches_one_variable():
    fields = [field["id"] for field in CREDENTIAL["inputs"]["fields"]]
    assert all(field["secret"] for field in CREDENTIAL["inputs"]["fields"])
    assert set(CREDENTIAL["inputs"]["required"]) <= set(fields)
    made = injected(**{field: f"canary {field}" for field in fields})
    assert sorted(made.values()) == sorted(f"canary {field}" for field in fields)
    assert set(injected()) == set(made)


def test_an_inventory_takes_its_secrets_from_the_credential():
    made = injected(openid_secret_job="canary-job-2b7e", fingerprint_key="canary-fingerprint-key-9d")
    clients = {"Job": "{{ vault_openid_secret_job }}", "Admin": "{{ vault_openid_secret_job }}"}
    templates = {"openid_clients": clients, "fingerprint_key": "{{ vault_fingerprint_key }}"}
    variables = {**audited.variables(**trusted(templates)), **made}
    given = inventory_check.read(variables, Templar(DataLoader(), variables=variables))
    assert inventory_check.findings(given, variables) == []
    assert given.values["im_agent_openid_clients"]["Job"] == "canary-job-2b7e"
    assert given.values["im_agent_fingerprint_key"] == "canary-fingerprint-key-9d"


def trusted(data):
    if isinstance(data, dict):
        return {key: trusted(value) for key, value in data.items()}
    return trust_as_template(data)


SURVEYS = sorted(awx_objects.SURVEYS.glob("*.json"))


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_the_answers_of_a_survey_are_taken_as_the_texts_that_awx_makes_of_them(path):
    spec = json.loads(path.read_text("utf-8"))["spec"]
    for number in range(max(len(question.get("choices", ())) for question in spec) or 1):
        answers = {}
        for question in spec:
            choices = question.get("choices") or [question["default"]]
            answers[question["variable"]] = str(choices[number % len(choices)])
        variables = {**audited.variables(), **answers}
        given = inventory_check.read(variables, Templar(DataLoader(), variables=variables))
        assert inventory_check.findings(given, variables) == []
        assert not given.unfit


def test_the_pattern_has_its_form_and_a_playbook_for_each_template():
    jsonschema.validate(PATTERN, awx_forms.PATTERN)
    assert PATTERN["name"] == awx_objects.PATTERN.name
    templates = PATTERN["aap_resources"]["controller_job_templates"]
    assert [one["playbook"] for one in templates if one["primary"]] == ["install.yml"]
    assert {one["playbook"].removesuffix(".yml") for one in templates} == PLAYBOOKS
    for one in templates:
        (play,) = yaml.safe_load((awx_objects.PATTERN / "playbooks" / one["playbook"]).read_text("utf-8"))
        imported = awx_objects.PATTERN / "playbooks" / play["ansible.builtin.import_playbook"]
        assert imported.resolve() == awx_objects.ROOT / "playbooks" / one["playbook"]
        for question in one.get("survey", {}).get("spec", ()):
            assert isinstance(question["default"], str)


def test_the_rulebook_launches_a_workflow_that_exists_for_one_server_and_not_twice_in_an_hour():
    (ruleset,) = yaml.safe_load(RULEBOOK.read_text("utf-8"))
    (rule,) = ruleset["rules"]
    (launch,) = [one["run_workflow_template"] for one in rule["actions"] if "run_workflow_template" in one]
    assert launch["name"] in {one["name"] for one in LOADED["controller_workflows"]}
    assert rule["throttle"] == {"once_within": "60 minutes", "group_by_attributes": ["event.payload.agent"]}
    pattern = re.search(r'match\("(.*)"\)', rule["condition"])
    assert pattern
    for name, taken in {
        "agent-paris.contoso.com": True,
        "all": False,
        "*": False,
        "agents[0]": False,
        "a.b:c.d": False,
        "a.b,all": False,
        "!a.b": False,
        "a.b\nall": False,
        "@/etc/a.b": False,
        "~a.b": False,
    }.items():
        assert bool(re.match(pattern[1], name)) is taken, name
