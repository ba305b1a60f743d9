"""The script of the checklist on a real PowerShell: each entry gives an answer or an error that was caught."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t

import pytest
from emulator.process.powershell import IMPS, NAMED
from powershell import ROOT, Engine

PATH = ROOT / "tools" / "windows_checklist.ps1"
SCRIPT = PATH.read_text("utf-8")
ANSWERED = {
    "iis-components": [{"W3SVC": "1"}],
    "rsat-console": [True],
    "bundle-registry": [{"8.0.22": "1"}],
    "runtime-manifest": [
        {"folder": "C:\\Program Files\\dotnet\\shared\\Microsoft.AspNetCore.App\\8.0.22", "manifest": True}
    ],
}
"""What the script must say of the state that LAY makes."""
LAY = r"""
$machine = [Microsoft.Win32.Registry]::LocalMachine
$machine.CreateSubKey('SOFTWARE\Microsoft\InetStp\Components').SetValue('W3SVC', 1, 'DWord')
$view = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry32')
$view.CreateSubKey('SOFTWARE\dotnet\Setup\InstalledVersions\x64\sharedfx\Microsoft.AspNetCore.App').SetValue('8.0.22', 1, 'DWord')
[IO.File]::WriteAllText("$env:windir\System32\dsa.msc", '')
$f = "$env:ProgramFiles\dotnet\shared\Microsoft.AspNetCore.App\8.0.22"
$null = [IO.Directory]::CreateDirectory($f)
[IO.File]::WriteAllText("$f\Microsoft.AspNetCore.App.deps.json", '{}')
$null = [IO.Directory]::CreateDirectory('C:\identitymanager\Runtime')
[IO.File]::WriteAllText('C:\identitymanager\Runtime\appsettings.json', '{"canary": "c4n4ry-of-the-checklist"}')
"""
CLEAR = r"""
$machine = [Microsoft.Win32.Registry]::LocalMachine
$machine.DeleteSubKeyTree('SOFTWARE\Microsoft\InetStp', $false)
[Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry32').DeleteSubKeyTree('SOFTWARE\dotnet', $false)
[IO.File]::Delete("$env:windir\System32\dsa.msc")
[IO.Directory]::Delete("$env:ProgramFiles\dotnet", $true)
[IO.Directory]::Delete('C:\identitymanager', $true)
"""


def beliefs(engine: Engine) -> dict[str, t.Any]:
    """Return what the script says of each belief."""
    output = engine.script(SCRIPT)
    assert (output.exit, output.errors) == (0, ""), output
    return t.cast("dict[str, t.Any]", output.document["beliefs"])


pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]


@pytest.mark.nightly
def test_each_belief_has_an_answer_or_an_error(engine: Engine) -> None:
    found = beliefs(engine)
    assert list(found) == re.findall(r"^    '([a-z0-9-]+)' = \{", SCRIPT, re.MULTILINE)
    for name, entry in found.items():
        assert entry["command"], name
        assert (entry["answer"] is None) == (entry["error"] is not None), (name, entry)


@pytest.mark.skipif(bool(NAMED), reason="it lays down what a server of its own has: IIS's components, the RSAT console")
def test_it_says_what_is_there_and_no_setting(engine: Engine) -> None:
    done = engine.script(LAY)
    assert (done.exit, done.errors) == (0, ""), done
    found = beliefs(engine)
    engine.script(CLEAR)
    assert {name: found[name]["answer"] for name in ANSWERED} == ANSWERED
    (settings,) = found["load-order"]["answer"][0]["files"]
    assert (settings["name"], settings["size"]) == ("appsettings.json", 37)
    assert "c4n4ry" not in json.dumps(found), "the script tells a setting's value"


@pytest.mark.skipif(not IMPS.exists(), reason=f"no linter for Windows PowerShell 5.1: {IMPS} is missing")
def test_it_is_for_windows_powershell() -> None:
    done = subprocess.run([str(IMPS), "lint", str(PATH)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_only_reads() -> None:
    """One statement writes: the document, to the path that its reader names. Add-Type with a path loads a library."""
    writing = r"WriteAll|\bSet-(?!StrictMode)|\bNew-(?!OpenIDSecret)|\bRemove-|\bAdd-(?!Type -Path)|CreateSubKey|SetValue|\.Delete|CreateDirectory|'ReadWrite'|Out-File"
    assert re.findall(writing, SCRIPT) == ["WriteAll"]
