"""Inventories as files that Ansible's own loader reads, with canaries around each value."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import chain
from ansible._internal._datatag import _tags
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template

HOST = "paris.contoso.com"
FILE = "group_vars/agents/agent.yml"
VAULT = "{{ vaulted }}"
CANARIES = (
    *chain.CANARIES.values(),
    *("canary-above-41", "canary-on-42", "canary-below-43", "canary-extra-44", "canary-vaulted-45"),
)


def write(folder: Path, changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Write an inventory of one server and return it as Ansible hands it over.

    Args:
        folder: the inventory's folder.
        changes: variables by name; None leaves one out.
    """
    plain = {f"im_agent_{name}": value for name, value in chain.inventory().items() if value is not None}
    given = {**plain, "im_agent_verify_timeout": 0, **changes}
    lines = ["---"]
    for name, value in given.items():
        if value is not None:
            lines += ["above: canary-above-41", f"{name}: {json.dumps(value)} # canary-on-42", "below: canary-below-43"]
    file = folder / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    # The same name twice is what a warning of Ansible's is about, so each line has its own.
    numbered = re.sub(r"^(above|below):", lambda found: f"own_{found[1]}:", file.read_text(), flags=re.MULTILINE)
    file.write_text("\n".join(re.sub(r"^(own_\w+):", rf"\1_{n}:", line) for n, line in enumerate(numbered.split("\n"))))
    read = DataLoader().load_from_file(str(file), trusted_as_template=True)
    return {**read, "inventory_hostname": HOST, "inventory_dir": str(folder), "vaulted": "canary-vaulted-45"}


def line_of(folder: Path, name: str) -> int:
    """Return the line of a written inventory that sets a variable."""
    lines = (folder / FILE).read_text().split("\n")
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(f"{name}: "))


def extra(value: t.Any) -> t.Any:
    """Return a value as the command line's ``-e`` hands it over."""
    tag = _tags.Origin(description="<CLI option '-e'>")
    if isinstance(value, dict):
        return tag.tag({tag.tag(key): extra(item) for key, item in value.items()})
    if isinstance(value, list):
        return tag.tag([extra(item) for item in value])
    if value is None or isinstance(value, bool):
        return value
    return tag.tag(trust_as_template(value) if isinstance(value, str) else value)
