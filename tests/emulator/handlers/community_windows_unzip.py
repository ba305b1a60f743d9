"""community.windows.win_unzip: zips that .NET unpacks; the rest needs tools that a server does not have."""

from __future__ import annotations

import contextlib
import datetime
import io
import ntpath
import re
import typing as t
import zipfile

from ..model.call import Call, ModuleFailure, handles
from ..windows import errors
from ..windows.errors import WindowsError
from ..windows.files.nodes import normal
from .ansible_windows_files import mind_path

DIRECTORY_END = 18
"""So many bytes .NET goes back from an archive's end before it looks for the directory."""
NO_PSCX = (
    "PowerShellCommunityExtensions PowerShell Module (PSCX) is required for this archive type, recursive extraction,"
    " or password-protected archives."
)
_TAR = re.compile(r"\.(tar|tar\.gz|tgz|tar\.bz2|tbz2|tar\.xz|txz)$", re.IGNORECASE)


@handles("community.windows.win_unzip")
def win_unzip(call: Call) -> dict[str, t.Any]:
    """Unpack a zip, each time unless ``creates`` is there."""
    files, arguments = call.machine.files, call.arguments
    source, target, creates = arguments["src"], arguments["dest"], arguments["creates"]
    result: dict[str, t.Any] = {
        "changed": False,
        "dest": (target or "").replace("$", ""),
        "removed": False,
        "src": (source or "").replace("$", ""),
    }
    if creates and files.exists(creates):
        return result | {"skipped": True, "msg": f"The file or directory '{creates}' already exists."}
    mind_path(source)
    if not files.exists(source):
        raise ModuleFailure(f"File '{source}' does not exist.", **result)
    mind_path(target)
    _make_target(call, target, result)
    by_net = ntpath.splitext(source)[1].lower() == ".zip" and not arguments["recurse"] and not arguments["password"]
    if not by_net:
        if _TAR.search(source) and not arguments["recurse"] and not arguments["password"]:
            raise ModuleFailure("the emulator's win_unzip has no tar.exe")
        raise ModuleFailure(NO_PSCX, **result)
    try:
        _expand(call, source, target, result)
    except WindowsError as error:
        message = f"Error unzipping '{source}' to '{target}'!. Method: System.IO.Compression.ZipFile, Exception: "
        raise ModuleFailure(message + error.message, **result) from None
    if arguments["delete_archive"]:
        if not call.check:
            files.remove(source, recurse=True, force=True)
        result["removed"] = True
    return result


def _make_target(call: Call, target: str, result: dict[str, t.Any]) -> None:
    """Make the folder to unpack to, in check mode not even when it cannot be made."""
    files = call.machine.files
    if files.is_folder(target) or call.check:
        return
    try:
        if files.is_file(target):
            raise WindowsError("System.IO.IOException", f"An item with the specified name {target} already exists.")
        files.make_folder(target)
    except WindowsError as error:
        raise ModuleFailure(f"Error creating '{target}' directory! Msg: {error.message}", **result) from None


def _expand(call: Call, source: str, target: str, result: dict[str, t.Any]) -> None:
    """Unpack entry by entry, the last write of each file the one that the archive has."""
    files, root = call.machine.files, _whole(target + "\\")
    with _opened(call, source) as archive:
        for entry in archive.infolist():
            path = ntpath.join(target, entry.filename)
            if not _whole(path).startswith(root):
                raise ModuleFailure(
                    f"Error unzipping '{source}' to '{target}'! Filename contains relative paths which would extract"
                    f" outside the destination: {path}",
                    **result,
                )
            if not files.exists(ntpath.dirname(path)):
                if not call.check:
                    files.make_folder(ntpath.dirname(path))
                result["changed"] = True
            if not path.endswith(("\\", "/")) and not call.check:
                _extract(call, path, archive.read(entry), datetime.datetime(*entry.date_time, tzinfo=datetime.UTC))
            result["changed"] = True


def _extract(call: Call, path: str, content: bytes, time: datetime.datetime) -> None:
    files = call.machine.files
    try:
        files.write(path, content)
    except WindowsError as error:
        raise _called("ExtractToFile", error.message) from None
    files.entry(path).last_write = time


def _whole(path: str) -> str:
    """Return what GetFullPath makes of a path: a separator at its end stays."""
    return normal(path).rstrip("\\") + ("\\" if path.endswith(("\\", "/")) else "")


@contextlib.contextmanager
def _opened(call: Call, source: str) -> t.Iterator[zipfile.ZipFile]:
    """Open an archive; its errors are those of the method that the module calls."""
    if call.machine.files.is_folder(source):
        raise _called("Open", errors.access_denied(source).message)
    data = call.machine.files.read(source)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        short = len(data) < DIRECTORY_END
        why = "Central Directory corrupt." if short else "End of Central Directory record could not be found."
        raise _called("Open", why) from None
    with archive:
        yield archive


def _called(method: str, why: str) -> WindowsError:
    return WindowsError(
        "System.Management.Automation.MethodInvocationException",
        f'Exception calling "{method}" with "3" argument(s): "{why}"',
    )
