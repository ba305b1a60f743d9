"""No file of these tests finds what another one left on the engine's drive."""

from __future__ import annotations

import base64

import pytest
from emulator.process.powershell import NAMED
from powershell import Engine
from write_cases import pair

LEAVE = r"""
[IO.File]::WriteAllText('C:\left.txt', 'x')
$null = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('SOFTWARE\Left')
$store = [Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
$store.Open('ReadWrite')
$store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String('{der}')))
$store.Close()
& 'Z:\imps\iis\install-iis.ps1' *> $null
"""
FIND = (
    {"kind": "file", "path": "C:\\left.txt"},
    {"kind": "registry", "key": "HKLM:\\SOFTWARE\\Left"},
    {"kind": "certificates"},
    {"kind": "iis"},
)
pytestmark = [
    pytest.mark.rig,
    pytest.mark.xdist_group("rig"),
    pytest.mark.skipif(bool(NAMED), reason="a PowerShell named in IMOPS_PWSH goes on with its own drive"),
]


@pytest.mark.nightly
def test_a_fresh_drive_has_nothing_of_what_was_left_on_the_one_before(engine: Engine) -> None:
    done = engine.script(LEAVE.replace("{der}", base64.b64encode(pair("x").der).decode()))
    assert (done.exit, done.errors) == (0, ""), done
    assert all(answer["value"] for answer in engine.probe(*FIND))
    engine.renew()
    assert [answer["value"] for answer in engine.probe(*FIND)] == [None, None, [], None]
