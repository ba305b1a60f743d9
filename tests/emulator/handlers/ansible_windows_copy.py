"""ansible.windows.win_copy: what its action plugin asks (query), and the copies (single, explode, remote)."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import io
import itertools
import ntpath
import typing as t
import zipfile

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from .ansible_windows_files import mind_path

FIRST_PROCESS = 4000
"""The least number of a process that backups are named after; each call has a process of its own."""
DIRECTORY_END = 18
"""So many bytes .NET goes back from an archive's end before it looks for the directory."""


@handles("ansible.windows.win_copy")
def win_copy(call: Call) -> dict[str, t.Any]:
    """Do what ``_copy_mode`` says."""
    modes = {"query": _query, "single": _single, "remote": _remote, "explode": _explode}
    return modes[call.arguments["_copy_mode"].lower()](call)


def _started(call: Call) -> dict[str, t.Any]:
    """Return what every result has."""
    return {"changed": False, **({"diff": {}} if call.diff else {})}


def _joined(folder: str, name: str) -> str:
    """Return what Join-Path makes of two parts."""
    folder, name = folder.replace("/", "\\"), name.replace("/", "\\")
    return folder.rstrip("\\") + "\\" + name.lstrip("\\") if folder else name


def _query(call: Call) -> dict[str, t.Any]:
    """Return which of the controller's files and folders have to be sent."""
    result, files, dest = _started(call), call.machine.files, call.arguments["dest"]
    sent, made = [], []
    for file in call.arguments["files"] or []:
        path = _joined(dest, file["dest"])
        if files.is_folder(path):
            path = _joined(path, ntpath.basename(file["src"]))
        if files.is_file(path):
            if call.arguments["force"] and _checksum(call, path) != str(file["checksum"]).lower():
                sent.append(file)
        elif files.is_folder(path):
            raise ModuleFailure(f"cannot copy file to dest '{path}': object at path is already a directory", **result)
        else:
            sent.append(file)
    for folder in call.arguments["directories"] or []:
        path = _joined(dest, folder["dest"])
        if files.is_file(ntpath.dirname(path)):
            why = "object at parent directory path is already a file"
            raise ModuleFailure(f"cannot copy folder to dest '{path}': {why}", **result)
        if files.is_file(path):
            raise ModuleFailure(f"cannot copy folder to dest '{path}': object at path is already a file", **result)
        if not files.is_folder(path):
            made.append(folder)
    return {**result, "files": sent, "directories": made, "symlinks": []}


def _checksum(call: Call, path: str) -> str:
    return hashlib.sha1(call.machine.files.read(path), usedforsecurity=False).hexdigest()


def _target(call: Call, name: str | None) -> str:
    """Return where a file goes: into ``dest`` where that is a folder or ends like one."""
    dest = call.arguments["dest"]
    if dest[-1] not in "\\/" and not call.machine.files.is_folder(dest):
        return str(dest)
    if name is None:
        message = "Cannot bind argument to parameter 'ChildPath' because it is null."
        raise WindowsError("System.Management.Automation.ParameterBindingException", message)
    return _joined(dest, name)


def _check_parent(call: Call, result: dict[str, t.Any], target: str) -> None:
    """Fail where the parent is no folder; one that is missing in a folder that was named is made, in check mode too."""
    files, parent = call.machine.files, ntpath.dirname(target.replace("/", "\\"))
    if files.is_file(parent):
        raise ModuleFailure(f"object at destination parent dir '{parent}' is currently a file", **result)
    if not files.is_folder(parent):
        if target == call.arguments["dest"]:
            raise ModuleFailure(f"Destination directory '{parent}' does not exist", **result)
        files.make_folder(parent)


def _backup(call: Call, target: str) -> str | None:
    if not call.machine.files.is_file(target):
        return None
    time = f"{call.machine.clock.now():%Y%m%d-%H%M%S}"
    names = (f"{target}.{number}.{time}.bak" for number in itertools.count(FIRST_PROCESS, 4))
    name = next(name for name in names if not call.machine.files.exists(name))
    if not call.check:
        call.machine.files.copy(target, name)
    return name


def _single(call: Call) -> dict[str, t.Any]:
    """Put the one file that was sent in its place; the module does so in check mode too, in which nothing is sent."""
    result, files, source = _started(call), call.machine.files, call.arguments["src"]
    if not files.is_file(source):
        raise ModuleFailure(f"Cannot copy src file: '{source}' as it does not exist", **result)
    target = _target(call, call.arguments["_original_basename"])
    _check_parent(call, result, target)
    if call.arguments["backup"]:
        result["backup_file"] = _backup(call, target)
    if files.is_folder(target):
        target = _joined(target, ntpath.basename(source))
    files.copy(source, target, force=True)
    return {**result, "changed": True}


def _explode(call: Call) -> dict[str, t.Any]:
    """Unpack an archive whose names are in base64."""
    result, files, source = _started(call), call.machine.files, call.arguments["src"]
    if not files.is_file(source):
        raise ModuleFailure(f"Cannot expand src zip file: '{source}' as it does not exist", **result)
    for entry in _entries(files.read(source)):
        path = _joined(call.arguments["dest"], entry.name)
        if not call.check:
            files.make_folder(ntpath.dirname(path))
            if entry.content is not None:
                _extract(call, path, entry)
    return {**result, "changed": True}


