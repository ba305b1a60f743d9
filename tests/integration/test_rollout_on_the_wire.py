"""`playbooks/rollout.yml` over the wire on 24 servers with an agent: some down, some lost on the way, and a second run.

The servers are one saved state of a former version under 24 names, so that nothing has to be installed first.
"""

from __future__ import annotations

import json
from pathlib import Path

import emulated
import jsonschema
import pytest
import yaml
from installed import servers

pytestmark = pytest.mark.nightly

VERSION, MODEL = "1.0.0", "iis.contoso.com"
NAMES = [f"agent{number:02}.contoso.com" for number in range(24)]
GONE, LOST = NAMES[2], NAMES[7]
BUDGET = 3
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schema" / "rollout_record.json"
DROPPED = [{"module": "*", "occurrence": number, "when": "before", "do": "drop"} for number in range(1, 40)]


def inventory(folder):
    """Return an inventory in which every server is as the model, named by itself in what its state holds."""
    found = yaml.safe_load((servers.FOLDER / VERSION / "inventory.yml").read_text("utf-8"))
    model = found["agents"]["hosts"][MODEL]
    found["agents"]["vars"]["im_agent_host_name"] = f"agent-{MODEL}"
    found["agents"]["hosts"] = dict.fromkeys(NAMES, model)
    path = folder / "inventory.yml"
    path.write_text(yaml.safe_dump(found, sort_keys=False), "utf-8")
    return path


def scenario(folder):
    """Return the scenario: one server nobody reaches, and one that is lost after it was begun."""
    base = servers.scenario(VERSION)["hosts"][MODEL]
    state = json.loads(Path(base["saved_state"]).read_text("utf-8"))
    hosts = {}
    for name in NAMES:
        path = folder / f"{name}.json"
        path.write_text(json.dumps({**state, "name": name}), "utf-8")
        hosts[name] = {**base, "saved_state": str(path)}
    hosts[GONE]["faults"] = DROPPED
    hosts[LOST]["faults"] = DROPPED[1:]
    path = folder / "scenario.yml"
    path.write_text(yaml.safe_dump({"hosts": hosts}), "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rollout")


@pytest.fixture(scope="module")
def fleet(folder):
    with emulated.fleet(scenario(folder), folder / "fleet") as running:
        yield running


def rolled_out(fleet, folder):
    """Run the rollout, and return the run and the record."""
    words = {"im_rollout_id": "night", "im_rollout": "renew", "im_rollout_budget": str(BUDGET)}
    words |= {"im_rollout_folder": str(folder / "ledger"), **servers.extra_variables(servers.FOLDER / VERSION)}
    run = emulated.playbook(
        fleet, "imops.identity_manager.rollout", "--extra-vars", json.dumps(words), inventories=[inventory(folder)]
    )
    record = json.loads((folder / "ledger" / "night" / "record.json").read_text("utf-8"))
    jsonschema.validate(record, json.loads(SCHEMA.read_text("utf-8")))
    return run, record, {one["server"]: one["state"] for one in record["servers"]}


def at_work(record):
    """Return how many servers were at work or had failed at the same time, the most that there ever were."""
    moments = sorted({one["began"] for one in record["servers"] if one["began"]})
    return max(
        sum(
            1
            for one in record["servers"]
            if one["began"] and one["began"] <= moment and (one["state"] == "lost" or one["ended"] > moment)
        )
        for moment in moments
    )


def test_a_rollout_keeps_its_budget_and_a_second_run_completes_it(fleet, folder):
    run, record, states = rolled_out(fleet, folder)
    assert run.status != 0
    assert states == {**dict.fromkeys(NAMES, "done"), GONE: "was_down", LOST: "lost"}, run.output[-4000:]
    assert at_work(record) <= BUDGET
    assert [len(wave["servers"]) for wave in record["waves"]] == [1, 2, 3, 17]
    fleet.command("fault", "--host", LOST)  # the network to it is back
    before = {name: fleet.counters(name)["remote_executions"] for name in NAMES}
    run, record, states = rolled_out(fleet, folder)
    after = {name: fleet.counters(name)["remote_executions"] for name in NAMES}
    touched = {name for name in NAMES if after[name] != before[name]}
    assert touched == {GONE, LOST}, "no finished server is touched"
    assert (states, run.status) == ({**dict.fromkeys(NAMES, "done"), GONE: "was_down"}, 0), run.output[-4000:]
    (lost,) = [one for one in record["servers"] if one["server"] == LOST]
    assert (lost["attempt"], lost["changed"]) == (2, True)
    assert len(record["jobs"]) == 2
