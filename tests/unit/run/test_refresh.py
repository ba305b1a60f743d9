"""The option refresh of win_im_agent_info: a server that somebody else has changed in the same run is asked again."""

from __future__ import annotations

import chain
from emulator.windows.machine import Machine

POOL = {"features": ["Web-Server"], "pools": [{"name": "Agent"}]}


def names(result):
    return [pool["name"] for pool in result["agent"]["pools"]]


def changed_behind_our_back(machine: Machine) -> None:
    """Another module, which does not tell this collection of it, removes the pools."""
    machine.iis.remove_pool("Agent")


def test_answers_are_kept_for_the_run_and_asked_anew_with_refresh():
    server = chain.server(POOL)
    assert "Agent" in names(server.run("win_im_agent_info", {}))
    changed_behind_our_back(server.machine)
    assert "Agent" in names(server.run("win_im_agent_info", {}))
    asked = server.executions
    assert "Agent" not in names(server.run("win_im_agent_info", {"refresh": True}))
    assert server.executions == asked + 1
    assert "Agent" not in names(server.run("win_im_agent_info", {}))
    assert server.executions == asked + 1


def test_one_execution_brings_the_answers_of_earlier_tasks_too():
    server = chain.server(POOL)
    arguments = {"name": "Agent", "state": "present"}
    server.run("win_im_apppool", arguments, check=True)
    server.run("win_im_agent_info", {"refresh": True})
    asked = server.executions
    assert not server.run("win_im_apppool", arguments, check=True).get("failed")
    assert server.executions == asked
