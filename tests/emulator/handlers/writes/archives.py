"""Archives that are unpacked."""

from __future__ import annotations

import base64
import hashlib
import io
import ntpath
import re
import zipfile

from ...windows.errors import WindowsError
from ...windows.files.nodes import normal
from ...windows.machine import Machine
from . import access, files, patience
from .operation import Operation, Result, content_of, mark, sha256, text


def extract(machine: Machine, operation: Operation, check: bool) -> Result:
    """Unpack an archive in place of an empty folder, once."""
    path = text(operation, "path").rstrip("\\")
    archive, version, marker = (text(operation, name) for name in ("archive", "version", "marker"))
    if _is_there(machine, path, version, marker):
        return {"changed": False}
    if check:
        return {"changed": True}
    found = sha256(machine, archive)
    if found != operation.get("sha256"):
        raise WindowsError("BadChecksum", f"'{archive}' has the SHA-256 {found}, not the one that was asked for")
    mine = mark()
    new, old = f"{path}.{mine}.new", f"{path}.{mine}.old"
    rights = access.own(machine, path) if machine.files.is_folder(path) else ""
    try:
        if rights:
            machine.files.make_folder(new)
            access.put(machine, new, rights)
        _unpack(machine, content_of(machine, archive), new)
        if operation.get("overlay"):
            _overlay(machine, ntpath.join(new, operation["overlay"]), new)
        if operation.get("manifest"):
            _keep_manifest(machine, operation, new)
        machine.files.write(ntpath.join(new, marker), version)
        _swap(machine, new, path, old)
    finally:
        if machine.files.exists(new):
            patience.remove(machine, new, 75, recurse=True)
    if machine.files.exists(old):
        patience.remove(machine, old, 75, recurse=True)
    if operation.get("delete_archive"):
        patience.remove(machine, archive, 75)
    return {"changed": True}


def compare(machine: Machine, operation: Operation, check: bool) -> Result:
    """Mark a folder that somebody else unpacked as an archive's, where all of its programs are."""
    path = text(operation, "path").rstrip("\\")
    archive, version, programs, program = (text(operation, n) for n in ("archive", "version", "programs", "program"))
    marker = ntpath.join(path, text(operation, "marker"))
    kept = ntpath.join(path, operation["manifest"]) if operation.get("manifest") else ""
    marked = machine.files.is_file(marker)
    if marked:
        present = machine.files.text(marker).strip()
        if present != version:
            raise WindowsError("OtherVersion", f"'{path}' holds version '{present}', wanted '{version}'")
        if not kept or machine.files.is_file(kept):
            return {"changed": False, "own": [], "altered": [], "missing": []}
    if check:
        return {"changed": True, "own": [], "altered": [], "missing": []}
    found = sha256(machine, archive)
    if found != operation.get("sha256"):
        raise WindowsError("BadChecksum", f"'{archive}' has the SHA-256 {found}, not the one that was asked for")
    manifest = _manifest(content_of(machine, archive), str(operation.get("overlay") or ""))
    ours = {ntpath.relpath(one, path).lower() for one in (marker, kept) if one}
    present_files = {name.lower(): name for name in _names(machine, path) if name.lower() not in ours}
    own = [name for key, name in present_files.items() if key not in manifest]
    altered = [
        name
        for key, name in present_files.items()
        if key in manifest and sha256(machine, ntpath.join(path, name)) not in manifest[key][1]
    ]
    missing = [name for key, (name, _hashes) in manifest.items() if key not in present_files]
    others = sorted((n for n in (*own, *altered, *missing) if re.search(programs, n, re.IGNORECASE)), key=str.upper)
    if others and not marked:
        version_there = "" if machine.files.is_file(ntpath.join(path, program)) else "none"  # as the probe's model
        raise WindowsError(
            "OtherVersion",
            f"found another version than the archive's: {program} has the file version '{version_there}', and"
            f" {len(others)} programs are not those of the archive, such as {others[0]}",
        )
    if kept:
        _keep_manifest(machine, operation, path)
    machine.files.write(marker, version)
    if operation.get("delete_archive"):
        patience.remove(machine, archive, 75)
    lists = {"own": own, "altered": altered, "missing": missing}
    return {"changed": True, **{kind: sorted(names, key=str.upper) for kind, names in lists.items()}}


def _manifest(content: bytes, overlay: str) -> dict[str, tuple[str, set[str]]]:
    """Return the names and SHA-256 of what an archive puts into a folder, by names in small letters."""
    found: dict[str, tuple[str, set[str]]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            name = entry.filename.replace("/", "\\")
            if entry.is_dir():
                continue
            names = [name]
            if overlay and ntpath.dirname(name).lower() == overlay.lower():
                names.append(ntpath.basename(name))
            for one in names:
                found.setdefault(one.lower(), (one, set()))[1].add(hashlib.sha256(archive.read(entry)).hexdigest())
    return found


def _keep_manifest(machine: Machine, operation: Operation, folder: str) -> None:
    """Write SHA-256, size and name of each file that the archive puts into a folder."""
    overlay, found = str(operation.get("overlay") or "").lower(), dict[str, str]()
    with zipfile.ZipFile(io.BytesIO(content_of(machine, text(operation, "archive")))) as archive:
        entries = [(entry, entry.filename.replace("/", "\\")) for entry in archive.infolist() if not entry.is_dir()]
        over = [(e, ntpath.basename(n)) for e, n in entries if overlay and ntpath.dirname(n).lower() == overlay]
        for entry, name in (*entries, *over):
            found[name.upper()] = f"{hashlib.sha256(archive.read(entry)).hexdigest()} {entry.file_size} {name}\n"
    content = "".join(found[name] for name in sorted(found))
    files.write(machine, {"path": ntpath.join(folder, operation["manifest"]), "content": _base64(content)}, False)


def _base64(content: str) -> str:
    return base64.b64encode(content.encode()).decode()


def _names(machine: Machine, folder: str, below: str = "") -> list[str]:
    """Return the files below a folder, relative to it."""
    found = []
    for name in machine.files.children(ntpath.join(folder, below) if below else folder):
        relative = ntpath.join(below, name) if below else name
        is_file = machine.files.is_file(ntpath.join(folder, relative))
        found += [relative] if is_file else _names(machine, folder, relative)
    return found


def _swap(machine: Machine, new: str, path: str, old: str) -> None:
    """Put a folder in the place of another, which gets its name back where that fails."""
    if machine.files.is_folder(path):
        patience.move(machine, path, old, 75)
    try:
        patience.move(machine, new, path, 75)
    except WindowsError:
        if machine.files.exists(old):
            machine.files.move(old, path)
        raise


def _is_there(machine: Machine, path: str, version: str, marker: str) -> bool:
    """Tell whether a version is unpacked; anything else in the folder is refused."""
    marked = ntpath.join(path, marker)
    if machine.files.is_file(marked):
        present = machine.files.text(marked).strip()
        if present == version:
            return True
        raise WindowsError(
            "OtherVersion",
            f"'{path}' holds version '{present}', wanted '{version}': an installed version is not replaced",
        )
    if machine.files.is_folder(path) and machine.files.children(path):
        raise WindowsError(
            "OtherVersion", f"'{path}' holds files that did not come from here: move them away, or empty the folder"
        )
    return False


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
            patience.copy(machine, ntpath.join(source, name), ntpath.join(folder, name))
