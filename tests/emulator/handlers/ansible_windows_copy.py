"""ansible.windows.win_copy: what its action plugin asks (query), and the copies that follow (single, remote)."""

from __future__ import annotations

import hashlib
import ntpath
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.machine import Machine


@handles("ansible.windows.win_copy")
def win_copy(call: Call) -> dict[str, t.Any]:
    """Do what ``_copy_mode`` says."""
    mode = call.arguments.get("_copy_mode") or "single"
    if mode == "query":
        return _query(call)
    if mode == "single":
        return _single(call)
    if mode == "remote":
        return _remote(call)
    raise ModuleFailure(f"the emulator's win_copy does not know the mode {mode}")


def _sha1(machine: Machine, path: str) -> str:
    return hashlib.sha1(machine.files.read(path), usedforsecurity=False).hexdigest()


def _forced(call: Call) -> bool:
    return str(call.arguments.get("force", True)).lower() not in {"false", "no", "0"}


def _query(call: Call) -> dict[str, t.Any]:
    """Return which of the controller's files and folders have to be sent."""
    machine, dest = call.machine, str(call.arguments["dest"]).replace("/", "\\")
    files, folders = [], []
    for file in call.arguments.get("files") or []:
        path = ntpath.join(dest, file["dest"])
        if machine.files.is_folder(path):
            path = ntpath.join(path, file["src"].rpartition("/")[2])
        if not machine.files.is_file(path) or (_forced(call) and _sha1(machine, path) != file["checksum"]):
            files.append(file)
    for folder in call.arguments.get("directories") or []:
        path = ntpath.join(dest, folder["dest"].replace("/", "\\"))
        if machine.files.is_file(path):
            raise ModuleFailure(f"cannot copy folder to dest '{path}': object at path is already a file")
        if not machine.files.is_folder(path):
            folders.append(folder)
    return {"changed": False, "files": files, "directories": folders, "symlinks": []}


def _target(call: Call, name: str) -> str:
    """Return where a file goes: into ``dest`` where that is a folder; its parent has to be there."""
    dest = str(call.arguments["dest"]).replace("/", "\\")
    inside = dest.endswith("\\") or call.machine.files.is_folder(dest)
    target = ntpath.join(dest, name) if inside else dest
    parent = ntpath.dirname(target)
    if call.machine.files.is_file(parent):
        raise ModuleFailure(f"object at destination parent dir '{parent}' is currently a file")
    if not call.machine.files.is_folder(parent):
        if not inside:
            raise ModuleFailure(f"Destination directory '{parent}' does not exist")
        call.machine.files.make_folder(parent)
    return target


def _backup(call: Call, target: str) -> dict[str, t.Any]:
    asked = str(call.arguments.get("backup", False)).lower() in {"true", "yes", "1"}
    if not asked:
        return {}
    if not call.machine.files.is_file(target):
        return {"backup_file": None}
    name = f"{target}.{4000}.{call.machine.clock.now().strftime('%Y%m%d-%H%M%S')}.bak"
    if not call.check:
        call.machine.files.copy(target, name)
    return {"backup_file": name}


def _single(call: Call) -> dict[str, t.Any]:
    source = call.arguments.get("src") or ""
    if not call.machine.files.is_file(source):
        raise ModuleFailure(f"Cannot copy src file: '{source}' as it does not exist")
    target = _target(call, str(call.arguments.get("_original_basename") or ntpath.basename(source)))
    backup = _backup(call, target)
    call.machine.files.write(target, call.machine.files.read(source))
    return {"changed": True, **backup}


def _remote(call: Call) -> dict[str, t.Any]:
    machine, source = call.machine, call.arguments.get("src") or ""
    if not machine.files.exists(source):
        raise ModuleFailure(f"Cannot copy src file: '{source}' as it does not exist")
    if machine.files.is_folder(source):
        raise ModuleFailure("the emulator's win_copy copies single files on the server, no folders")
    target, checksum = _target(call, ntpath.basename(source)), _sha1(machine, source)
    same = machine.files.is_file(target) and (not _forced(call) or _sha1(machine, target) == checksum)
    backup = {} if same else _backup(call, target)
    if not same and not call.check:
        machine.files.write(target, machine.files.read(source))
    there = machine.files.is_file(target)
    return {
        "changed": not same,
        "src": source,
        "dest": target,
        "operation": "file_copy",
        "original_basename": ntpath.basename(source),
        "checksum": checksum,
        "size": len(machine.files.read(target)) if there else None,
        **backup,
    }
