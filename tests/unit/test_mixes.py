"""On servers that seeds draw, a run converges or is refused before it writes, and neighbours are left alone."""

from __future__ import annotations

import itertools
import os
import re

import by_day
import chain
import mixes
import pytest
from emulator.behaviours.catalogue import BEHAVIOURS
from emulator.behaviours.presets import PRESETS
from emulator.windows.machine import Machine
from twin import Twin

NIGHTLY = bool(os.environ.get("IMOPS_NIGHTLY"))
SEEDS = range(300 if NIGHTLY else 30)
AT_MOST_REFUSED = 0.1


@pytest.fixture(scope="module")
def outcomes() -> dict[int, mixes.Outcome]:
    """Return what came of the seeds so far."""
    return {}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mix_converges_or_is_refused_before_anything_is_written(seed, outcomes):
    mix = mixes.draw(seed)
    outcomes[seed] = mixes.run(mix)
    assert not outcomes[seed].faults, f"{mix}: make scenarios MIX_SEED={seed} MIXES=1"


def test_nine_of_ten_mixes_converge(outcomes):
    if len(outcomes) < len(SEEDS):
        pytest.skip("it counts what the tests before it found, which are not all of this run")
    refused = [seed for seed, outcome in outcomes.items() if outcome.refused]
    assert len(refused) <= AT_MOST_REFUSED * len(SEEDS)


@pytest.mark.parametrize(("hosting", "installed"), by_day.one_in(3, itertools.product(mixes.HOSTING, (False, True))))
def test_a_server_as_it_stands_in_most_companies_converges(hosting, installed):
    assert mixes.run(mixes.Mix(0, hosting, installed, PRESETS["lived_in"])) == mixes.Outcome("", ())


ALONE = [
    pytest.param(name, hosting, installed, id=f"{name}-{hosting}-{'changed' if installed else 'installed'}")
    for number, name in enumerate(sorted(BEHAVIOURS))
    for hosting in mixes.HOSTING
    for installed in (False, True)
    if NIGHTLY or (number + (hosting == "iis") + 2 * installed) % 16 == 0
]
"""All at night, by day one of sixteen: each is in several of the mixes too."""
FAILS = {
    "crashing_worker": r"the agent does not run|5002 is rapid-fail protection",
    "listen_only": r"answer of https://.*no answer",
    "other_installation": r"ended with 1618: another installation is under way",
    "removed_files_of_features": r"Failed to install Windows Feature.* source",
}
"""Behaviours under which a run cannot converge, and that nothing tells of before it writes, with the cause it names."""


def fails(behaviour, hosting, installed):
    if behaviour in {"crashing_worker", "listen_only"}:
        return hosting == "iis"
    return behaviour in FAILS and not installed


@pytest.mark.parametrize(("behaviour", "hosting", "installed"), ALONE)
def test_each_behaviour_alone_converges_or_is_on_the_list_of_refusals(behaviour, hosting, installed):
    outcome = mixes.run(mixes.Mix(0, hosting, installed, {behaviour: {}}))
    if fails(behaviour, hosting, installed):
        assert re.search(FAILS[behaviour], "\n".join(outcome.faults), re.DOTALL)
    else:
        assert outcome.faults == ()
        assert not outcome.refused or behaviour in mixes.REFUSALS


def test_a_first_installation_starts_a_web_server_that_is_stopped():
    assert mixes.run(mixes.Mix(0, "iis", False, {"neighbour_site": {}, "was_stopped": {}})).faults == ()


def harm(server):
    machine: Machine = server.machine
    machine.files.write("C:\\inetpub\\shop\\web.config", b"<configuration />")
    machine.files.remove("C:\\identitymanagerContoso\\Reports\\denied.txt")
    machine.iis.stop_pool("Shop")
    machine.iis.set_pool_attribute("Shop", "startMode", "OnDemand")


def test_what_a_neighbour_lost_or_has_otherwise_is_named():
    server = chain.server({"behaviours": {"neighbour_site": {}, "foreign_files": {}}})
    twin = Twin.of(server.machine)
    server.machine.clock.wait(3)
    assert twin.differences(server.machine) == []
    harm(server)
    found = "\n".join(twin.differences(server.machine))
    for name in ("web.config", "denied.txt", "application pool Shop", "application pool's state Shop"):
        assert name in found


def test_what_the_plan_names_may_differ():
    server = chain.server({"behaviours": {"neighbour_site": {}}})
    twin = Twin.of(server.machine)
    server.machine.iis.remove_site("Default Web Site")
    assert len(twin.differences(server.machine)) == 2, "the site and its state"
    assert twin.differences(server.machine, ["remove site Default Web Site"]) == []
