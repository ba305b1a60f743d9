"""Lays down what a case of the writer begins with, runs it, and reads what is left."""

from __future__ import annotations

import base64
import fnmatch
import json
import typing as t

from emulator.process.powershell import NAMED, Output
from powershell import WRITE, Engine
from write_cases import FOLDER, Case

_RIGHTS = r"""
$security = [Security.AccessControl.DirectorySecurity]::new()
$security.SetSecurityDescriptorSddlForm('{sddl}', [Security.AccessControl.AccessControlSections]'Access')
Set-Acl -LiteralPath "$f\{path}" -AclObject $security
"""
_LAY = r"""
$f = '{folder}'
# A program of the case before may end a moment after the script, and holds its file until then.
$late = [DateTime]::UtcNow.AddSeconds(30)
while ([IO.Directory]::Exists($f)) {{
    try {{ [IO.Directory]::Delete($f, $true) }}
    catch [IO.IOException] {{ if ([DateTime]::UtcNow -gt $late) {{ throw }}; [Threading.Thread]::Sleep(100) }}
}}
$null = [IO.Directory]::CreateDirectory($f)
foreach ($item in ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{items}')) | ConvertFrom-Json)) {{
    if ($null -eq $item.content) {{ $null = [IO.Directory]::CreateDirectory("$f\$($item.name)"); continue }}
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName("$f\$($item.name)"))
    [IO.File]::WriteAllBytes("$f\$($item.name)", [Convert]::FromBase64String($item.content))
}}
{certificates}
{more}
"""
# Wine keeps a certificate that is removed from a store of LocalMachine; the drive is this session's own, so all go.
_ALL_CERTIFICATES = r"""
foreach ($hive in [Microsoft.Win32.Registry]::LocalMachine, [Microsoft.Win32.Registry]::CurrentUser) {
    foreach ($store in 'My', 'CA') {
        $key = $hive.OpenSubKey("SOFTWARE\Microsoft\SystemCertificates\$store\Certificates", $true)
        if ($key) { foreach ($name in $key.GetSubKeyNames()) { $key.DeleteSubKeyTree($name) } }
    }
}
"""
# A machine that somebody named may hold certificates of its own: only those of the cases go.
_OUR_CERTIFICATES = r"""
foreach ($location in 'LocalMachine', 'CurrentUser') {
    foreach ($name in 'My', 'CA') {
        $store = [Security.Cryptography.X509Certificates.X509Store]::new($name, $location)
        $store.Open('ReadWrite')
        foreach ($certificate in @($store.Certificates)) { if ($certificate.Subject -eq 'CN=rig key') { $store.Remove($certificate) } }
        $store.Close()
    }
}
"""
_READ = r"""
$f = '{folder}'
{clear}
$found = [Collections.Generic.List[object]]::new()
foreach ($path in [IO.Directory]::GetDirectories($f, '*', 'AllDirectories')) {{ $found.Add(@{{ name = $path.Substring($f.Length + 1); content = $null }}) }}
foreach ($path in [IO.Directory]::GetFiles($f, '*', 'AllDirectories')) {{
    $found.Add(@{{ name = $path.Substring($f.Length + 1); content = [Convert]::ToBase64String([IO.File]::ReadAllBytes($path)) }})
}}
ConvertTo-Json -Depth 3 -Compress -InputObject $found.ToArray()
"""

State = dict[str, bytes | None]


def lay(engine: Engine, case: Case) -> State:
    """Make a fresh folder with a case's files; return what is in it."""
    items = [
        {"name": name, "content": None if content is None else base64.b64encode(_bytes(content)).decode()}
        for name, content in case.files.items()
    ]
    encoded = base64.b64encode(json.dumps(items).encode()).decode()
    clean = _OUR_CERTIFICATES + ("" if NAMED else _ALL_CERTIFICATES)
    if case.clear:
        engine.end()  # what is held is lost where a process is renewed in the middle
    more = case.lay + "".join(_RIGHTS.format(path=path, sddl=sddl) for path, sddl in case.rights.items())
    done = engine.script(_LAY.format(folder=FOLDER, items=encoded, certificates=clean, more=more))
    assert (done.exit, done.errors) == (0, ""), done
    expected: State = {}
    for name, content in case.files.items():
        parts = name.split("\\")
        expected |= {"\\".join(parts[:i]): None for i in range(1, len(parts))}
        expected[name] = None if content is None else _bytes(content)
    return expected


def read(engine: Engine, case: Case) -> State:
    """Return what is in the folder; ends what the case's layout holds."""
    done = engine.script(_READ.format(folder=FOLDER, clear=case.clear))
    assert (done.exit, done.errors) == (0, ""), done
    listed = json.loads(done.text)
    return {i["name"]: None if i["content"] is None else base64.b64decode(i["content"]) for i in listed}


def run(engine: Engine, case: Case, *, check: bool = False, script: str | None = None) -> Output:
    """Run a case's operations."""
    return engine.module(WRITE, {"operations": case.operations}, check=check, script=script)


def assert_left(case: Case, before: State, after: State) -> None:
    """Fail unless the folder holds what the case says (or what it held before, when it says nothing)."""
    if case.left is None:
        assert after == before
        return
    unseen = dict(after)
    for pattern, content in case.left.items():
        found = [name for name in unseen if fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))]
        assert len(found) == 1, (pattern, sorted(after))
        held = unseen.pop(found[0])
        if content != "*":
            assert held == (None if content is None else _bytes(content)), pattern
    assert not unseen


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def failure(document: dict[str, t.Any]) -> str | None:
    """Return the type of a result's failure, None where it did not fail."""
    return t.cast("str", document["type"]) if document.get("failed") else None
