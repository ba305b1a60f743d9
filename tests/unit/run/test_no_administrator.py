"""An account that is no administrator of the server is told so at once, whatever was asked."""

from __future__ import annotations

from unittest import mock

import chain
from emulator.handlers import probe


def test_an_account_without_rights_is_refused_at_the_first_answer():
    target, tell = chain.server({"features": ["Web-Server"]}), probe._host
    with mock.patch.object(probe, "_host", lambda machine: tell(machine) | {"elevated": False}):
        done = target.run("win_im_apppool", {"name": "Agent"})
    assert "found an account without administrator's rights on the server" in done["msg"]
    assert target.executions == 1
    assert not target.machine.iis.has_pool("Agent")
