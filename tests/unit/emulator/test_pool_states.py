"""Whether an application pool runs is not what its autoStart says."""

from __future__ import annotations

import pytest
from emulator.windows.iis.defaults import CONFIG_PATH
from emulator.windows.machine import Machine


@pytest.mark.parametrize(("was", "state"), [("true", "Started"), ("false", "Stopped")])
def test_a_pool_goes_on_as_it_was_when_it_shall_start_otherwise(was, state):
    server = Machine("srv")
    server.features.install(["Web-Server"], management_tools=True)
    text = server.files.read(CONFIG_PATH).decode()
    added = f'<add name="Agent" autoStart="{was}" /><add name="DefaultAppPool"'
    server.files.write(CONFIG_PATH, text.replace('<add name="DefaultAppPool"', added).encode())
    assert server.iis.pool_state("Agent") == state
    server.iis.set_pool_attribute("Agent", "autoStart", was == "false")
    assert server.iis.pool_state("Agent") == state
