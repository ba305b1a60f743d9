"""Versions of a folder: one that takes another's place, and those that are kept."""

from __future__ import annotations

import ntpath
import re

from ...windows.errors import WindowsError
from ...windows.machine import Machine
from . import access, patience
from .operation import Operation, Result, mark, sha256, text

_UNFINISHED = re.compile(r"\.im-[0-9a-f]{12}\.(tmp|new)$")


def swap(machine: Machine, operation: Operation, check: bool) -> Result:
    """Let a folder take the place of another, with its files and rights: all of it or nothing, and nothing twice."""
    path, new, former = (text(operation, name).rstrip("\\") for name in ("path", "new", "former"))
    marker, version = text(operation, "marker"), text(operation, "version")
    if _marked(machine, path, marker) == version:
        return {"changed": False}
    found = _marked(machine, new, marker)
    if found != version:
        raise WindowsError("OtherVersion", f"'{new}' holds version '{found}', wanted '{version}'")
    held = machine.files.is_folder(path)
    if held == machine.files.is_folder(former):
        raise WindowsError("InTheWay", f"wanted one of '{path}' and '{former}', found both or none")
    if check:
        return {"changed": True}
    if held:
        if operation.get("carry") is not None:
            _copy_own(machine, path, new, operation["carry"])
        patience.move(machine, path, former, 75)
    try:
        patience.move(machine, new, path, 75)
    except WindowsError:
        patience.move(machine, former, path, 75)
        raise
    return {"changed": True}


def prune(machine: Machine, operation: Operation, check: bool) -> Result:
    """Remove a version, or files of it, read-only ones too."""
    path = text(operation, "path").rstrip("\\")
    if "files" in operation:
        names = operation["files"] or []
        present = [name for name in names if machine.files.is_file(ntpath.join(path, name))]
        for name in () if check else present:
            _remove(machine, ntpath.join(path, name))
        return {"changed": bool(present)}
    if not machine.files.is_folder(path):
        return {"changed": False}
    if check:
        return {"changed": True}
    old = f"{path}.{mark()}.old"
    patience.move(machine, path, old, 75)
    for node in machine.files.walk(old):
        node.read_only = False
    patience.remove(machine, old, 75, recurse=True)
    return {"changed": True}


def _marked(machine: Machine, folder: str, marker: str) -> str:
    path = ntpath.join(folder, marker)
    return machine.files.text(path).strip() if machine.files.is_file(path) else ""


def _copy_own(machine: Machine, start: str, to: str, names: list[str]) -> None:
    """Copy files, then owner and rights of all that both folders have."""
    for node in list(machine.files.walk(to)):
        if _UNFINISHED.search(node.name) and machine.files.exists(node.path):
            _remove(machine, node.path)
    for name in names:
        machine.files.make_folder(ntpath.dirname(ntpath.join(to, name)))
        _copy(machine, ntpath.join(start, name), ntpath.join(to, name))
    _copy_rights(machine, start, to)
    for node in list(machine.files.walk(start)):
        same = ntpath.join(to, ntpath.relpath(node.path, start))
        if machine.files.exists(same):
            _copy_rights(machine, node.path, same)


def _copy(machine: Machine, start: str, to: str) -> None:
    """Copy a file, by way of a folder for administrators where it inherits nothing."""
    if machine.files.is_file(to) and sha256(machine, to) == sha256(machine, start):
        return
    marked, rights = f"{to}.{mark()}", access.own(machine, start)
    temporary = f"{marked}.new\\input" if rights else f"{marked}.tmp"
    try:
        if rights:
            access.private_folder(machine, f"{marked}.new")
        machine.files.copy(start, temporary)
        if rights:
            access.put(machine, temporary, rights)
        if machine.files.is_file(to):
            _remove(machine, to)
        patience.move(machine, temporary, to, 75)
    finally:
        for left in (temporary, f"{marked}.new"):
            if machine.files.exists(left):
                _remove(machine, left)


def _copy_rights(machine: Machine, start: str, to: str) -> None:
    """Give what is at ``to`` the owner, the own entries and the protection of what is at ``start``."""
    node = machine.files.entry(start)
    wanted = f"O:{node.owner}D:{'P' if node.protected else ''}{''.join(map(str, node.explicit))}"
    if not access.is_so(machine, to, wanted):
        access.put(machine, to, wanted)


def _remove(machine: Machine, path: str) -> None:
    machine.files.entry(path).read_only = False
    patience.remove(machine, path, 75, recurse=True)
