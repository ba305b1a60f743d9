"""The model of `win_im_write`: the same operations on an emulated server. docs/probe-and-writer.md is the contract."""

from __future__ import annotations

import base64
import hashlib
import io
import ntpath
import re
import typing as t
import uuid
import zipfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ..model.call import Call, handles
from ..windows import access_rules, errors, programs
from ..windows.errors import WindowsError
from ..windows.files import normal
from ..windows.machine import Machine

Operation = dict[str, t.Any]
KINDS = {"allow": "A", "deny": "D"}
PRIVATE = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
Result = dict[str, t.Any]
_BACKUP = re.compile(r"\.\d{8}T\d{9}\.bak$")
_LEFTOVER_FILE, _LEFTOVER_FOLDER = re.compile(r"\.im-[0-9a-f]{12}\.tmp$"), re.compile(r"\.im-[0-9a-f]{12}\.(new|old)$")


def _text(operation: Operation, name: str) -> str:
    value = operation.get(name)
    if not isinstance(value, str) or not value:
        raise WindowsError("System.ArgumentException", f"the field '{name}' must be a text")
    return value


def _mark() -> str:
    return f"im-{uuid.uuid4().hex[:12]}"


def _sha256(machine: Machine, path: str) -> str:
    return hashlib.sha256(machine.files.read(path)).hexdigest()


def _folder(machine: Machine, operation: Operation, check: bool) -> Result:
    path = _text(operation, "path")
    if machine.files.is_folder(path):
        return {"changed": False}
    if not check:
        machine.files.make_folder(path)
    return {"changed": True}


def _file(machine: Machine, operation: Operation, check: bool) -> Result:
    path = _text(operation, "path")
    try:
        content = base64.b64decode(operation.get("content") or "", validate=True)
    except ValueError:
        raise WindowsError("System.FormatException", "The input is not a valid Base-64 string.") from None
    backups = int(operation.get("backups") or 0)
    exists = machine.files.is_file(path)
    present = _sha256(machine, path) if exists else "absent"
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
    temporary = f"{path}.{_mark()}.tmp"
    backup = None
    try:
        machine.files.write(temporary, content)
        if operation.get("sddl"):
            machine.files.set_sddl(temporary, operation["sddl"])
        if exists:
            backup = _backup_name(machine, path) if backups else None
            machine.files.replace(temporary, path, backup)
        else:
            machine.files.move(temporary, path)
    finally:
        if machine.files.exists(temporary):
            machine.files.remove(temporary)
    if backups:
        _prune(machine, path, backups)
    return {"changed": True, "backup": backup}


def _protect(machine: Machine, operation: Operation, check: bool) -> Result:
    path, program = _text(operation, "path"), _text(operation, "program")
    _unchanged(machine, operation, path)
    if check:
        return {"changed": True, "backup": None}
    private = f"{path}.{_mark()}.new"
    try:
        machine.files.make_folder(private)
        machine.files.set_sddl(private, PRIVATE)
        machine.files.write(f"{private}\\input", base64.b64decode(operation.get("content") or ""))
        places = {"{input}": f"{private}\\input", "{output}": f"{private}\\output"}
        arguments = [places.get(argument, argument) for argument in operation.get("arguments") or []]
        said = _run(machine, operation, program, arguments)
        if not machine.files.is_file(f"{private}\\output"):
            raise WindowsError("ToolFailed", f"'{program}' wrote nothing: {said[:500]}")
        made = machine.files.read(f"{private}\\output")
    finally:
        machine.files.remove(private, recurse=True)
    content = base64.b64encode(made).decode()
    return _file(machine, {"path": path, "content": content, "backups": operation.get("backups")}, check=False)


def _compose(machine: Machine, operation: Operation, check: bool) -> Result:
    path = _text(operation, "path")
    _unchanged(machine, operation, path)
    if check:
        return {"changed": True, "backup": None}
    text = base64.b64decode(operation.get("content") or "").decode()
    for part in operation.get("parts") or []:
        program = _text(part, "program")
        said = _run(machine, operation, program, list(part.get("arguments") or [])).strip()
        if not re.fullmatch(r"[!#-\[\]-~]+", said):
            raise WindowsError("ToolFailed", f"'{program}' put out something else than one protected text")
        text = text.replace(_text(part, "mark"), said)
    content = base64.b64encode(text.encode()).decode()
    return _file(machine, {"path": path, "content": content, "backups": operation.get("backups")}, check=False)


def _unchanged(machine: Machine, operation: Operation, path: str) -> None:
    present = _sha256(machine, path) if machine.files.is_file(path) else "absent"
    if operation.get("expect") is not None and present != operation["expect"]:
        raise WindowsError(
            "ChangedMeanwhile", f"'{path}' is not what it was when the plan was made: somebody changed it; run again"
        )


