#!/usr/bin/env python3
"""Inventory of the running fleet: the servers of the scenario that molecule runs are the group `agents`.

A server belongs to a scenario when the first label of its name is the scenario's name, with dashes for underscores. The
group's other variables are those of examples/contoso, in group_vars beside this file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import yaml

FLEET = Path(__file__).resolve().parents[3] / "build" / "molecule"


def inventory(scenario: str) -> dict[str, object]:
    """Return what Ansible wants of an inventory script; nothing while no fleet runs."""
    if not (FLEET / "hosts.yml").exists():
        return {}
    fleet = yaml.safe_load((FLEET / "hosts.yml").read_text("utf-8"))["agents"]["hosts"]
    hosts = {name: values for name, values in fleet.items() if name.partition(".")[0] == scenario.replace("_", "-")}
    for name, values in hosts.items():
        values["im_agent_identifier"] = name.rpartition(".contoso.com")[0]
        values["im_agent_host_name"] = f"agent-{name}"
    variables = json.loads((FLEET / "variables.json").read_text("utf-8"))
    variables["emulator_ready_file"] = str(FLEET / "ready.json")
    return {"agents": {"hosts": list(hosts), "vars": variables}, "_meta": {"hostvars": hosts}}


if __name__ == "__main__":
    print(json.dumps(inventory(os.environ.get("MOLECULE_SCENARIO_NAME", ""))))
