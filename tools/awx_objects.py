"""Write AWX's objects for the playbooks: docs/awx/controller.yml, and the pattern in extensions/patterns.

What differs between the job templates is in the table below, their questions in docs/awx/*.json, and the workflows and
credential types in docs/awx/workflows.yml and docs/awx/credential_types.yml. ``--check`` writes nothing and fails where
a file is not current.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SURVEYS = ROOT / "docs" / "awx"
OBJECTS = SURVEYS / "controller.yml"
NAME = "operate_identity_manager_agents"
PATTERN = ROOT / "extensions" / "patterns" / NAME
PREFIX = "Identity Manager agents"
PROJECT, INVENTORY, IMAGE = PREFIX, PREFIX, "Identity Manager agents"
SECRETS = f"{PREFIX}: secrets"
HEAD = """---
# Written by tools/awx_objects.py from its table, the surveys and the two files beside it; change those, not this file.
# AWX's objects as its API has them, with names in the place of ids. How to load them: docs/awx.md.
"""


@dataclasses.dataclass(frozen=True)
class Template:
    """A job template.

    Attributes:
        name: what it does, in a word or two.
        playbook: the playbook of the collection, which is also the name of its survey.
        description: what people read beside it.
        check: whether it runs in check mode and shows the difference.
        sliced: whether jobs on parts of the inventory are the same as one job, which is so where each server is a
            matter of its own and nothing of all servers is written.
    """

    name: str
    playbook: str
    description: str
    check: bool = False
    sliced: bool = False

    @property
    def full_name(self) -> str:
        """Return its name in AWX."""
        return f"{PREFIX}: {self.name}"


TEMPLATES = (
    Template("check", "install", "Shows what the installation would change, and changes nothing", check=True),
    Template("install", "install", "Installs and configures the agents, and verifies them"),
    Template("verify", "verify", "Verifies that the agents run, and changes nothing", sliced=True),
    Template("audit", "audit", "Says of every rule whether it holds, and makes a report"),
    Template("stage", "stage", "Brings another version beside the agents that run, for a short upgrade later"),
    Template("upgrade", "upgrade", "Lets another version take the place of the one that runs, or takes that back"),
    Template("rollback", "rollback", "Lets a kept version take the place of the one that runs"),
    Template("renew", "renew", "Renews the key pairs that are about to expire, and verifies the agents"),
    Template("rollout", "rollout", "Brings a change to the agents in waves, with one budget of failures"),
    Template("restart", "restart", "Restarts the agents as they are, and verifies them"),
    Template("stop", "stop", "Stops the agents as they are"),
    Template("start", "start", "Starts the agents as they are, and verifies them"),
    Template("ping", "ping", "Tells how each server is reached, or why not"),
    Template("adopt", "adopt", "Describes agents that were installed by hand as an inventory"),
    Template("identity", "identity", "Tells who may do what on the agents' folders"),
    Template("handover", "handover", "Writes what other people need of the agents"),
    Template("collect", "collect", "Makes a support bundle of each agent"),
)
PRIMARY = "install"
BY_HAND = frozenset({"remove"})
"""Playbooks without a job template, since they want each host named by hand."""


def survey(template: Template) -> dict[str, t.Any] | None:
    """Return a template's questions, None without any."""
    path = SURVEYS / f"{template.playbook}.json"
    return t.cast("dict[str, t.Any]", json.loads(path.read_text("utf-8"))) if path.exists() else None


def job_template(template: Template) -> dict[str, t.Any]:
    """Return a job template as AWX's API has it."""
    questions = survey(template)
    related: dict[str, t.Any] = {"credentials": [{"name": SECRETS}]}
    if questions:
        related["survey_spec"] = questions
    return {
        "name": template.full_name,
        "description": template.description,
        "job_type": "check" if template.check else "run",
        "diff_mode": template.check,
        "inventory": {"name": INVENTORY},
        "project": {"name": PROJECT},
        "playbook": f"{template.playbook}.yml",
        "execution_environment": {"name": IMAGE},
        "ask_limit_on_launch": True,
        "ask_job_slice_count_on_launch": template.sliced,
        "job_slice_count": 1,
        "allow_simultaneous": template.sliced,
        "survey_enabled": questions is not None,
        "related": related,
    }


