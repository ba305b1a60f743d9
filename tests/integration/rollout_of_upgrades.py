"""Servers with an agent of the former version, and rollouts of another version to them on the wire."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import emulated
import jsonschema
import upgrade_play
import yaml
from chain import POOL
from emulator.scenario import saved_state
from runtime_archives import URL, archive

NOT_STARTING = archive("6.2.3.0", {"Usercube-Agent.dll": None, "Usercube-Agent.exe": None, "wwwroot/new.js": "new"})
BROKEN = {"im_agent_archive_source": f"{URL}.broken", "im_agent_archive_checksum": NOT_STARTING.checksum}
"""The variables of a server whose archive does not start."""
FORMER_VERSION, NEW_VERSION = "6.2.1.0", "6.2.2.0"
PLAYBOOK = "imops.identity_manager.rollout"
_SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schema" / "rollout_record.json"


def scenario(folder: Path, names: t.Iterable[str], down: t.Collection[str] = ()) -> Path:
    """Write the scenario of some servers, some of which are down; return its path."""
    made = upgrade_play.server()
    made.machine.network.web[f"{URL}.broken"] = NOT_STARTING.content
    state = saved_state.save(made.machine)
    made.machine.iis.stop_pool(POOL)
    stopped = saved_state.save(made.machine)
    hosts = {}
    for name in names:
        path = folder / f"{name}.json"
        path.write_text(json.dumps({**(stopped if name in down else state), "name": name}), "utf-8")
        hosts[name] = {"saved_state": path.name}
    path = folder / "scenario.yml"
    path.write_text(yaml.safe_dump({"hosts": hosts}), "utf-8")
    return path


def inventory(folder: Path, hosts: t.Mapping[str, t.Any]) -> Path:
    """Write an inventory of some servers with variables of their own; return its path."""
    given = upgrade_play.variables(im_verify_from_controller=False)
    given = {key: value for key, value in given.items() if key not in {"inventory_hostname", "im_agent_upgrade"}}
    path = folder / "agents.yml"
    path.write_text(yaml.safe_dump({"agents": {"hosts": dict(hosts), "vars": given}}, sort_keys=False), "utf-8")
    return path


def words(folder: Path, rollout: str, kind: str, **more: t.Any) -> list[str]:
    """Return the words for ansible-playbook."""
    given = {"im_rollout_id": rollout, "im_rollout": kind, "im_rollout_folder": str(folder / "ledger")}
    return ["--extra-vars", json.dumps({**given, "im_rollout_waves": [1, "100%"], **more})]


def record(folder: Path, rollout: str) -> dict[str, dict[str, t.Any]]:
    """Return the servers of a rollout's record by name."""
    found = json.loads((folder / "ledger" / rollout / "record.json").read_text("utf-8"))
    jsonschema.validate(found, json.loads(_SCHEMA.read_text("utf-8")))
    return {one["server"]: one for one in found["servers"]}


def rolled_out(
    fleet: emulated.Fleet, folder: Path, rollout: str, kind: str, hosts: t.Mapping[str, t.Any], **more: t.Any
) -> tuple[emulated.Run, dict[str, dict[str, t.Any]], set[str]]:
    """Run a rollout; return the run, the record's servers by name, and which servers were executed on."""
    before = {name: fleet.counters(name)["remote_executions"] for name in hosts}
    run = emulated.playbook(
        fleet, PLAYBOOK, *words(folder, rollout, kind, **more), inventories=[inventory(folder, hosts)]
    )
    touched = {name for name in hosts if fleet.counters(name)["remote_executions"] != before[name]}
    return run, record(folder, rollout), touched


def states(servers: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, str]:
    """Return the state of each server of a record."""
    return {name: one["state"] for name, one in servers.items()}


def versions(server: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """Return a server's versions before and after."""
    return server["from_version"], server["to_version"]
