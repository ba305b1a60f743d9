"""200 servers, 1 to 4 jobs at once, failures, lost and slow servers, killed jobs: the budget holds at any instant."""

from __future__ import annotations

import datetime
import random

import by_day
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.budget import Budget
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.standing import Plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.window import Window
from simulated import DyingLedger, Simulation, World

SERVERS = tuple(f"server{number:03}" for number in range(200))
STEPS = ("1", "10%", "25%", "100%")
BUDGETS = (1, 3, "10% after 20", "2, 5% after 40", "4%")
ROUNDS = 40
SEEDS = range(100)


def simulation(seed, folder):
    """Return a world and a rollout that the seed draws, with the generator of what happens further."""
    rng = random.Random(seed)
    world = World(rng, SERVERS, Budget.of(BUDGETS[seed % len(BUDGETS)]))
    world.gone = set(rng.sample(SERVERS, rng.randrange(12)))
    window = Window.of(["daily 20:00-06:00 UTC"] if seed % 3 == 0 else [])
    chances = {"fail": 0.02, "lose": 0.01, "slow": 0.05, "kill": 0.004}
    soak = datetime.timedelta(minutes=rng.choice((0, 10, 60)))
    DyingLedger.chance, DyingLedger.rng = 0.005, rng
    return Simulation(world, folder, Plan("renew", SERVERS, STEPS), soak, window, chances=chances), rng


def jobs(sim, rng, retry):
    """Begin 1 to 4 jobs: each for all servers, or each for a part of its own."""
    number = rng.randint(1, 4)
    parts = [SERVERS] * number if rng.random() < 0.5 else [SERVERS[one::number] for one in range(number)]
    for part in parts:
        sim.add(part, retry=retry, after=rng.uniform(0, 300))


@pytest.mark.parametrize("seed", by_day.these(range(5), SEEDS))
def test_a_rollout_never_exceeds_its_budget_and_comes_to_its_end(seed, tmp_path):
    sim, rng = simulation(seed, tmp_path)
    world = sim.world
    retry: set[str] = set()
    for number in range(ROUNDS):
        if number == ROUNDS // 2:  # the weather gets better
            sim.chances, DyingLedger.chance = {}, 0.0
        jobs(sim, rng, retry)
        sim.run()
        record = sim.record()
        states = {one["server"]: one["state"] for one in record["servers"]}
        check_what_is_left(sim, record)
        if record["ended"] and not record["totals"]["was_down"] and not record["budget"]["spent"]:
            break
        # People wait until killed jobs are taken for dead, repair what failed, and the network comes back.
        world.now += datetime.timedelta(hours=rng.uniform(2.1, 9))
        world.gone = {server for server in world.gone if rng.random() < 0.3}
        world.down -= world.broken
        retry = {server for server, state in states.items() if state in {"failed", "rolled_back"}}
    assert set(states.values()) == {"done"}, record["totals"]
    assert world.most_down <= world.allowed()
    assert world.noted <= world.well == set(SERVERS)


def check_what_is_left(sim, record):
    """Every server that no job began has a reason, unless the last job could not tell any since it was killed."""
    left = [one for one in record["servers"] if one["state"] in {"waiting", "held"}]
    last = max(sim.told, key=lambda name: int(name.removeprefix("job")))
    if left and "killed" not in sim.told.values():
        assert [one["server"] for one in left if one["state"] != "held" or not one["why"]] == [], sim.told
    assert (
        record["totals"]["servers"]
        == len(SERVERS)
        == sum(number for name, number in record["totals"].items() if name != "servers")
    ), last
