"""The verification of a wave after its soak time: it looks at the servers as they are then, not as they were before."""

from __future__ import annotations

import chain
import install_playbook
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import role_tasks

PLAY = install_playbook._load(chain.ROOT / "playbooks" / "parts" / "rollout_wave.yml")[1]
(VERIFY,) = (task for task in PLAY["tasks"] if "block" in task)


def verified(server):
    """Run the first task of the role im_agent as the play does, and return its result."""
    first, *_others = VERIFY["block"]
    assert first["ansible.builtin.import_role"]["name"].endswith(".im_agent")
    server.variables = role_tasks.defaults("im_agent") | {
        f"im_agent_{name}": value for name, value in chain.inventory().items() if value is not None
    }
    server.variables["im_agent_verify_timeout"] = 0
    given = {"inventory": dict(chain.inventory()), "ahead": VERIFY["vars"]["im_agent_ahead"]}
    return server.run("win_im_agent_info", given)


def test_an_agent_that_was_stopped_in_the_soak_time_is_not_verified():
    server = chain.installed()
    server.new_run()
    assert verified(server)["settled"]
    server.machine.iis.stop_pool(chain.POOL)
    found = verified(server)
    assert found["failed"]
    assert not found.get("settled")
    assert "the agent is not verified" in found["msg"]
