"""An agent that somebody installed by hand, and that was taken over, can be upgraded: the adopted inventory and another
archive are all that it needs.
"""

from __future__ import annotations

import by_hand
import pytest
import runtime_archives as archives
import upgrade_play
from runtime_archives import NEW
from test_adopted_servers import REFUSED, SERVERS, adopt, failures, installed, variables

pytestmark = pytest.mark.nightly
UNSOUND = {"an encrypted file": "the value was not protected with this certificate"}
"""Agents that do not start before either, and are refused with the cause."""


@pytest.mark.parametrize("name", [name for name in SERVERS if name not in REFUSED])
def test_an_agent_that_was_taken_over_can_be_upgraded(name, tmp_path):
    agents, data = SERVERS[name]
    server = by_hand.server(*agents, **data)
    server.machine.network.web[archives.URL] = NEW.content
    adopted = adopt(server, tmp_path)["agents"]
    for found in adopted:
        assert failures(installed(server, found, check=False)) == []
    for found in adopted:
        wanted = variables(found) | {
            "inventory_hostname": upgrade_play.HOST,
            "im_agent_archive_source": archives.URL,
            "im_agent_archive_checksum": NEW.checksum,
            "im_agent_upgrade": True,
        }
        done = upgrade_play.play(server, wanted)
        if name in UNSOUND:
            assert "found an agent that is not sound" in done.msg
            assert UNSOUND[name] in done.msg
            continue
        assert done.msg == ""
        again = upgrade_play.play(server, wanted)
        assert (again.msg, again.operations) == ("", [])