def _run(machine: Machine, operation: Operation, program: str, arguments: list[str]) -> str:
    """Run a program and return what it said; one that is not there, fails or never ends is a failure."""
    if not machine.files.is_file(program):
        raise WindowsError("NoProgram", f"there is no program '{program}'")
    code, said = programs.run(machine, program, _text(operation, "folder"), arguments)
    if code is None:
        raise WindowsError("ToolFailed", f"'{program}' did not end within {operation.get('timeout') or 120} seconds")
    if code:
        raise WindowsError("ToolFailed", f"'{program}' ended with exit code {code}: {said[:500]}")
    return said


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
        machine.files.remove(old)


def _copy(machine: Machine, operation: Operation, check: bool) -> Result:
    path, to = _text(operation, "path"), _text(operation, "to")
    backups = int(operation.get("backups") or 0)
    wanted = _sha256(machine, path)
    target = to
    if backups:
        base = ntpath.join(to, ntpath.basename(path))
        if machine.files.is_folder(to):
            old = _backups(machine, base)
            if old and _sha256(machine, old[-1]) == wanted:
                return {"changed": False, "backup": old[-1]}
        target = _backup_name(machine, base)
    elif machine.files.is_file(to) and _sha256(machine, to) == wanted:
        return {"changed": False, "backup": None}
    if check:
        return {"changed": True, "backup": None}
    machine.files.make_folder(ntpath.dirname(target))
    machine.files.copy(path, target)
    if backups:
        _prune(machine, ntpath.join(to, ntpath.basename(path)), backups)
        return {"changed": True, "backup": target}
    return {"changed": True, "backup": None}


def _remove(machine: Machine, operation: Operation, check: bool) -> Result:
    path = _text(operation, "path")
    if not machine.files.exists(path):
        return {"changed": False}
    if not check:
        machine.files.remove(path, recurse=bool(operation.get("recurse")))
    return {"changed": True}


def _sweep(machine: Machine, operation: Operation, check: bool) -> Result:
    path = _text(operation, "path")
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
            machine.files.remove(leftover, recurse=True)
    return {"changed": bool(removed), "removed": removed}


def _extract(machine: Machine, operation: Operation, check: bool) -> Result:
    path = _text(operation, "path").rstrip("\\")
    archive, version, marker = (_text(operation, name) for name in ("archive", "version", "marker"))
    overlay = operation.get("overlay")
    marked = ntpath.join(path, marker)
    if machine.files.is_file(marked):
        present = machine.files.text(marked).strip()
        if present == version:
            return {"changed": False}
        raise WindowsError(
            "OtherVersion",
            f"'{path}' holds version '{present}', wanted '{version}': an installed version is not replaced",
        )
    if machine.files.is_folder(path) and machine.files.children(path):
        raise WindowsError(
            "OtherVersion", f"'{path}' holds files that did not come from here: move them away, or empty the folder"
        )
    if check:
        return {"changed": True}
    found = _sha256(machine, archive)
    if found != operation.get("sha256"):
        raise WindowsError("BadChecksum", f"'{archive}' has the SHA-256 {found}, not the one that was asked for")
    mark = _mark()
    new, old = f"{path}.{mark}.new", f"{path}.{mark}.old"
    try:
        _unpack(machine, machine.files.read(archive), new)
        if overlay:
            _overlay(machine, ntpath.join(new, overlay), new)
        machine.files.write(ntpath.join(new, marker), version)
        if machine.files.is_folder(path):
            machine.files.move(path, old)
        machine.files.move(new, path)
    finally:
        if machine.files.exists(new):
            machine.files.remove(new, recurse=True)
    if machine.files.exists(old):
        machine.files.remove(old, recurse=True)
    if operation.get("delete_archive"):
        machine.files.remove(archive)
    return {"changed": True}


def _unpack(machine: Machine, content: bytes, folder: str) -> None:
    machine.files.make_folder(folder)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise WindowsError(
            "System.IO.InvalidDataException", "End of Central Directory record could not be found."
        ) from None
    with archive:
        for entry in archive.infolist():
            name = entry.filename.replace("/", "\\")
            target = normal(ntpath.join(folder, name))
            if ntpath.isabs(name) or not target.lower().startswith(normal(folder).lower() + "\\"):
                raise WindowsError(
                    "UnsafeArchive",
                    f"the archive's entry '{entry.filename}' leaves the folder that it is unpacked into",
                )
            if entry.is_dir():
                machine.files.make_folder(target)
            else:
                machine.files.make_folder(ntpath.dirname(target))
                machine.files.write(target, archive.read(entry))


