"""Lays down what the probe's cases begin with."""

from __future__ import annotations

from emulator.process.powershell import NAMED
from powershell import Engine
from probe_cases import LAY
from write_cases import Pair, b64

IIS = r"""
& 'Z:\imps\iis\install-iis.ps1' -Reset *> $null
$null = [Reflection.Assembly]::LoadFrom("$env:windir\system32\inetsrv\Microsoft.Web.Administration.dll")
$m = New-Object Microsoft.Web.Administration.ServerManager
$p = $m.ApplicationPools.Add('Rig pool')
$p.ProcessModel.IdentityType = 'SpecificUser'; $p.ProcessModel.UserName = 'a'; $p.ProcessModel.Password = 'Aa1'
$null = $m.Sites.Add('No web', 'net.tcp', '808:*', 'C:\inetpub')
$m.CommitChanges()
"""
_CERTIFICATE = r"""
$empty = [Security.Cryptography.X509Certificates.X509Store]::new('Rig probe', 'LocalMachine')
$empty.Open('ReadWrite')
$empty.Close()
$store = [Security.Cryptography.X509Certificates.X509Store]::new('Root', 'LocalMachine')
$store.Open('ReadWrite')
$store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String('{der}')))
$store.Close()
"""


def lay(engine: Engine, made: Pair) -> None:
    """Make the state that the cases ask about, but for the key.

    Args:
        engine: the PowerShell.
        made: a key pair, whose certificate is put into Root.
    """
    for script in (LAY, "" if NAMED else IIS, _CERTIFICATE.format(der=b64(made.der))):
        done = engine.script(script)
        assert (done.exit, done.errors) == (0, ""), done


def lay_key(engine: Engine, made: Pair, password: str) -> None:
    """Put a key pair into CA, with its key."""
    fields = {"content": b64(made.pfx), "password": password, "thumbprint": made.thumbprint, "store": "CA"}
    done = engine.write({"operation": "certificate", **fields})
    assert not done.get("failed"), done


def clear(engine: Engine, made: Pair) -> None:
    """Take away what stays in the registry and the stores, and let go of the file that is held."""
    engine.script(
        "[AppDomain]::CurrentDomain.GetData('log').Dispose(); $r = [Microsoft.Win32.Registry]::LocalMachine;"
        " $r.DeleteSubKeyTree('SOFTWARE\\Rig probe',"
        " $false);$r.DeleteSubKeyTree('SOFTWARE\\Microsoft\\SystemCertificates\\Rig probe',"
        " $false);$r.DeleteSubKeyTree('SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell',"
        " $false);$r.OpenSubKey('SYSTEM\\CurrentControlSet\\Services\\EventLog', $true).DeleteValue('DelayedAutostart',"
        " $false)"
    )
    engine.write(
        *({"operation": "uncertificate", "store": store, "thumbprint": made.thumbprint} for store in ("CA", "Root"))
    )
