"""`identity.yml` over the wire: one execution a server, nothing written, and a failure where a right is missing."""

from __future__ import annotations

import json

import emulated
import pytest
import yaml
from installed import servers

VERSION = "1.0.0"
SOUND, SERVICE = "iis.contoso.com", "service.contoso.com"
IDENTITY = "imops.identity_manager.identity"

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """Look at an agent under IIS and one that is a service, and once more with a table that asks for more."""
    folder = tmp_path_factory.mktemp("identity")
    data = servers.scenario(VERSION)
    data["hosts"] = {name: about for name, about in data["hosts"].items() if name in {SOUND, SERVICE}}
    scenario = folder / "installed.yml"
    scenario.write_text(yaml.safe_dump(data), "utf-8")
    known = servers.FOLDER / VERSION
    words = ["--extra-vars", json.dumps(servers.extra_variables(known)), "--limit", f"{SOUND},{SERVICE}"]
    with emulated.fleet(scenario, folder / "fleet") as fleet:
        before = {name: fleet.command("dump", "--host", name)["state"] for name in (SOUND, SERVICE)}
        fleet.command("reset")
        run = emulated.playbook(fleet, IDENTITY, *words, inventories=[known / "inventory.yml"])
        counted = {name: fleet.counters(name)["remote_executions"] for name in (SOUND, SERVICE)}
        after = {name: fleet.command("dump", "--host", name)["state"] for name in (SOUND, SERVICE)}
        wrong = json.dumps({"im_identity_profile": "guide"})
        strict = emulated.playbook(fleet, IDENTITY, *words, "-e", wrong, inventories=[known / "inventory.yml"])
    return run, counted, (before, after), strict


def test_each_server_is_asked_once_and_nothing_is_written(looked):
    run, counted, (before, after), _strict = looked
    assert run.status == 0, run.output[-4000:]
    assert counted == {SOUND: 1, SERVICE: 1}
    assert json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def test_what_was_seen_is_in_the_words_of_the_security_tab(looked):
    run, _counted, _states, _strict = looked
    assert "the agent has Modify through" in run.output
    assert "This folder, subfolders and files" in run.output


def test_the_play_fails_where_the_agent_has_less_than_it_needs(looked):
    *_rest, strict = looked
    assert strict.status
    assert "wanted Full control: run install, or im_permissions" in strict.output