def _overlay(machine: Machine, source: str, folder: str) -> None:
    if not machine.files.is_folder(source):
        raise WindowsError("NoOverlay", f"the archive has no folder '{ntpath.basename(source)}'")
    for name in machine.files.children(source):
        if machine.files.is_file(ntpath.join(source, name)):
            machine.files.copy(ntpath.join(source, name), ntpath.join(folder, name))


def _certificate(machine: Machine, operation: Operation, check: bool) -> Result:
    location, store = operation.get("location") or "LocalMachine", operation.get("store") or "My"
    wanted = _text(operation, "thumbprint").upper()
    if machine.certificates.all(location, store) is None:
        raise WindowsError(
            "System.Security.Cryptography.CryptographicException", "The system cannot find the file specified.\r\n"
        )
    present = machine.certificates.find(location, store, wanted)
    keyless = bool(operation.get("keyless"))
    if present and (keyless or present.key):
        return {"changed": False, "thumbprint": wanted}
    if check:
        return {"changed": True, "thumbprint": wanted}
    if keyless:
        return _keyless(machine, base64.b64decode(_text(operation, "content")), wanted, location, store)
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(
            base64.b64decode(_text(operation, "content")), str(operation.get("password") or "").encode() or None
        )
    except ValueError:
        raise WindowsError(
            "System.Security.Cryptography.CryptographicException", "The specified network password is not correct.\r\n"
        ) from None
    assert certificate is not None
    der = certificate.public_bytes(serialization.Encoding.DER)
    thumbprint = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    if thumbprint != wanted:
        raise WindowsError("WrongCertificate", f"the PFX holds the certificate {thumbprint}, not {wanted}")
    if key is None:
        raise WindowsError("NoPrivateKey", f"the PFX of {wanted} holds no private key")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    machine.certificates.add(location, store, der, pem, exportable=bool(operation.get("exportable")))
    return {"changed": True, "thumbprint": thumbprint}


def _keyless(machine: Machine, der: bytes, wanted: str, location: str, store: str) -> Result:
    found = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    if found != wanted:
        raise WindowsError("WrongCertificate", f"the PFX holds the certificate {found}, not {wanted}")
    machine.certificates.add(location, store, der, None)
    return {"changed": True, "thumbprint": found}


def _uncertificate(machine: Machine, operation: Operation, check: bool) -> Result:
    location, store = operation.get("location") or "LocalMachine", operation.get("store") or "My"
    thumbprint = _text(operation, "thumbprint")
    there = machine.certificates.find(location, store, thumbprint) is not None
    if there and not check:
        machine.certificates.remove(location, store, thumbprint)
    return {"changed": there}


def _clear_access(machine: Machine, operation: Operation, check: bool) -> Result:
    path, sid, kind = (_text(operation, name) for name in ("path", "sid", "type"))
    if not re.fullmatch(r"S-1(-\d+)+", sid, re.IGNORECASE):
        raise WindowsError("System.ArgumentException", "Value was invalid. (Parameter 'sddlForm')")
    if kind not in KINDS:
        raise WindowsError(
            "System.Management.Automation.RuntimeException",
            f'Cannot convert value "{kind}" to type "System.Security.AccessControl.AccessControlType".',
        )
    if not machine.files.exists(path):
        raise WindowsError(
            "System.Management.Automation.ItemNotFoundException",
            f"Cannot find path '{path}' because it does not exist.",
        )
    entries = machine.files.entry(path).explicit
    left = [a for a in entries if a.sid != sid.upper() or a.kind != KINDS[kind]]
    if len(left) == len(entries):
        return {"changed": False}
    if not check:
        machine.files.set_rights(path, access_rules.compact(left))
    return {"changed": True}


_OPERATIONS: dict[str, t.Callable[[Machine, Operation, bool], Result]] = {
    "folder": _folder,
    "file": _file,
    "protect": _protect,
    "compose": _compose,
    "copy": _copy,
    "remove": _remove,
    "sweep": _sweep,
    "extract": _extract,
    "certificate": _certificate,
    "uncertificate": _uncertificate,
    "clear_access": _clear_access,
}


@handles("imops.identity_manager.win_im_write")
def write(call: Call) -> dict[str, t.Any]:
    """Do the operations in order; the first that fails ends the run."""
    answer: dict[str, t.Any] = {"protocol": 1, "changed": False, "results": []}
    for operation in call.arguments.get("operations") or []:
        kind = operation.get("operation") or ""
        path = str(operation.get("path") or "")
        try:
            if kind not in _OPERATIONS:
                raise WindowsError("UnknownOperation", f"no such operation: '{kind}'")
            result = _OPERATIONS[kind](call.machine, operation, call.check)
        except WindowsError as error:
            return answer | {"failed": True, "type": error.type_name, "msg": f"{kind} '{path}': {error.message}"}
        answer["results"].append(result | {"operation": kind, "path": path})
        answer["changed"] = answer["changed"] or result["changed"]
    return answer
