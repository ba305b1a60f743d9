"""The documentation says what the code does: options, roles' variables, and the stub that ansible-doc needs."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
import yaml
from ansible.plugins.loader import action_loader

ROOT = Path(__file__).resolve().parents[2]
ACTIONS = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*im_*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
# One role has no variables: were they specified, Ansible would check them in a task of its own, before that role's.
WITH_VARIABLES = [role for role in ROLES if role != "im_check"]


def shape(options, below):
    """Return what options are: of a document (``below`` is suboptions) or of an argument spec (options)."""
    return {
        name: (
            option.get("type", "str"),
            bool(option.get("required")),
            option.get("elements"),
            option.get("choices"),
            option.get("default"),
            shape(option.get(below) or {}, below),
        )
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", ACTIONS)
def test_a_module_documents_exactly_its_options(name):
    document = yaml.safe_load((ROOT / "plugins" / "modules" / f"{name}.yml").read_text("utf-8"))
    action = action_loader.get(f"imops.identity_manager.{name}", class_only=True)
    subject = getattr(action, "SUBJECT", action)
    assert shape(document["DOCUMENTATION"]["options"], "suboptions") == shape(
        subject.ARGUMENT_SPEC["argument_spec"], "options"
    )
    assert (ROOT / "plugins" / "modules" / f"{name}.py").exists(), "ansible-doc finds no module without its stub"
    examples = yaml.safe_load(document["EXAMPLES"])
    for task in examples:
        (module,) = [key for key in task if "." in key]
        arguments = task[module]
        assert set(arguments or {}) <= set(document["DOCUMENTATION"]["options"])


def test_every_action_is_in_the_action_group():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    assert runtime["action_groups"]["identity_manager"] == ACTIONS


@pytest.mark.parametrize("role", WITH_VARIABLES)
def test_a_role_specifies_each_of_its_defaults_and_has_a_readme(role):
    folder = ROOT / "roles" / role
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text("utf-8"))
    spec = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text("utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    public = {name for name in defaults if not name.startswith("_")}
    assert public <= set(options)
    prefix = "im_agent_" if role == "im_agent" else f"{role}_"
    assert all(name.startswith(prefix) for name in options.keys() - {"im_rollout"})
    readme = (folder / "README.md").read_text("utf-8")
    assert len(readme.splitlines()) <= 40
    assert f"imops.identity_manager.{role}" in readme


@pytest.mark.parametrize("role", WITH_VARIABLES)
def test_a_role_specifies_each_of_its_entry_points(role):
    folder = ROOT / "roles" / role
    spec = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text("utf-8"))
    assert set(spec["argument_specs"]) == {"main", *(path.stem for path in (folder / "tasks").glob("*.yml"))}


@functools.cache
def options(specification):
    """Return the names of a role's variables, of all its entry points."""
    entries = yaml.safe_load(specification.read_text("utf-8"))["argument_specs"].values()
    return {name for entry in entries for name in entry.get("options", {})}


# What is a variable without being a role's: the playbooks' group of hosts, and what a role hands to the next; modules.
OTHER_VARIABLES = {"im_agent_hosts", "im_certificates_result", "im_report", "im_evidence"}
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/README.md"), ROOT / "README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_that_a_page_names_is_one_and_its_examples_are_yaml(page):
    text = page.read_text("utf-8")
    known = {name for path in (ROOT / "roles").glob("*/meta/argument_specs.yml") for name in options(path)}
    named = set(re.findall(r"(?<![\w.])im_[a-z0-9_]+[a-z0-9](?![\w*.-])", text))
    scenarios = {path.name for path in (ROOT / "extensions" / "molecule").iterdir()}
    assert named - known - OTHER_VARIABLES - set(ROLES) - scenarios == set()
    for example in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yaml.safe_load(example)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_guide_is_on_the_site():
    index = (ROOT / "docs" / "docsite" / "index.rst").read_text("utf-8").split()
    assert {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")} <= set(index)
