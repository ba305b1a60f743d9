"""What a PowerShell finds on its drive after our roles ran: files, rights, stores, registry, applicationHost.config."""

from __future__ import annotations

import json
import typing as t

import emulated
import yaml

_LOOK = r"""
$folderSections = [Security.AccessControl.AccessControlSections]'Access, Owner'
function Get-Sddl([string] $Path) {
    $security = [Security.AccessControl.DirectorySecurity]::new($Path, $folderSections)
    $security.GetSecurityDescriptorSddlForm($folderSections)
}
$found = @{ folders = @{}; files = @{}; certificates = @(); registry = @{}; iis = $null }
if ([IO.Directory]::Exists($root)) {
    foreach ($path in @($root) + [IO.Directory]::GetDirectories($root, '*', 'AllDirectories')) {
        $found.folders[$path] = Get-Sddl $path
    }
    foreach ($path in [IO.Directory]::GetFiles($root, '*', 'AllDirectories')) {
        $found.files[$path] = [Convert]::ToBase64String([IO.File]::ReadAllBytes($path))
    }
}
foreach ($folder in $listed) {
    if (-not [IO.Directory]::Exists($folder)) { continue }
    foreach ($path in [IO.Directory]::GetFiles($folder, '*', 'AllDirectories')) { $found.files[$path] = $null }
}
$store = [Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
$store.Open('ReadOnly')
foreach ($held in $store.Certificates) {
    $found.certificates += @{ thumbprint = $held.Thumbprint; subject = $held.Subject; has_key = $held.HasPrivateKey }
}
$store.Close()
foreach ($name in $keys) {
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($name)
    if (-not $key) { continue }
    $found.registry[$name] = @{}
    foreach ($value in $key.GetValueNames()) {
        $data = $key.GetValue($value)
        if ($data -is [byte[]]) { $data = [BitConverter]::ToString($data).Replace('-', '') }
        $found.registry[$name][$value] = $data
    }
    $key.Close()
}
$config = "$env:SystemRoot\System32\inetsrv\config\applicationHost.config"
if ([IO.File]::Exists($config)) { $found.iis = [IO.File]::ReadAllText($config) }
$found | ConvertTo-Json -Depth 6 -Compress
"""


def look(
    fleet: emulated.Fleet, host: str, root: str, *, listed: t.Sequence[str] = (), keys: t.Sequence[str] = ()
) -> dict[str, t.Any]:
    """Return what a server's PowerShell finds.

    Args:
        fleet: the running emulator.
        host: the server, of kind powershell.
        root: the folder whose files are read and whose folders' rights are listed.
        listed: folders whose files are named only.
        keys: registry keys of the machine.

    Returns:
        ``folders`` (SDDL by path), ``files`` (base64 by path, None where only named), ``certificates`` of the machine's
        store My, ``registry`` (values by key, bytes as hexadecimal digits) and ``iis``, the text of
        applicationHost.config.

    Raises:
        RuntimeError: it could not look.
    """
    words = [f"$root = {_quoted(root)}", f"$listed = {_list(listed)}", f"$keys = {_list(keys)}"]
    asked: dict[str, t.Any] = {"raw": "\n".join([*words, _LOOK])}  # plain: no module, nothing to compile
    found = fleet.folder / "found.json"
    copy = {"content": "{{ found.stdout }}", "dest": str(found), "mode": "0600"}
    kept = {"copy": copy, "delegate_to": "localhost", "vars": {"ansible_connection": "local"}}
    path = fleet.folder / "look.yml"
    tasks = [{**asked, "register": "found"}, kept]
    path.write_text(yaml.safe_dump([{"hosts": host, "gather_facts": False, "tasks": tasks}]), "utf-8")
    run = emulated.playbook(fleet, path)
    if run.status:
        raise RuntimeError(f"the state of {host} could not be read:\n{run.output[-4000:]}")
    return t.cast("dict[str, t.Any]", json.loads(found.read_text("utf-8")))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(texts: t.Sequence[str]) -> str:
    return f"@({', '.join(map(_quoted, texts))})"
