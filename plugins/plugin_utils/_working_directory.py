# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The working directory, and the vendor's runtime archive in it. Docs: win_im_working_directory.yml."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _questions, _windows_path
from ._download import Download, is_url
from ._folders import Folders
from ._plan import Diff, Operation, Plan, Refused, write
from ._questions import Ask, Query

MARKER = ".im-runtime"
OVERLAY = "Agent"
PROGRAM = "Usercube-Agent.dll"
DOWNLOAD = ".im-archive.zip"

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "archive": {
            "type": "dict",
            "required": True,
            "options": {"source": {"type": "str", "required": True}, "checksum": {"type": "str", "required": True}},
        },
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which folders, and which archive."""

    folders: Folders
    archive: Download

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        return cls(Folders.of(arguments["path"], arguments["folders"]), Download.of("archive", arguments["archive"]))

    @property
    def runtime(self) -> str:
        """Return the Runtime folder."""
        return self.folders.path("Runtime")


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        *(_questions.file(path, 0) for path in wanted.folders.all()),
        _questions.file(_windows_path.join(wanted.runtime, MARKER)),
        _questions.file(_windows_path.join(wanted.runtime, PROGRAM), 0),
        _questions.files(wanted.folders.root, "*.im-*"),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be made; raises Refused for a folder with another version, or with files of somebody else."""
    del check  # everything is predicted from what is there
    root = wanted.folders.root
    missing = []
    for path in wanted.folders.all():
        found = ask(_questions.file(path, 0))
        if found is None:
            missing.append(path)
        elif found["type"] != "folder":
            raise Refused(f"found a file at {path}, wanted a folder: move the file away, then run again")
    marker = ask(_questions.file(_windows_path.join(wanted.runtime, MARKER)))
    version = base64.b64decode(marker["content"]).decode("utf-8-sig").strip() if marker else None
    program = ask(_questions.file(_windows_path.join(wanted.runtime, PROGRAM), 0))
    if version is not None and version != wanted.archive.checksum:
        raise Refused(
            f"{wanted.runtime} holds the runtime archive with SHA-256 {version}, wanted {wanted.archive.checksum}: "
            "another version over an installed agent is not installed yet by this collection. Keep the archive that is "
            "installed, or move Runtime away"
        )
    if version is None and program is not None:
        raise Refused(
            f"{wanted.runtime} holds an agent that did not come from this collection (no {MARKER} beside {PROGRAM}):"
            " move Runtime away, keep its settings files, then run again"
        )
    if version is not None and program is None:
        raise Refused(
            f"the runtime archive in {wanted.runtime} has no {PROGRAM}: it is not the vendor's agent runtime archive."
            " Remove Runtime and name the right archive"
        )
    operations: list[Operation] = []
    if ask(_questions.files(root, "*.im-*")):
        operations.append(write(f"sweep leftovers of a former run in {root}", "sweep", path=root))
    operations += [write(f"make the folder {path}", "folder", path=path) for path in missing]
    if version is None:
        operations += _unpack(wanted)
    title = f"working directory {root}"
    there = [path for path in wanted.folders.all() if path not in missing]
    before = _text(there, version)
    return Plan(
        tuple(operations),
        (Diff(title, before, _text(wanted.folders.all(), wanted.archive.checksum)),),
        facts={"path": root, "runtime": wanted.runtime},
    )


def _unpack(wanted: Wanted) -> list[Operation]:
    archive = wanted.archive.source
    operations = []
    if is_url(wanted.archive.source):
        archive = _windows_path.join(wanted.folders.root, DOWNLOAD)
        arguments = {
            "url": wanted.archive.source,
            "dest": archive,
            "checksum": wanted.archive.checksum,
            "checksum_algorithm": "sha256",
            # A download that is there and right, left by a run that was cut, is not fetched again.
            "force": False,
        }
        operations.append(Operation("download the runtime archive", "ansible.windows.win_get_url", arguments))
    operations.append(
        write(
            f"unpack the runtime archive into {wanted.runtime}",
            "extract",
            path=wanted.runtime,
            archive=archive,
            sha256=wanted.archive.checksum,
            overlay=OVERLAY,
            marker=MARKER,
            version=wanted.archive.checksum,
            delete_archive=is_url(wanted.archive.source),
        )
    )
    return operations


def _text(folders: t.Iterable[str], version: str | None) -> str:
    lines = [f"folder: {path}" for path in folders]
    return "".join(f"{line}\n" for line in [*lines, *([f"runtime archive: sha256 {version}"] if version else [])])
