"""Two agents of one server, installed and changed by two ansible-playbook processes at the same time."""

from __future__ import annotations

import concurrent.futures
import json

import chain
import emulated
import pytest
import yaml
from test_several_agents import agent

HOST, NAMES = "server1.contoso.com", {"paris": "Paris", "lyon": "Lyon"}
LOCK = "C:\\Windows\\imops-identity-manager.lock"
WAYS = [("iis", "service", "psrp"), ("iis", "iis", "winrm"), ("service", "service", "psrp")]


def inventory(fleet, hostings):
    """Return an inventory with a host for each agent; all of them are the fleet's one server."""
    reached = yaml.safe_load(fleet.inventory.read_text("utf-8"))["agents"]["hosts"][HOST]
    hosts = {}
    for name, hosting in hostings.items():
        own = agent(NAMES[name], hosting) | {"im_agent_verify_timeout": 60}
        own.pop("inventory_hostname")
        hosts[name] = reached | own
    path = fleet.folder / "agents.yml"
    path.write_text(yaml.safe_dump({"agents": {"hosts": hosts}}, sort_keys=False), "utf-8")
    return path


def at_once(fleet, path, *words):
    """Run the playbook for each agent in a process of its own, at the same time."""

    def run(name):
        results = {"IMOPS_RESULTS": str(fleet.folder / f"{name}.json"), "ANSIBLE_HOME": str(fleet.folder / name)}
        results["ANSIBLE_LOCAL_TEMP"] = f"{results['ANSIBLE_HOME']}/tmp"
        limited = ["--limit", name, *words]
        return emulated.playbook(
            fleet, "imops.identity_manager.install", *limited, inventories=[path], variables=results
        )

    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = dict(zip(NAMES, pool.map(run, NAMES), strict=True))
    for name, one in done.items():
        assert one.status == 0, f"{name}: {one.output[-6000:]}"
    return {name: json.loads((fleet.folder / f"{name}.json").read_text("utf-8"))[name] for name in NAMES}


@pytest.mark.nightly  # in process it is tested by day: tests/unit/test_server_lock.py
@pytest.mark.parametrize(("first", "second", "connection"), WAYS)
def test_two_runs_at_once_end_as_each_wants_it(first, second, connection, tmp_path):
    scenario = tmp_path / "one.yml"
    given = {"web": chain.web(), "identity_servers": chain.identity_servers(), "domain": "contoso.com"}
    scenario.write_text(yaml.safe_dump({**given, "hosts": {HOST: {"connection": connection}}}), "utf-8")
    with emulated.fleet(scenario, tmp_path / "fleet") as fleet:
        path = inventory(fleet, {"paris": first, "lyon": second})
        done = at_once(fleet, path)
        assert all(one["verified"] for one in done.values())
        state = fleet.command("dump", "--host", HOST)["state"]
        assert LOCK in state["files"], "they took turns"
        again = at_once(fleet, path)
        assert [one["changed_tasks"] for one in again.values()] == [[], []]
        assert all(one["verified"] for one in again.values())
