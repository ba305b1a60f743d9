"""What the model's part of a server comes to, carried to the drive of the PowerShell beside it.

A module that the engine cannot carry is answered by the model, which changes a state of its own. What that leaves in
files and registry is laid on the drive as well, so that whoever reads the drive sees it.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t
import xml.etree.ElementTree as ET

from ..windows.iis import defaults
from ..windows.machine import Machine
from ..windows.system.edition import EDITIONS

IIS_OWN = frozenset(p.lower() for p in (defaults.CONFIG_PATH, *defaults.FILES, *defaults.FOLDERS))
"""What installing IIS makes in the model; the double of IIS makes its own."""
SERVICES = "hklm\\system\\currentcontrolset\\services\\"
"""Left out: a service that is written into the registry of a running server is none yet."""
_NATIVE = "system.webServer/globalModules/add"
_HIVES = {"HKLM": "LocalMachine", "HKCU": "CurrentUser", "HKU": "Users", "HKCR": "ClassesRoot"}
_LAY = """
$did = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{what}')) | ConvertFrom-Json
foreach ($path in $did.gone) {{
    if ([IO.File]::Exists($path)) {{ [IO.File]::Delete($path) }}
    elseif ([IO.Directory]::Exists($path)) {{ [IO.Directory]::Delete($path, $true) }}
}}
foreach ($path in $did.folders) {{ $null = [IO.Directory]::CreateDirectory($path) }}
foreach ($file in $did.files) {{
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($file.path))
    [IO.File]::WriteAllBytes($file.path, [Convert]::FromBase64String($file.content))
}}
foreach ($item in $did.values) {{
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive] $item.hive, 'Registry64')
    $key = $base.CreateSubKey($item.key)
    $data = switch ($item.type) {{
        'Binary' {{ , [Convert]::FromBase64String($item.data) }}
        'DWord' {{ [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32] $item.data), 0) }}
        'QWord' {{ [BitConverter]::ToInt64([BitConverter]::GetBytes([uint64] $item.data), 0) }}
        'MultiString' {{ , [string[]] $item.data }}
        default {{ [string] $item.data }}
    }}
    if ($item.name -ne $null) {{ $key.SetValue($item.name, $data, [Microsoft.Win32.RegistryValueKind] $item.type) }}
    $key.Close()
}}
foreach ($item in $did.lost) {{
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive] $item.hive, 'Registry64')
    if ($item.name -eq $null) {{ $base.DeleteSubKeyTree($item.key, $false); continue }}
    $key = $base.OpenSubKey($item.key, $true)
    if ($key) {{ $key.DeleteValue($item.name, $false); $key.Close() }}
}}
if ($did.modules) {{
    $path = '{configuration}'
    $document = [xml]::new()
    $document.PreserveWhitespace = $true
    $document.Load($path)
    $server = $document.SelectSingleNode('/configuration/system.webServer')
    $list = $server.SelectSingleNode('globalModules')
    if (-not $list) {{ $list = $server.AppendChild($document.CreateElement('globalModules')) }}
    foreach ($module in $did.modules) {{
        $added = $list.AppendChild($document.CreateElement('add'))
        $added.SetAttribute('name', $module.name)
        $added.SetAttribute('image', $module.image)
    }}
    $document.Save($path)
}}
"""


@dataclasses.dataclass(frozen=True)
class State:
    """What of a model's server can be carried.

    Attributes:
        iis: whether IIS is there.
        files: contents by path, None for a folder.
        keys: registry keys, each with its values by name: type and plain data.
        modules: the files of IIS's native modules by name, globalModules of applicationHost.config.
    """

    iis: bool = False
    files: t.Mapping[str, bytes | None] = dataclasses.field(default_factory=dict)
    keys: t.Mapping[str, t.Mapping[str, t.Sequence[t.Any]]] = dataclasses.field(default_factory=dict)
    modules: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, machine: Machine) -> State:
        """Return the state of a server as it is now."""
        drives = [f"{letter}:\\" for letter in machine.files.drives]
        nodes = [node for drive in drives for node in machine.files.walk(drive)]
        files = {node.path: node.content for node in nodes if node.path.lower() not in IIS_OWN}
        keys = {
            path: values
            for path, values in machine.registry.dump().items()
            if not f"{path}\\".lower().startswith(SERVICES)
        }
        return cls(machine.iis is not None, files, keys, _modules(machine.iis.file.document()) if machine.iis else {})

    @classmethod
    def fresh(cls, machine: Machine) -> State:
        """Return the state of a server of the same edition that nobody has touched."""
        year = next(year for year, edition in EDITIONS.items() if edition == machine.os)
        return cls.of(Machine(machine.name, os=year, domain=machine.domain))


def difference(before: State, after: State) -> dict[str, t.Any]:
    """Return what lies between two states.

    Returns:
        Paths that are ``gone`` (or another kind of thing now), ``folders`` and ``files`` that are new or have another
        content, registry ``values`` that are new or have other data (a key without values: with the name None),
        ``lost`` values and keys, and native ``modules`` of IIS that are new beside those of installing it.
    """
    new = {path: content for path, content in after.files.items() if before.files.get(path, ...) != content}
    did: dict[str, t.Any] = {
        "folders": [path for path, content in new.items() if content is None],
        "files": [
            {"path": path, "content": base64.b64encode(content).decode()}
            for path, content in new.items()
            if content is not None
        ],
        "gone": [
            path
            for path, content in before.files.items()
            if path not in after.files or (content is None) != (after.files[path] is None)
        ],
        "values": [
            {**_key(key), "name": name, "type": kind, "data": data}
            for key, values in after.keys.items()
            for name, (kind, data) in values.items()
            if before.keys.get(key, {}).get(name) != [kind, data]
        ],
        "lost": [],
        "modules": _new_modules(before, after),
    }
    did["values"] += [
        {**_key(key), "name": None, "type": "None", "data": None}
        for key, values in after.keys.items()
        if not values and key not in before.keys
    ]
    for key, values in before.keys.items():
        if _is_gone(key, after):
            did["lost"].append({**_key(key), "name": None})
        else:
            kept = after.keys.get(key, {})
            did["lost"] += [{**_key(key), "name": name} for name in values if name not in kept]
    return did


def script(before: State, after: State) -> str | None:
    """Return the script that lays on a drive what lies between two states; None where there is nothing."""
    did = difference(before, after)
    if not any(did.values()):
        return None
    what = base64.b64encode(json.dumps(did).encode()).decode()
    return _LAY.format(what=what, configuration=defaults.CONFIG_PATH)


def _new_modules(before: State, after: State) -> list[dict[str, str]]:
    own = _modules(ET.fromstring(defaults.APPLICATION_HOST.encode()))
    new = after.modules.keys() - before.modules.keys() - own.keys()
    return [{"name": name, "image": after.modules[name]} for name in sorted(new)]


def _modules(configuration: ET.Element) -> dict[str, str]:
    """Return the native modules that a configuration of IIS registers, with their files."""
    return {element.get("name", ""): element.get("image", "") for element in configuration.findall(_NATIVE)}


def _is_gone(key: str, after: State) -> bool:
    return not any(f"{other}\\".lower().startswith(f"{key}\\".lower()) for other in after.keys)


def _key(path: str) -> dict[str, str]:
    hive, _, rest = path.partition("\\")
    return {"hive": _HIVES[hive], "key": rest}
