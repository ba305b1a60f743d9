"""Which servers stop all others with `im_agent_refuse: play`, by the condition of `playbooks/install.yml`."""

from __future__ import annotations

import install_playbook
import pytest
from ansible.parsing.dataloader import DataLoader

INSTALL = install_playbook._load(install_playbook.ROOT / "playbooks" / "install.yml")[0]
(TASK,) = (task for task in INSTALL["tasks"] if task["name"].startswith("Stop all servers"))
REFUSED = {"failed": True, "msg": "the plan is refused"}
UNREACHABLE = {"unreachable": True, "msg": "no route"}
NOT_VERIFIED = {"failed": True, "verified": False, "msg": "the agent is not verified"}


def variables(**gone):
    names = ["first", *gone]
    known = {name: {"inventory_hostname": name} for name in names}
    for name, result in gone.items():
        known[name]["im_agent_result"] = result
    play = {"ansible_play_hosts_all": names, "ansible_play_hosts": ["first"], "hostvars": known}
    return {**INSTALL["vars"], "im_agent_refuse": "play", **play}


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ({}, None),
        ({"second": NOT_VERIFIED}, None),
        ({"second": REFUSED}, "second"),
        ({"second": UNREACHABLE}, "second"),
        ({"second": NOT_VERIFIED, "third": REFUSED}, "third"),
    ],
)
def test_all_are_stopped_by_what_is_refused_or_not_reached_and_not_by_a_verification(gone, named):
    known = variables(**gone)
    assert install_playbook._holds(DataLoader(), TASK, known) is bool(named)
    told = install_playbook._templar(DataLoader(), known).template(TASK["ansible.builtin.fail"]["msg"])
    assert not named or f"not reached: {named}. Correct" in told
