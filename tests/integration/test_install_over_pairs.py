"""A first installation over each pair of connection and authentication, and a run that finds nothing to do."""

from __future__ import annotations

import json
import shutil

import chain
import emulated
import kdc
import pairs
import pytest
import yaml

INSTALL = "imops.identity_manager.install"
LACKS = kdc.missing()
THERE = [name for name in pairs.HOSTS if not ("kerberos" in name and LACKS)]

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    if LACKS:
        yield None
        return
    with kdc.running(tmp_path_factory.mktemp("kdc")) as running:
        running.add_account("ansible", pairs.PASSWORD)
        pairs.add_services(running)
        yield running


@pytest.fixture(scope="module")
def runs(tmp_path_factory, realm):
    """Return the runs, each with the counters of each pair: a first installation, and nothing to do."""
    folder = tmp_path_factory.mktemp("fleet")
    scenario, more = folder / "scenario.yml", folder / "more.yml"
    common = {"domain": "contoso.test", "web": chain.web(), "identity_servers": chain.identity_servers()}
    scenario.write_text(yaml.safe_dump({**common, "hosts": {name: pairs.HOSTS[name] for name in THERE}}), "utf-8")
    variables = {f"im_agent_{name}": value for name, value in chain.inventory().items()}
    more.write_text(yaml.safe_dump({"agents": {"vars": variables | pairs.KINIT}}), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (realm.environment if realm else {}).items():
            patch.setenv(name, value)
        with emulated.fleet(scenario, folder) as fleet:
            found = []
            for _ in range(2):
                fleet.command("reset")
                done = emulated.playbook(fleet, INSTALL, "--forks", "4", inventories=[more])
                found.append((done, {name: fleet.counters(name) for name in THERE}))
            yield found


@pytest.mark.parametrize("name", THERE)
def test_a_pair_installs_and_then_finds_nothing_to_do(runs, name):
    (first, written), (second, read) = runs
    assert (first.status, second.status) == (0, 0), first.output[-4000:] + second.output[-4000:]
    assert (first.hosts[name]["verified"], second.hosts[name]["verified"]) == (True, True)
    assert second.hosts[name]["changed_tasks"] == []
    assert written[name]["remote_executions"] <= 34, "the bar of a first installation on a quiet server"
    assert read[name]["remote_executions"] == 1
    assert pairs.PASSWORD not in first.output + second.output


def test_what_each_pair_sends_is_written_for_the_page_of_benchmarks(runs):
    """docs/benchmarks.md has the table."""
    folder = emulated.ROOT / "build" / "reach"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wanted = ("remote_executions", "messages", "bytes", "payload", "connections")
    table = {
        name: {
            run: {key: counters[name][key] for key in wanted}
            for run, (_done, counters) in zip(("first", "again"), runs, strict=True)
        }
        for name in THERE
    }
    (folder / "pairs.json").write_text(json.dumps(table, indent=2), "utf-8")
    assert all(one["again"]["messages"] > 0 for one in table.values())
