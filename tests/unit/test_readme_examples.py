"""The example of each role's README is a play that works: on a server with an agent it changes nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import chain
import install_playbook
import pytest
import yaml
from collection_tree import link

ROLES = sorted(path.name for path in (chain.ROOT / "roles").iterdir() if path.is_dir())
ON_THE_CONTROLLER = {"im_adopt", "im_audit", "im_check", "im_collect", "im_remove", "im_rollout", "im_handover"}
"""The role that is never named in a playbook, since the others depend on it, and those whose tasks are about all
servers of a play or write on the controller: tests/integration/test_audit_play.py, tests/integration/test_handover.py,
tests/unit/adopt/test_adopting.py, tests/unit/operate/test_collect.py. That of im_remove is refused:
tests/unit/remove/test_remove.py. im_rollout has the steps of a playbook, and none of its own."""
WITH_EXAMPLE = [role for role in ROLES if role not in ON_THE_CONTROLLER]
HOSTING = {"im_service": "service"}
"""Roles that are for one way of hosting; the others are tried under IIS."""


def play(role):
    """Return the play of a README's first example."""
    text = (chain.ROOT / "roles" / role / "README.md").read_text("utf-8")
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found, f"{role} has no example"
    (one,) = yaml.safe_load(found[1])
    return one


def variables(hosting):
    given = {f"im_agent_{name}": value for name, value in chain.inventory(hosting=hosting).items()}
    return given | {"inventory_hostname": "paris.contoso.com", "im_agent_verify_timeout": 0}


@pytest.fixture(scope="module")
def servers():
    """Return a server with an agent, for each way of hosting."""
    found = {}
    for hosting in ("iis", "service"):
        found[hosting] = chain.server()
        done = install_playbook.run(found[hosting], variables(hosting))
        assert not done[-1].result.get("failed"), done[-1].result["msg"]
    return found


@pytest.mark.parametrize("role", WITH_EXAMPLE)
def test_the_example_of_a_readme_runs_and_changes_nothing_on_a_server_with_an_agent(servers, role):
    example, hosting = play(role), HOSTING.get(role, "iis")
    assert set(example) == {"name", "hosts", "gather_facts", "roles"}
    roles = [one["role"] for one in example["roles"]]
    assert roles[-1] == f"imops.identity_manager.{role}"
    done = install_playbook.run_roles(servers[hosting], roles, variables(hosting))
    assert not [task.result["msg"] for task in done if task.result.get("failed")]
    assert {task.task for task in done if task.changed} == set()
    own = role if (chain.ROOT / "roles" / role / "tasks").is_dir() else "im_check"
    assert done[-1].task.startswith(own), "the role's own task ran"


@pytest.mark.parametrize("role", WITH_EXAMPLE)
def test_the_example_of_a_readme_foretells_a_bare_server_or_says_why_not(role):
    hosting = HOSTING.get(role, "iis")
    roles = [one["role"] for one in play(role)["roles"]]
    server = chain.server()
    before = json.dumps(server.machine.dump(), sort_keys=True)
    done = install_playbook.run_roles(server, roles, variables(hosting), check=True)
    messages = [task.result["msg"] for task in done if task.result.get("failed")]
    assert not [text for text in messages if re.search("undefined|object of type|Traceback|has no attribute", text)]
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


def test_ansible_doc_shows_every_entry_point_of_the_roles():
    names = [f"imops.identity_manager.{role}" for role in WITH_EXAMPLE]
    command = [str(Path(sys.executable).with_name("ansible-doc")), "-t", "role", "-j", *names]
    shown = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env={"ANSIBLE_COLLECTIONS_PATH": str(link()), "HOME": "/tmp"},
    )
    documented = {name: set(about["entry_points"]) for name, about in json.loads(shown.stdout).items()}
    for role, name in zip(WITH_EXAMPLE, names, strict=True):
        files = {path.stem for path in (chain.ROOT / "roles" / role / "tasks").glob("*.yml")}
        assert documented[name] == (files or {"main"}), role
