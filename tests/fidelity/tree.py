"""Folders and files as a part of a world: laid down and read on both sides."""

from __future__ import annotations

import base64
import re
import typing as t

from emulator.windows.clock import stamp
from emulator.windows.machine import Machine
from hypothesis import strategies as st

from .world import HERE, State, World, named, quoted

PLACE = f"C:\\fid\\{HERE}"
"""The folder of a sequence whose state is files."""

Tree = t.Mapping[str, t.Mapping[str, t.Any] | None]
"""By path: None for a folder, or ``content`` (base64) and, where wanted, ``read_only``."""
NOTHING = re.compile("(?!)")

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
  $found['.' + ($path.Substring($root.Length) -creplace '{random}', '<random>')] = $entry
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


def read_script(root: str, random: re.Pattern[str] = NOTHING) -> str:
    """Return the PowerShell that prints what is at and below a path: contents, attributes that count, time of writing.

    The keys are ``.`` and the name relative to the root.

    Args:
        root: the path.
        random: what is random in names and shown as one word; of names that are the same then the last one counts.
    """
    return _READ.format(root=quoted(root), random=random.pattern)


def read(machine: Machine, root: str, random: re.Pattern[str] = NOTHING) -> State:
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
        state["." + random.sub("<random>", node.path[len(found.path) :])] = entry
    return state


def a_file() -> st.SearchStrategy[dict[str, t.Any]]:
    """Return what a tree's files are drawn from."""
    content = st.sampled_from((b"", b"hello\r\n", "h\u00e4llo\n".encode(), b"\0\xff\xfe binary", b"x" * 300))
    return st.fixed_dictionaries(
        {"content": content.map(lambda data: base64.b64encode(data).decode())}, optional={"read_only": st.just(True)}
    )


class TreeWorld(World):
    """A world whose state is what is below ``PLACE``: start states are trees.

    Attributes:
        always: what each sequence begins with, whatever its start state.
        random: what is random in names.
    """

    always: Tree = {}  # noqa: RUF012  (a class attribute as the others; nobody writes to it)
    random = NOTHING
    stamps = frozenset({"written"})

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return nothing beside what is always there."""
        return st.just({})

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the tree's script."""
        return lay_script({**named(self.always, name), **start})

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Lay the tree down."""
        lay(machine, {**named(self.always, name), **start})

    def read_script(self, name: str) -> str:
        """Return the tree's script."""
        return read_script(PLACE.replace(HERE, name), self.random)

    def read(self, machine: Machine, name: str) -> State:
        """Read the tree."""
        return read(machine, PLACE.replace(HERE, name), self.random)
