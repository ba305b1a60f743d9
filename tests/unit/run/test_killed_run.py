"""A worker whose run of ansible-playbook was killed writes nothing more: another run may be at the server, and other
jobs of a rollout must not take its own for alive.
"""

from __future__ import annotations

import datetime
import os

import chain
import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.decide import Asking
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.entry import State, moment
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.job import Job
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.ledger import Ledger
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.rollout import Outcome, Rollout
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.standing import Plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import host, rolling

STOPPED = {"pool": chain.POOL, "site": chain.SITE, "state": "stopped"}


@pytest.mark.parametrize(("after", "state"), [(100, "Stopped"), (1, "Started")], ids=["runs", "killed"])
def test_a_worker_without_its_run_writes_nothing_more(monkeypatch, after, state):
    parents = iter([100])
    monkeypatch.setattr(host.os, "getppid", lambda: next(parents, after))
    server = chain.installed()
    server.new_run()
    result = server.run("win_im_agent_state", STOPPED)
    assert server.machine.iis.pool_state(chain.POOL) == state
    assert ("this run of ansible-playbook was killed" in result.get("msg", "")) is (state == "Started")


SERVERS = ("agent1", "agent2")
STEPS = {"wave": (rolling._wave, {}), "claim": (rolling._claim, {"servers": ["agent2"]})}


def joined(folder, name, soak=0):
    """Return the rollout as one of its jobs sees it."""
    job = Job(name, servers=SERVERS, budget=("1",), soak=soak)
    made = Rollout(Ledger(folder, "night"), Asking.of(job), datetime.timedelta(seconds=soak), moment)
    made.begin(Plan("renew", SERVERS, ("1", "100%")), job, is_shared=True)
    return made


@pytest.mark.parametrize("killed", [False, True], ids=["runs", "killed"])
@pytest.mark.parametrize("step", STEPS)
def test_a_job_without_its_run_gives_no_sign_of_life_and_begins_nothing_more(step, killed, monkeypatch, tmp_path):
    """The wave waits for its soak time, and the claim for the server that another job is at."""
    other, own = joined(tmp_path, "other"), joined(tmp_path, rolling._name(), soak=3600 if step == "wave" else 0)
    other.step(["agent1"])
    done = {"agent1": Outcome(State.DONE)}
    if step == "wave":
        other.settle(done)
    seen = []

    def waited(_seconds):
        """Let pass what is waited for, and perhaps kill the run."""
        if step == "claim":
            other.settle({"agent1": Outcome(State.DONE)})
            other.settle({"agent1": Outcome(State.VERIFIED)})
        own.soak = datetime.timedelta()
        own.clock = lambda: moment() + datetime.timedelta(minutes=1)
        if killed:
            monkeypatch.setattr(rolling.os, "getppid", os.getpid)  # no process is its own parent
        seen.append(own.ledger.jobs()[own.asking.job][1])

    monkeypatch.setattr(rolling.time, "sleep", waited)
    call, arguments = STEPS[step]
    if not killed:
        found = call(own, arguments)
        assert found["verify" if step == "wave" else "start"] == ["agent1" if step == "wave" else "agent2"]
        return
    with pytest.raises(AnsibleActionFail, match=r"this run of ansible-playbook, the job .* was killed"):
        call(own, arguments)
    assert [own.ledger.jobs()[own.asking.job][1]] == seen, "no sign of life after it"
    assert sorted(own.ledger.entries()) == ["agent1"]
