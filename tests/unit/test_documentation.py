"""The documentation says what the code does: options, roles' variables, and the stub that ansible-doc needs."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml
from ansible.plugins.loader import action_loader

ROOT = Path(__file__).resolve().parents[2]
ACTIONS = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("win_im_*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
UTILS = "ansible_collections.imops.identity_manager.plugins.plugin_utils"


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
    subject = action_loader.get(f"imops.identity_manager.{name}", class_only=True).SUBJECT
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


@pytest.mark.parametrize("role", ROLES)
def test_a_role_specifies_each_of_its_defaults_and_has_a_readme(role):
    folder = ROOT / "roles" / role
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text("utf-8"))
    spec = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text("utf-8"))
    options = spec["argument_specs"]["main"]["options"]
    public = {name for name in defaults if not name.startswith("_")}
    assert public <= set(options)
    assert all(name.startswith("im_agent_" if role == "im_agent" else f"{role}_") for name in options)
    readme = (folder / "README.md").read_text("utf-8")
    assert len(readme.splitlines()) <= 40
    assert f"imops.identity_manager.{role}" in readme


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "plugin_utils").glob("_*.py")), ids=lambda path: path.stem)
def test_the_thinking_needs_no_ansible(path):
    doors = {"_host", "_action", "_foretelling", "_settled_variables"}  # to Windows, tasks, roles and Jinja
    imports = [
        line for line in path.read_text("utf-8").splitlines() if line.startswith(("import ansible", "from ansible"))
    ]
    assert path.stem in doors or imports == []
    importlib.import_module(f"{UTILS}.{path.stem}")
