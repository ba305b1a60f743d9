"""Folders and files as a part of a world: laid down and read on both sides."""

from __future__ import annotations

import base64
import typing as t

from emulator.windows.clock import stamp
from emulator.windows.machine import Machine

from .world import State, quoted

Tree = t.Mapping[str, t.Mapping[str, t.Any] | None]
"""By path: None for a folder, or ``content`` (base64) and, where wanted, ``read_only``."""

_READ = """
$root = {root}
$found = [ordered]@{{}}
function Add-Entry([string]$path) {{
  $folder = [IO.Directory]::Exists($path)
  $entry = [ordered]@{{
    folder = $folder
    attributes = [int][IO.File]::GetAttributes($path) -band 7
    written = [IO.File]::GetLastWriteTimeUtc($path).Ticks.ToString()
  }}
  if (-not $folder) {{ $entry.content = [Convert]::ToBase64String([IO.File]::ReadAllBytes($path)) }}
  $found['.' + $path.Substring($root.Length)] = $entry
  if ($folder) {{ foreach ($below in [IO.Directory]::GetFileSystemEntries($path)) {{ Add-Entry $below }} }}
}}
if ([IO.Directory]::Exists($root) -or [IO.File]::Exists($root)) {{ Add-Entry $root }}
ConvertTo-Json $found -Depth 5 -Compress
"""


def lay_script(tree: Tree) -> str:
    """Return the PowerShell that lays a tree down; missing parents are made."""
    lines = []
    for path, entry in tree.items():
        if entry is None:
            lines.append(f"$null = [IO.Directory]::CreateDirectory({quoted(path)})")
            continue
        lines += [
            f"$path = {quoted(path)}",
            "$null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($path))",
            f"[IO.File]::WriteAllBytes($path, [Convert]::FromBase64String('{entry['content']}'))",
        ]
        if entry.get("read_only"):
            lines.append("[IO.File]::SetAttributes($path, [IO.File]::GetAttributes($path) -bor 1)")
    return "\n".join(lines)


def lay(machine: Machine, tree: Tree) -> None:
    """Lay a tree down in the model."""
    for path, entry in tree.items():
        machine.files.make_folder(path if entry is None else path.rpartition("\\")[0])
        if entry is not None:
            machine.files.write(path, base64.b64decode(entry["content"]))
            machine.files.entry(path).read_only = bool(entry.get("read_only"))


def read_script(root: str) -> str:
    """Return the PowerShell that prints what is at and below a path: contents, attributes that count, time of writing.

    The keys are ``.`` and the name relative to the root.
    """
    return _READ.format(root=quoted(root))


def read(machine: Machine, root: str) -> State:
    """Return the same from the model."""
    found = machine.files.find(root)
    if found is None:
        return {}
    nodes = [found, *(machine.files.walk(root) if found.folder else ())]
    state: State = {}
    for node in nodes:
        entry: dict[str, t.Any] = {
            "folder": node.folder,
            "attributes": int(node.read_only),
            "written": stamp(node.last_write),
        }
        if node.content is not None:
            entry["content"] = base64.b64encode(node.content).decode()
        state["." + node.path[len(found.path) :]] = entry
    return state
