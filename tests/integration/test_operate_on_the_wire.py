"""The playbooks of operation and `remove.yml` over the wire, on servers with an agent under IIS and as a service."""

from __future__ import annotations

import json
import zipfile

import canaries
import emulated
import pytest
import yaml
from installed import servers

VERSION = "1.0.0"
HOSTS = ("iis.contoso.com", "service.contoso.com")
PLAYBOOK = "imops.identity_manager.{}"

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Return two servers with an agent that the newest version has left nothing to change on."""
    folder = tmp_path_factory.mktemp("operate")
    data = servers.scenario(VERSION)
    data["hosts"] = {name: about for name, about in data["hosts"].items() if name in HOSTS}
    scenario = folder / "installed.yml"
    scenario.write_text(yaml.safe_dump(data), "utf-8")
    with emulated.fleet(scenario, folder / "fleet") as started:
        yield started


def run(fleet, name, *words):
    folder = servers.FOLDER / VERSION
    given = ["--limit", ",".join(HOSTS), "--extra-vars", json.dumps(servers.extra_variables(folder)), *words]
    return emulated.playbook(fleet, PLAYBOOK.format(name), *given, inventories=[folder / "inventory.yml"])


def played(fleet, name, *words):
    done = run(fleet, name, *words)
    assert done.status == 0, done.output[-4000:]
    return {host: (bool(about["changed_tasks"]), about["verified"]) for host, about in done.hosts.items()}


def test_agents_are_restarted_stopped_and_started(fleet):
    assert played(fleet, "restart") == dict.fromkeys(HOSTS, (True, True))
    assert played(fleet, "start") == dict.fromkeys(HOSTS, (False, True))
    predicted = played(fleet, "stop", "--check", "--diff")
    assert {changed for changed, _verified in predicted.values()} == {True}
    assert {changed for changed, _verified in played(fleet, "stop").values()} == {True}
    left = played(fleet, "restart")
    assert {changed for changed, _verified in left.values()} == {False}, "a restart starts no stopped agent"
    assert True not in {verified for _changed, verified in left.values()}
    assert played(fleet, "start") == dict.fromkeys(HOSTS, (True, True))


def test_a_bundle_of_each_agent_is_made_and_nothing_is_changed(fleet, tmp_path):
    folder = json.dumps({"im_collect_folder": str(tmp_path)})
    before = {host: fleet.counters(host)["remote_executions"] for host in HOSTS}
    done = run(fleet, "collect", "--extra-vars", folder)
    assert done.status == 0, done.output[-4000:]
    assert [bool(about["changed_tasks"]) for about in done.hosts.values()] == [False, False]
    made = sorted(tmp_path.glob("*.zip"))
    assert [str(path) in done.output for path in made] == [True, True], "the user is told where it is"
    assert [path.name.partition("-2")[0] for path in made] == sorted(HOSTS)
    for path in made:
        archive = zipfile.ZipFile(path)
        assert canaries.seen(*(archive.read(name).decode() for name in archive.namelist())) == []
    assert all(fleet.counters(host)["remote_executions"] - before[host] <= 2 for host in HOSTS)


def test_agents_are_removed_where_they_are_named_and_nowhere_else(fleet):
    """The last one, since nothing of the agents is left."""
    first, second = HOSTS
    refused = run(fleet, "remove", "--limit", first, "--extra-vars", json.dumps({"im_remove": second}))
    assert refused.status != 0
    assert "wanted the name of this host" in refused.output
    names = json.dumps({"im_remove": list(HOSTS), "im_remove_data": True})
    assert {changed for changed, _verified in played(fleet, "remove", "--check", "--diff").values()} == {True}
    assert {changed for changed, _verified in played(fleet, "remove", "--extra-vars", names).values()} == {True}
    assert {changed for changed, _verified in played(fleet, "remove", "--extra-vars", names).values()} == {False}
