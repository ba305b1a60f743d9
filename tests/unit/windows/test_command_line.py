"""Of a service's command line nothing is shown that may be a secret: others' arguments are theirs."""

from __future__ import annotations

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import command_line

AGENT = f'"{chain.RUNTIME}\\Usercube-Agent.exe"'


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("", ""),
        ("C:\\Payroll\\payroll.exe", "C:\\Payroll\\payroll.exe"),
        ("C:\\Program Files\\A b\\c.exe -p canary", "C:\\Program Files\\A b\\c.exe ********"),
        ('"C:\\A b\\c.exe"canary', '"C:\\A b\\c.exe" ********'),
        ("svc canary", "svc ********"),
        (f'{AGENT} --service --urls "http://localhost:5000"', f'{AGENT} --service --urls "http://localhost:5000"'),
        (f"{AGENT} --urls http://localhost:1 --Key=canary", f"{AGENT} --urls http://localhost:1 ********"),
        (f"{AGENT} --urls http://u:canary@localhost", f"{AGENT} ********"),
        (f"{AGENT} --urlscanary", f"{AGENT} ********"),
    ],
)
def test_shown(command, shown):
    assert command_line.shown(command) == shown
