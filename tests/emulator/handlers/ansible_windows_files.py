"""win_file, win_stat and slurp of ansible.windows."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ntpath
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.files.file_system import FileSystem
from ..windows.files.nodes import Node
from ..windows.machine import Machine
from ..windows.text.dates import parse_exact


@handles("ansible.windows.win_file")
def win_file(call: Call) -> dict[str, t.Any]:
    """Make or remove a file or folder, or set its times."""
    files, path, state = call.machine.files, call.arguments["path"], (call.arguments["state"] or "").lower()
    mind_path(path)
    basename = call.arguments["_original_basename"]
    if basename is not None and files.is_folder(path):
        path = ntpath.join(path, basename)
    times = _Times(call, "now" if state == "touch" else "preserve")
    if call.arguments["_diff_peek"] is not None:
        found = files.find(path)
        binary = found is not None and b"\0" in (found.content or b"")[:8192]
        shown = "file" if found else "absent"
        return {"path": path, "change": False, "changed": False, "appears_binary": binary, "state": shown}
    if state == "touch":
        return _touched(call, path, times)
    node = files.find(path)
    if node is not None:
        return _there(call, path, node, state)
    if state == "directory":
        return _made_folder(call, path, times)
    if state == "absent":
        return {"changed": False}
    raise ModuleFailure(f"path {path} will not be created")


INVALID_NAME = "The filename, directory name, or volume label syntax is incorrect."
"""The text of Windows for error 123."""


def mind_path(path: str | None) -> None:
    """Fail where there is no path, as PowerShell does."""
    if path is None:
        raise WindowsError(
            "System.Management.Automation.ParameterBindingException",
            "Cannot bind argument to parameter 'LiteralPath' because it is null.",
        )


class _Times:
    """The times that win_file is to set, None for one that stays."""

    def __init__(self, call: Call, usual: str) -> None:
        self._call = call
        self._modified = self._asked("modification_time", usual)
        self._accessed = self._asked("access_time", usual)

    def _asked(self, option: str, usual: str) -> datetime.datetime | None:
        text = str(self._call.arguments[option] or usual)
        if text.lower() == "now":
            return self._call.machine.clock.now()
        if text.lower() == "preserve":
            return None
        try:
            return parse_exact(text, self._call.arguments[f"{option}_format"])
        except ValueError:
            raise ModuleFailure(f"Invalid {option} '{text}'") from None

    def set(self, node: Node | None) -> bool:
        """Set them, unless in check mode, and tell whether that changes something."""
        changed = False
        if self._modified is not None and (node is None or node.last_write != self._modified):
            changed = True
            if node is not None and not self._call.check:
                node.last_write = self._modified
        if self._accessed is not None and (node is None or node.last_access != self._accessed):
            changed = True
            if node is not None and not self._call.check:
                node.last_access = self._accessed
        return changed


def _touched(call: Call, path: str, times: _Times) -> dict[str, t.Any]:
    files = call.machine.files
    node = files.find(path)
    if node is not None:
        return {"changed": times.set(node)}
    if not call.check:
        if path[-1] in "\\/":
            # Belief [separator-name]: Windows makes no file of such a name, and says error 123; as Wine does, not seen.
            raise WindowsError("System.IO.IOException", f"{INVALID_NAME}\r\n")
        files.write(path, b"")
        times.set(files.entry(path))
    return {"changed": True}


def _there(call: Call, path: str, node: Node, state: str) -> dict[str, t.Any]:
    if state == "absent":
        if not call.check:
            try:
                call.machine.files.remove(path, recurse=True, force=True)
            except WindowsError as error:
                raise ModuleFailure(f"Failed to delete {path}: {error.message}") from None
        return {"changed": True}
    if state == "directory" and not node.folder:
        raise ModuleFailure(f"path {path} is not a directory")
    if state == "file" and node.folder:
        raise ModuleFailure(f"path {path} is not a file")
    return {"changed": False}


def _made_folder(call: Call, path: str, times: _Times) -> dict[str, t.Any]:
    files = call.machine.files
    if path[1:2] == ":" and path[0].upper() not in files.drives:
        raise ModuleFailure(f"Cannot find drive. A drive with the name '{path[0]}' does not exist.")
    if not call.check:
        try:
            files.make_folder(path)
        except WindowsError as error:
            raise ModuleFailure(error.message) from None
        times.set(files.entry(path))
    return {"changed": True}


@handles("ansible.windows.win_stat")
def win_stat(call: Call) -> dict[str, t.Any]:
    """Say what is at a path."""
    files, path = call.machine.files, call.arguments["path"]
    node = files.find(path) if path else None
    if node is None or _below_a_file(files, path):
        return {"changed": False, "stat": {"exists": False}}
    whole = full(path)
    stat = {"path": whole, "filename": ntpath.basename(whole.rstrip("\\")) or whole, **described(call.machine, node)}
    if node.content is None:
        if call.arguments["get_size"]:
            stat["size"] = sum(len(below.content or b"") for below in files.walk(path))
        return {"changed": False, "stat": stat}
    stat["extension"] = extension(stat["filename"])
    if call.arguments["get_checksum"]:
        stat["checksum"] = _checksum(call, path)
    if call.arguments["get_size"]:
        stat["size"] = len(node.content)
    return {"changed": False, "stat": stat}


def described(machine: Machine, node: Node) -> dict[str, t.Any]:
    """Return what win_stat and win_find tell of a file or folder alike; there are no links, shares and hidden files."""
    assert node.created and node.last_access
    return {
        "exists": True,
        "attributes": attributes(node),
        "isarchive": not node.folder,
        "isdir": node.folder,
        "ishidden": False,
        "isjunction": False,
        "islnk": False,
        "isreadonly": node.read_only,
        "isreg": not node.folder,
        "isshared": False,
        "nlink": 1,
        "hlnk_targets": [],
        "creationtime": node.created.timestamp(),
        "lastaccesstime": node.last_access.timestamp(),
        "lastwritetime": node.last_write.timestamp(),
        "owner": machine.accounts.name(node.owner) or node.owner,
    }


def _checksum(call: Call, path: str) -> str:
    try:
        content = call.machine.files.read(path)
    except WindowsError as error:
        raise ModuleFailure(
            f"Failed to get hash of file, set get_checksum to False to ignore this error: {error.message}"
        ) from None
    return hashlib.new(call.arguments["checksum_algorithm"].lower(), content, usedforsecurity=False).hexdigest()


def _below_a_file(files: FileSystem, path: str) -> bool:
    """Tell whether a path ends with a separator behind a file's name, which names nothing."""
    return path[-1] in "\\/" and files.is_file(path)


def full(path: str) -> str:
    """Return a path as .NET's FullName: separators and dots resolved, letters and a last separator as given; dots and
    blanks at the end are gone.
    """
    whole = ntpath.normpath(path)
    whole = whole if set(whole) <= {"."} else whole.rstrip(". ")
    return whole + "\\" if path[-1:] in {"\\", "/"} and not whole.endswith("\\") else whole


def attributes(node: Node) -> str:
    """Return the names of a node's attributes."""
    return ", ".join([*(["ReadOnly"] if node.read_only else []), "Directory" if node.folder else "Archive"])


def extension(name: str) -> str:
    """Return a name's extension with its dot; empty where there is none."""
    _, dot, last = name.rpartition(".")
    return f".{last}" if dot and last else ""


@handles("ansible.windows.slurp")
def slurp(call: Call) -> dict[str, t.Any]:
    """Return a file's content."""
    files, path = call.machine.files, call.arguments["src"]
    mind_path(path)
    if files.is_folder(path):
        raise ModuleFailure(f"Path {path} is a directory")
    if not files.is_file(path) or _below_a_file(files, path):
        raise ModuleFailure(f"Path {path} is not found")
    return {"changed": False, "content": base64.b64encode(files.read(path)).decode(), "encoding": "base64"}
