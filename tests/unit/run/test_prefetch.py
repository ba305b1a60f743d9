"""What the first probe asks for is what the roles' tasks will ask: docs/decisions/0011."""

from __future__ import annotations

import chain
import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.controller import HeldFile
from ansible_collections.imops.identity_manager.plugins.plugin_utils._inventory import agent_info
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import role_tasks
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run.foretelling import SUBJECTS
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run.variables import SettledVariables

ENTRIES = yaml.safe_load((chain.ROOT / "playbooks" / "install.yml").read_text("utf-8"))[0]["vars"]["_entries"]
PAIR = {"thumbprint": "AB" * 20, "store_name": "My", "store_location": "LocalMachine", "subject": "CN=x"}
RESULT = {"certificates": dict.fromkeys(("encryption", "identity_server", "server"), PAIR)}
INVENTORIES = {
    "iis": {},
    "service": {"hosting": "service"},
    "https service": {"hosting": "service", "service_urls": ["https://*:5001"]},
    "account": {"identity_username": "CONTOSO\\svc", "identity_password": "canary-account-9"},
    "gMSA": {"identity_username": "agent$@contoso.com"},
    "account of a service": {
        "hosting": "service",
        "identity_username": "CONTOSO\\svc",
        "identity_password": "canary-account-9",
    },
    "folders": {"folders": {"Runtime": "D:\\Runtime", "Temp": "D:\\Temp", "Work": "D:\\Work"}},
    "port": {"https_port": "8443"},
    "archive of the controller": {"archive_source": "files/agent.zip"},
}


class NoFiles:
    """The files of a controller, all of them empty."""

    def content(self, what, file):
        return b""

    def held(self, what, file):
        return HeldFile(file, 0, chain.sha256(chain.FILES.archive))

    def folder(self, path):
        return path


def of_roles(inventory, result):
    """Return the questions of the roles' tasks by task, None where a task's arguments cannot be templated."""
    given = {f"im_agent_{name}": value for name, value in inventory.items() if value is not None}
    given |= {"inventory_hostname": "paris.contoso.com"}
    entries = ENTRIES[inventory["hosting"]]
    for entry in ["im_agent", *entries]:
        given = role_tasks.defaults(entry) | given
    variables = SettledVariables(Templar(DataLoader()), given | result)
    found = {}
    for task in (task for entry in entries for task in role_tasks.read(entry)):
        subject = SUBJECTS.get(task.module)
        if subject is None or not all(variables.holds(condition) for condition in task.when):
            continue
        try:
            arguments = variables.arguments(task.arguments)
        except AnsibleError:
            found[str(task)] = None
            continue
        checked = ArgumentSpecValidator(**subject.ARGUMENT_SPEC).validate(arguments)
        assert checked.error_messages == [], (task, checked.error_messages)
        arguments = checked.validated_parameters
        if hasattr(subject, "completed"):
            arguments = subject.completed(arguments, NoFiles())
        found[str(task)] = subject.questions(subject.Wanted.of(arguments))
    return found


@pytest.mark.parametrize("name", INVENTORIES)
def test_the_first_probe_has_every_question_of_the_roles(name):
    inventory = chain.inventory(**INVENTORIES[name])
    wanted = agent_info.Wanted.of({"inventory": inventory, "refresh": False, "foretell": [], "ahead": []})
    asked = {probe.key(query) for query in agent_info.questions(wanted)}
    questions = of_roles(inventory, {"im_certificates_result": RESULT})
    missing = {task: [q for q in found if probe.key(q) not in asked] for task, found in questions.items()}
    assert {task: found for task, found in missing.items() if found} == {}
    assert len(questions) > 7


@pytest.mark.parametrize("name", ["iis", "service"])
def test_without_the_certificates_some_tasks_cannot_be_read_before_the_first_probe(name):
    unknown = [task for task, found in of_roles(chain.inventory(**INVENTORIES[name]), {}).items() if found is None]
    assert "im_settings : Write the agent's settings" in unknown
    assert ("im_site : Configure the site" in unknown) is (name == "iis")
