"""Folders and files: write, copy, remove, sweep."""

from __future__ import annotations

import base64
import hashlib
import ntpath
import re

from ...windows import errors
from ...windows.errors import WindowsError
from ...windows.machine import Machine
from . import access, patience
from .operation import Operation, Result, mark, sha256, text

_BACKUP = re.compile(r"\.\d{8}T\d{9}\.bak$")
_LEFTOVER_FILE, _LEFTOVER_FOLDER = re.compile(r"\.im-[0-9a-f]{12}\.tmp$"), re.compile(r"\.im-[0-9a-f]{12}\.(new|old)$")


def folder(machine: Machine, operation: Operation, check: bool) -> Result:
    """Make a folder."""
    path = text(operation, "path")
    if machine.files.is_folder(path):
        return {"changed": False}
    if not check:
        machine.files.make_folder(path)
        if operation.get("sddl"):
            access.put(machine, path, operation["sddl"])
    return {"changed": True}


def write(machine: Machine, operation: Operation, check: bool) -> Result:
    """Write a file whole, by way of a temporary one."""
    path = text(operation, "path")
    try:
        content = base64.b64decode(operation.get("content") or "", validate=True)
    except ValueError:
        raise WindowsError("System.FormatException", "The input is not a valid Base-64 string.") from None
    backups = int(operation.get("backups") or 0)
    exists = machine.files.is_file(path)
    present = sha256(machine, path) if exists else "absent"
    if present == hashlib.sha256(content).hexdigest():
        return {"changed": False, "backup": None}
    expected = operation.get("expect")
    if expected is not None and present != expected:
        raise WindowsError(
            "ChangedMeanwhile", f"'{path}' is not what it was when the plan was made: somebody changed it; run again"
        )
    if check:
        return {"changed": True, "backup": None}
    if exists and machine.files.entry(path).read_only:
        raise errors.access_denied(path)
    backup = _backup_name(machine, path) if exists and backups else None
    _put(machine, path, content, operation.get("sddl") or (access.own(machine, path) if exists else ""), backup)
    if backups:
        _prune(machine, path, backups)
    return {"changed": True, "backup": backup}


def _put(machine: Machine, path: str, content: bytes, sddl: str, backup: str | None) -> None:
    """Put a file in its place, by way of a folder that is for administrators only where it has rights of its own."""
    marked = f"{path}.{mark()}"
    temporary = f"{marked}.new\\input" if sddl else f"{marked}.tmp"
    try:
        if sddl:
            access.private_folder(machine, f"{marked}.new")
        machine.files.write(temporary, content)
        if sddl:
            access.put(machine, temporary, sddl)
        if machine.files.is_file(path):
            if sddl and not access.is_so(machine, path, sddl):
                access.put(machine, path, sddl)
            patience.replace(machine, temporary, path, backup)
        else:
            patience.move(machine, temporary, path, 5)
        for written in (path, backup) if sddl else ():
            if written and not access.is_so(machine, written, sddl):
                access.put(machine, written, sddl)
    finally:
        for left in (temporary, f"{marked}.new"):
            if machine.files.exists(left):
                patience.remove(machine, left, recurse=True)


def _backup_name(machine: Machine, path: str) -> str:
    return f"{path}.{machine.clock.now().strftime('%Y%m%dT%H%M%S%f')[:-3]}.bak"


def _backups(machine: Machine, path: str) -> list[str]:
    folder, name = ntpath.split(path)
    start = name.lower() + "."
    return [
        ntpath.join(folder, child)
        for child in machine.files.children(folder)
        if child.lower().startswith(start) and _BACKUP.search(child)
    ]


def _prune(machine: Machine, path: str, keep: int) -> None:
    for old in _backups(machine, path)[:-keep]:
        patience.remove(machine, old)


def copy(machine: Machine, operation: Operation, check: bool) -> Result:
    """Copy a file, or keep a copy of it among numbered ones."""
    path, to = text(operation, "path"), text(operation, "to")
    backups = int(operation.get("backups") or 0)
    wanted = sha256(machine, path)
    target = to
    if backups:
        base = ntpath.join(to, ntpath.basename(path))
        if machine.files.is_folder(to):
            old = _backups(machine, base)
            if old and sha256(machine, old[-1]) == wanted:
                return {"changed": False, "backup": old[-1]}
        target = _backup_name(machine, base)
    elif machine.files.is_file(to) and sha256(machine, to) == wanted:
        return {"changed": False, "backup": None}
    if check:
        return {"changed": True, "backup": None}
    if backups and not machine.files.is_folder(to):
        access.private_folder(machine, to)
    machine.files.make_folder(ntpath.dirname(target))
    temporary = f"{target}.{mark()}.tmp"
    try:
        machine.files.copy(path, temporary)
        if machine.files.is_file(target):
            patience.replace(machine, temporary, target, None)
        else:
            patience.move(machine, temporary, target, 5)
    finally:
        if machine.files.exists(temporary):
            patience.remove(machine, temporary)
    if backups:
        _prune(machine, ntpath.join(to, ntpath.basename(path)), backups)
        return {"changed": True, "backup": target}
    return {"changed": True, "backup": None}


def remove(machine: Machine, operation: Operation, check: bool) -> Result:
    """Remove what is at a path."""
    path = text(operation, "path")
    if not machine.files.exists(path):
        return {"changed": False}
    if not check:
        patience.remove(machine, path, recurse=bool(operation.get("recurse")))
    return {"changed": True}


def sweep(machine: Machine, operation: Operation, check: bool) -> Result:
    """Remove what interrupted runs left."""
    path = text(operation, "path")
    removed: list[str] = []
    if machine.files.is_folder(path):
        now, limit = machine.clock.now(), operation.get("older_than")
        for name in machine.files.children(path):
            node = machine.files.entry(ntpath.join(path, name))
            pattern = _LEFTOVER_FOLDER if node.folder else _LEFTOVER_FILE
            age = (now - node.last_write).total_seconds()
            if pattern.search(name) and age >= (3600 if limit is None else int(limit)):
                removed.append(node.path)
        for leftover in () if check else removed:
            patience.remove(machine, leftover, recurse=True)
    return {"changed": bool(removed), "removed": removed}
