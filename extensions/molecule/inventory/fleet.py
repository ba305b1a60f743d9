#!/usr/bin/env python3
"""Inventory of the running fleet: the servers of the scenario that molecule runs are the group `agents`.

A server belongs to a scenario when the first label of its name is the scenario's name, with dashes for underscores. The
group's other variables are those of examples/contoso, in group_vars beside this file. The scenario `adopt` has each of
its servers in the group `adopted` too, with nothing but the connection and the sources of downloads, which no server
knows.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import yaml

FLEET = Path(__file__).resolve().parents[3] / "build" / "molecule"
VARIABLES = Path(__file__).parent / "group_vars" / "agents"
SOURCES = ("im_agent_archive_", "im_agent_hosting_bundle_")


def inventory(scenario: str) -> dict[str, object]:
    """Return what Ansible wants of an inventory script; nothing while no fleet runs."""
    if not (FLEET / "hosts.yml").exists():
        return {}
    fleet = yaml.safe_load((FLEET / "hosts.yml").read_text("utf-8"))["agents"]["hosts"]
    hosts = {name: values for name, values in fleet.items() if name.partition(".")[0] == scenario.replace("_", "-")}
    reached = {name: dict(values) for name, values in hosts.items()}
    for name, values in hosts.items():
        values["im_agent_identifier"] = name.rpartition(".contoso.com")[0]
        values["im_agent_host_name"] = f"agent-{name}"
    variables = json.loads((FLEET / "variables.json").read_text("utf-8"))
    variables["emulator_ready_file"] = str(FLEET / "ready.json")
    groups: dict[str, object] = {"agents": {"hosts": list(hosts), "vars": variables}}
    if scenario == "adopt":
        given = yaml.safe_load((VARIABLES / "agent.yml").read_text("utf-8"))
        sources = {name: value for name, value in given.items() if name.startswith(SOURCES)}
        adopted = {f"adopted.{name}": {**values, "adopted_as": name} for name, values in reached.items()}
        groups["adopted"] = {"hosts": list(adopted), "vars": {**variables, **sources}}
        hosts |= adopted
    return {**groups, "_meta": {"hostvars": hosts}}


if __name__ == "__main__":
    print(json.dumps(inventory(os.environ.get("MOLECULE_SCENARIO_NAME", ""))))
