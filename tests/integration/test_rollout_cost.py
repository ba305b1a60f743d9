"""What a rollout costs the controller for each server, beyond the playbook that it runs: both in the same minutes."""

from __future__ import annotations

import json
import resource
import statistics
from pathlib import Path

import emulated
import pytest
import yaml
from installed import servers

pytestmark = pytest.mark.nightly

VERSION, MODEL = "1.0.0", "iis.contoso.com"
NAMES = [f"agent{number:02}.contoso.com" for number in range(12)]
SIZES = (2, len(NAMES))
MOST = 0.1
"""Seconds of CPU for each server, on a machine where the playbook itself takes QUIET for each."""
QUIET = 0.34
NOISE = 1.5
WAYS = {
    "looks 20 times a second": ("[defaults]\ninternal_poll_interval = 0.05\n", (), 3),
    "one server at a time": ("[defaults]\n", ("--forks", "1"), 2),
}
"""The settings, further words, and how often it is measured.

Ansible looks for results a thousand times a second by default, which costs for as long as servers take: by default both
work at one server at a time, so that they take as long.
"""


def inventory(folder, number):
    """Return an inventory in which every server is as the model."""
    found = yaml.safe_load((servers.FOLDER / VERSION / "inventory.yml").read_text("utf-8"))
    model = found["agents"]["hosts"][MODEL]
    found["agents"]["vars"]["im_agent_host_name"] = f"agent-{MODEL}"
    found["agents"]["hosts"] = dict.fromkeys(NAMES[:number], model)
    path = folder / f"inventory{number}.yml"
    path.write_text(yaml.safe_dump(found, sort_keys=False), "utf-8")
    return path


def scenario(folder, state, names):
    """Return a scenario in which the servers have one state under their names."""
    base = servers.scenario(VERSION)["hosts"][MODEL]
    hosts = {}
    for name in names:
        path = folder / f"{name}.json"
        path.write_text(json.dumps({**state, "name": name}), "utf-8")
        hosts[name] = {**base, "saved_state": str(path)}
    path = folder / "scenario.yml"
    path.write_text(yaml.safe_dump({"hosts": hosts}), "utf-8")
    return path


def cost(fleet, folder, playbook, number, *words, **more):
    """Return the seconds of CPU that a playbook takes with all its workers."""
    given = {**servers.extra_variables(servers.FOLDER / VERSION), **more}
    words = [*words, "--extra-vars", json.dumps(given), "--limit", ",".join(NAMES[:number])]
    settings = {"ANSIBLE_CONFIG": str(folder / "ansible.cfg")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = emulated.playbook(
        fleet,
        f"imops.identity_manager.{playbook}",
        *words,
        inventories=[inventory(folder, number)],
        variables=settings,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.status == 0, run.output[-4000:]
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def up_to_date(folder):
    """Return the state of a server on which nothing is left to do."""
    model = json.loads(Path(servers.scenario(VERSION)["hosts"][MODEL]["saved_state"]).read_text("utf-8"))
    with emulated.fleet(scenario(folder, model, NAMES[:1]), folder / "one") as fleet:
        cost(fleet, folder, "install", 1)
        return fleet.command("save", "--host", NAMES[0])


@pytest.mark.parametrize("way", WAYS)
def test_a_rollout_costs_at_most_a_tenth_of_a_second_for_a_server_beyond_what_it_runs(way, tmp_path):
    settings, forks, rounds = WAYS[way]
    (tmp_path / "ansible.cfg").write_text(settings, "utf-8")
    state = up_to_date(tmp_path)
    took = {(name, size): [] for name in ("renew", "rollout") for size in SIZES}
    with emulated.fleet(scenario(tmp_path, state, NAMES), tmp_path / "fleet") as fleet:
        for number in range(rounds):
            for size in SIZES:
                took["renew", size].append(cost(fleet, tmp_path, "renew", size, *forks))
                # One server at a time, so that each is a batch of its own: the dearest way.
                words = {"im_rollout": "renew", "im_rollout_id": f"{number}-{size}", "im_rollout_waves": ["100%"]}
                words |= {"im_rollout_folder": str(tmp_path / "ledger")}
                took["rollout", size].append(cost(fleet, tmp_path, "rollout", size, *forks, **words))
    medians = {name: statistics.median(all_) for name, all_ in took.items()}
    few, many = SIZES
    slopes = {name: (medians[name, many] - medians[name, few]) / (many - few) for name in ("renew", "rollout")}
    print({name: [round(one, 2) for one in all_] for name, all_ in took.items()}, slopes)
    # A machine that is busy or slow takes longer for both.
    assert slopes["rollout"] - slopes["renew"] <= NOISE * MOST * max(1, slopes["renew"] / QUIET)