def _extract(call: Call, path: str, entry: _Entry) -> None:
    try:
        call.machine.files.write(path, entry.content or b"")
    except WindowsError as error:
        message = f'Exception calling "ExtractToFile" with "3" argument(s): "{error.message}"'
        raise WindowsError("System.Management.Automation.MethodInvocationException", message) from None
    call.machine.files.entry(path).last_write = entry.time


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A file of an archive, or without content a folder, whose name has a separator behind it."""

    name: str
    time: datetime.datetime
    content: bytes | None


def _entries(data: bytes) -> list[_Entry]:
    """Return what is in an archive; the server keeps its clock in UTC."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [
                _Entry(
                    base64.b64decode(entry.filename.rstrip("/")).decode() + ("/" if entry.is_dir() else ""),
                    datetime.datetime(*entry.date_time, tzinfo=datetime.UTC),
                    None if entry.is_dir() else archive.read(entry),
                )
                for entry in archive.infolist()
            ]
    except zipfile.BadZipFile:
        short = len(data) < DIRECTORY_END
        why = "Central Directory corrupt." if short else "End of Central Directory record could not be found."
        message = f'Exception calling "Open" with "3" argument(s): "{why}"'
        raise WindowsError("System.Management.Automation.MethodInvocationException", message) from None


def _remote(call: Call) -> dict[str, t.Any]:
    return _RemoteCopy(call).run()


class _RemoteCopy:
    """A copy from one place on the server to another."""

    def __init__(self, call: Call) -> None:
        self._call, self._files = call, call.machine.files
        self._source, self._dest = call.arguments["src"], call.arguments["dest"]
        mind_path(self._source)
        self._result = {**_started(call), "src": self._source, "dest": self._dest}

    def run(self) -> dict[str, t.Any]:
        """Copy the file, the folder, or with a separator at its end what is in the folder."""
        call, files, result = self._call, self._files, self._result
        node = files.find(self._source)
        if node is None or (not node.folder and self._source[-1] in "\\/"):
            raise ModuleFailure(f"Cannot copy src file: '{self._source}' as it does not exist", **result)
        target = self._dest
        if not node.folder:
            result |= {"operation": "file_copy", "original_basename": node.name}
            target = _target(call, node.name)
            result["dest"] = target
            _check_parent(call, result, target)
            diff, result["checksum"] = self._file(self._source, target)
        elif self._source[-1] in "\\/":
            result["operation"] = "folder_copy"
            diff = self._below(self._source, target)
        else:
            result["operation"] = "folder_copy"
            target = _joined(self._dest, node.name)
            result["dest"] = target
            diff = self._folder(self._source, target)
        result["size"] = self._size(target)
        if call.diff:
            result["diff"] = {"prepared": diff}
        return result

    def _size(self, target: str) -> int | None:
        node = self._files.find(target)
        if self._call.check and (node is None or node.folder):
            return None
        if node is None:
            message = f"Cannot find path '{target}' because it does not exist."
            raise WindowsError("System.Management.Automation.ItemNotFoundException", message)
        if node.content is not None:
            return len(node.content)
        return sum(len(below.content or b"") for below in self._files.walk(target))

    def _folder(self, source: str, target: str) -> str:
        diff, files = "", self._files
        if not files.is_folder(target):
            where = f"from '{source}' to '{target}'"
            if files.is_file(ntpath.dirname(target.rstrip("\\"))):
                raise ModuleFailure(
                    f"cannot copy file {where}: object at dest parent dir is not a folder", **self._result
                )
            if files.is_file(target):
                raise ModuleFailure(f"cannot copy folder {where}: dest is already a file", **self._result)
            if not self._call.check:
                files.make_folder(target)
            diff += f"+{target}\\\n"
            self._result["changed"] = True
        return diff + self._below(source, target)

    def _below(self, source: str, target: str) -> str:
        """Copy what is in a folder: its folders first, as Get-ChildItem lists them."""
        nodes = [self._files.entry(_joined(source, name)) for name in self._files.children(source)]
        diff = ""
        for node in sorted(nodes, key=lambda node: not node.folder):
            here, there = _joined(source, node.name), _joined(target, node.name)
            diff += self._folder(here, there) if node.folder else self._file(here, there)[0]
        return diff

    def _file(self, source: str, target: str) -> tuple[str, str | None]:
        """Copy one file that is not there or differs; return what is written about it and its checksum."""
        call, files, where = self._call, self._files, f"from '{source}' to '{target}'"
        checksum = _checksum(call, source) if call.arguments["force"] else None
        if files.is_folder(target):
            raise ModuleFailure(f"cannot copy file {where}: dest is already a folder", **self._result)
        there = files.is_file(target)
        if there and (checksum is None or _checksum(call, target) == checksum):
            return "", checksum
        diff, parent = "", ntpath.dirname(target.replace("/", "\\"))
        if files.is_file(parent):
            why = "object at dest parent dir is not a folder"
            raise ModuleFailure(f"cannot copy file {where}: {why}", **self._result)
        if not files.is_folder(parent):
            diff += f"+{parent}\\\n"
            if not call.check:
                files.make_folder(parent)
        if call.arguments["backup"]:
            self._result["backup_file"] = _backup(call, target)
        if there:
            diff += f"-{target}\n"
            if not call.check:
                files.remove(target, force=True)
        if not call.check:
            files.copy(source, target, force=True)
        self._result["changed"] = True
        return f"{diff}+{target}\n", checksum
