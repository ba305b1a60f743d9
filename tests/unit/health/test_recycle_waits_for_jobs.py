"""The restart that a verification is asked for (recycle) interrupts no job, unless it is told not to mind one."""

from __future__ import annotations

import json
from unittest import mock

import chain
import one_task
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import retried
from emulator.behaviours import catalogue
from test_launched_job import Clock

HOSTINGS = ("iis", "service")


def agent(hosting, executions):
    """Return an installed server with a job that runs for so many executions; 0: without an end."""
    server = one_task.copied(chain.installed(hosting))
    catalogue.switch_on(server.machine, {"running_job": {"executions": executions}})
    return server


def verified(server, hosting, **options):
    """Verify with a restart first."""
    server.new_run()
    given = chain.arguments("win_im_agent_health", chain.inventory(hosting=hosting), {})
    with mock.patch.object(retried, "time", Clock()):
        return server.run("win_im_agent_health", {**given, "recycle": True, "timeout": 30, **options})


def started(server, hosting):
    """Return when the agent has started, and fail where it does not run."""
    if hosting == "service":
        service = server.machine.services.get(chain.SERVICE)
        assert service.state == "Running"
        return service.started
    (worker,) = server.machine.iis.workers()
    return worker.started


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_it_waits_for_the_end_of_a_job(hosting):
    server = agent(hosting, executions=900)
    before = started(server, hosting)
    result = verified(server, hosting, drain="wait")
    assert not result.get("failed"), result["msg"]
    assert server.machine.running.all() == []
    assert started(server, hosting) > before


@pytest.mark.parametrize("hosting", HOSTINGS)
@pytest.mark.parametrize("drain", ["wait", "refuse"])
def test_while_a_job_goes_on_the_agent_is_not_restarted_and_the_job_is_named(hosting, drain):
    server = agent(hosting, executions=0)
    before = started(server, hosting)
    result = verified(server, hosting, drain=drain, drain_minutes=1)
    assert result["failed"]
    assert "Usercube-Invoke-Job.exe, process " in result["msg"]
    assert "im_agent_drain_minutes" in result["msg"]
    assert started(server, hosting) == before


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_told_not_to_mind_it_stops_the_agent_all_the_same(hosting):
    server = agent(hosting, executions=0)
    before = started(server, hosting)
    assert "found a job" not in json.dumps(verified(server, hosting, drain="ignore"))
    assert started(server, hosting) > before


def test_a_wait_of_no_minutes_is_refused():
    message = verified(agent("iis", 0), "iis", drain="wait", drain_minutes=0)["msg"]
    assert "drain_minutes: found 0, wanted at least 1" in message
