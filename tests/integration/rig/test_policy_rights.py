"""The probe's function that reads whom group policies give rights, on a real PowerShell.

There is no System.Management under Wine: its searchers are doubles here, which know what Windows would answer.
"""

from __future__ import annotations

import json
import re

from powershell import PROBE, Engine, source

NEEDED = ("Get-Field", "Get-NeededText", "Get-NeededList", "Get-Cause", "Read-Accounts", "Read-PolicyRights")
SEARCHER = re.compile(r"\[Management\.ManagementObjectSearcher\]::new\('root\\rsop\\computer', ('[^']*')\)")
DOUBLE = r"""
class Double { [object[]] $Rows; [object[]] Get() { return $this.Rows } }
function Get-Double([string] $Asked) {
    $double = [Double]::new()
    if ($Asked.EndsWith('RSOP_GPO')) { $double.Rows = @(@{ id = 'CN={A},CN=Policies'; name = 'Baseline' }) }
    else {
        $double.Rows = @(
            @{ UserRight = 'SeServiceLogonRight'; AccountList = [string[]] @('*S-1-5-18', 'no such'); GPOID = 'cn={a},cn=policies' },
            @{ UserRight = 'SeDenyServiceLogonRight'; AccountList = $null; GPOID = 'CN={B}' },
            @{ UserRight = 'SeBatchLogonRight'; AccountList = [string[]] @('*S-1-5-32-544'); GPOID = 'LocalGPO' },
            @{ UserRight = 'SeOther'; AccountList = [string[]] @('x'); GPOID = 'LocalGPO' })
    }
    $double
}
$names = @('SeServiceLogonRight', 'SeDenyServiceLogonRight', 'SeBatchLogonRight')
Read-PolicyRights @{ names = $names } | ConvertTo-Json -Depth 5
"""


def function(name: str) -> str:
    """Return a function of the script."""
    found = re.search(rf"^function {name}\b.*?^}}$", source(PROBE), re.DOTALL | re.MULTILINE)
    assert found, name
    return found[0]


def test_whom_policies_list_is_told_by_name_and_sid(engine: Engine):
    text = "\n".join(map(function, NEEDED))
    doubled, count = SEARCHER.subn(r"(Get-Double \1)", text)
    assert count == 2
    output = engine.script(f"$ErrorActionPreference = 'Stop'\nSet-StrictMode -Version 2.0\n{doubled}\n{DOUBLE}")
    assert (output.exit, output.errors) == (0, ""), output
    system = {"asked": "S-1-5-18", "sid": "S-1-5-18", "name": "NT AUTHORITY\\SYSTEM"}
    group = {"asked": "S-1-5-32-544", "sid": "S-1-5-32-544", "name": "BUILTIN\\Administrators"}
    assert json.loads(output.text) == {
        "SeServiceLogonRight": {"policy": "Baseline", "listed": ["S-1-5-18", "no such"], "accounts": [system, None]},
        "SeDenyServiceLogonRight": {"policy": "CN={B}", "listed": [], "accounts": []},
        "SeBatchLogonRight": {"policy": "LocalGPO", "listed": ["S-1-5-32-544"], "accounts": [group]},
    }