def workflow(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a workflow with its questions: those of a job template, of which ``survey_of`` has the playbook, with
    only some choices where ``choices`` names them.
    """
    about = given["related"].pop("survey_of", None)
    if about is None:
        return given
    questions = json.loads((SURVEYS / f"{about['playbook']}.json").read_text("utf-8"))
    listed = [one for one in questions["spec"] if one["variable"] not in about["without"]]
    for one in listed:
        if one["variable"] in about["choices"]:
            one["choices"] = about["choices"][one["variable"]]
    spec = {"name": questions["name"], "description": f"For the workflow {given['name']}.", "spec": listed}
    return given | {"related": {"survey_spec": spec, **given["related"]}}


def objects() -> str:
    """Return the content of docs/awx/controller.yml."""
    found = {
        "controller_credential_types": beside("credential_types.yml"),
        "controller_templates": [job_template(template) for template in TEMPLATES],
        "controller_workflows": [workflow(given) for given in beside("workflows.yml")],
    }
    text = yaml.dump(found, Dumper=_Dumper, sort_keys=False, width=150, allow_unicode=True)
    return HEAD + text


def beside(name: str) -> list[dict[str, t.Any]]:
    """Return the objects of a file of docs/awx; texts that Ansible must not template are ``Unsafe``."""
    return t.cast("list[dict[str, t.Any]]", yaml.load((SURVEYS / name).read_text("utf-8"), Loader))  # noqa: S506  # a SafeLoader


class Unsafe(str):
    """A text with braces of AWX, which Ansible must not take for its own."""


class Loader(yaml.SafeLoader):
    """Reads ``!unsafe``."""


class _Dumper(yaml.SafeDumper):
    """Writes ``!unsafe``, and the items of lists indented."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(t.cast("t.Any", node))))
_Dumper.add_representer(Unsafe, lambda dumper, data: dumper.represent_scalar("!unsafe", str(data), style="'"))


def pattern() -> str:
    """Return the content of the pattern's pattern.json, after the specification of ansible/pattern-service."""
    templates = []
    for template in TEMPLATES:
        if template.check:  # a job type is none of a pattern's keys
            continue
        questions = survey(template)
        found: dict[str, t.Any] = {
            "name": template.full_name,
            "description": f"{template.description}.",
            "playbook": f"{template.playbook}.yml",
            "primary": template.name == PRIMARY,
            "ask_inventory_on_launch": True,
            "ask_credential_on_launch": True,
        }
        if questions:
            # Its schema takes defaults as texts only.
            spec = [{**question, "default": str(question["default"])} for question in questions["spec"]]
            found["survey"] = {**questions, "spec": spec}
        templates.append(found)
    whole = {
        "schema_version": "1.0",
        "name": NAME,
        "title": "Operate the agents of Netwrix Identity Manager on Windows",
        "description": (
            "Installs, verifies, audits and operates the Netwrix Identity Manager agent on Windows servers, under IIS"
            " or as a Windows service. The inventory describes the agents with the variables im_agent_*; the surveys"
            " ask for what differs between runs, never for secrets."
        ),
        "short_description": "Install and operate Identity Manager agents on Windows",
        "tags": ["windows", "iis", "identity"],
        "aap_resources": {
            "controller_project": {
                "name": PROJECT,
                "description": "The playbooks of the collection imops.identity_manager.",
            },
            "controller_job_templates": templates,
        },
    }
    return json.dumps(whole, indent=2) + "\n"


def playbook(template: Template) -> str:
    """Return a playbook of the pattern, which imports the collection's: the pattern's project is the archive."""
    path = f"../../../../playbooks/{template.playbook}.yml"
    return f"---\n- name: {template.description}\n  ansible.builtin.import_playbook: {path}\n"


def files() -> dict[Path, str]:
    """Return all that is written, by its path."""
    playbooks = {PATTERN / "playbooks" / f"{one.playbook}.yml": playbook(one) for one in TEMPLATES if not one.check}
    return {OBJECTS: objects(), PATTERN / "meta" / "pattern.json": pattern(), **playbooks}


def main(*, check: bool) -> int:
    """Write the files, or with ``check`` tell whether they are current."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]
    if check:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not current: run tools/awx_objects.py", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files()[path], "utf-8")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a file is not current")
    sys.exit(main(check=parser.parse_args().check))
