# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Another version of the agent, unpacked beside Runtime while the agent runs, and whether it can take its place. Docs:
win_im_agent_stage.yml.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import download, leftovers, product_version, runtime_archive, version_folders
from .._agent.download import PROXY_OPTIONS, Download
from .._agent.folders import Folders
from .._agent.runtime_archive import MARKER, PROGRAM, PROGRAMS
from .._core import probe
from .._core.controller import ControllerFiles, HeldFile
from .._core.plan import Diff, Operation, Plan, Refused, long, write
from .._core.probe import Ask, Query
from .._windows import roots, windows_path
from . import manifest, suitable
from .suitable import Limits

FACTOR = 2
"""How often the present Runtime has to fit into the room of its drive: the archive, and what comes out of it."""

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "archive": {
            "type": "dict",
            "required": True,
            "options": {"source": {"type": "str", "required": True}, "checksum": {"type": "str", "required": True}},
        },
        **PROXY_OPTIONS,
        "former_archive_source": {"type": "str"},
        "hosting_bundle_version": {"type": "str"},
        "server_version": {"type": "str"},
        "downgrade": {"type": "bool", "default": False},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which archive is staged, and what it is held against.

    Attributes:
        folders: the working directory and its folders.
        archive: the archive of the other version.
        former: where the archive of the present version is, whose checksum its marker tells; None for nowhere.
        former_held: what the controller has at such a path.
        limits: which versions may take the place of the present one.
    """

    folders: Folders
    archive: Download
    former: Download | None
    former_held: HeldFile | None
    limits: Limits

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        source = (arguments.get("former_archive_source") or "").strip()
        if source:
            download.check_source("former_archive_source", source)
        former = Download.of("former_archive", {"source": source, "checksum": "0" * 64}, arguments) if source else None
        folders = Folders.of(arguments["path"], arguments["folders"])
        archive = Download.of("archive", arguments["archive"], arguments)
        return cls(folders, archive, former, arguments.get("former_held"), Limits.of(arguments))

    @property
    def runtime(self) -> str:
        """Return the Runtime folder."""
        return self.folders.path("Runtime")

    @property
    def parent(self) -> str:
        """Return the folder that Runtime is in."""
        return windows_path.above(self.runtime)

    @property
    def staged(self) -> str:
        """Return the folder of the other version: beside Runtime, so that it can take its place by a rename."""
        return version_folders.staged(self.runtime, self.archive.checksum)


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that no message may show."""
    return download.secrets(arguments)


def completed(arguments: dict[str, t.Any], files: ControllerFiles) -> dict[str, t.Any]:
    """Return the arguments with the archive that is on the controller; raises Refused."""
    download.completed("archive", arguments["archive"], files)
    former = (arguments.get("former_archive_source") or "").strip()
    if download.is_on_controller(former):
        arguments["former_held"] = files.held("former_archive_source", former)
    return arguments


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        roots.question(wanted.runtime),
        *(probe.file(windows_path.join(folder, MARKER)) for folder in (wanted.runtime, wanted.staged)),
        probe.file(windows_path.join(wanted.runtime, PROGRAM), 0),
        _beside(wanted),
        *leftovers.questions(wanted.parent),
        probe.drive(wanted.runtime),
        *(query for folder in (wanted.runtime, wanted.staged) for query in product_version.questions(folder)),
        *(manifest.stored_question(folder) for folder in (wanted.runtime, wanted.staged)),
        probe.tree(wanted.runtime),
        suitable.installed_question(),
        *runtime_archive.questions(wanted.archive, wanted.folders.root),
        *wanted.archive.questions(windows_path.join(wanted.staged, MARKER)),
    )


def _beside(wanted: Wanted) -> Query:
    """Ask for the versions that are staged."""
    name = wanted.runtime.rpartition("\\")[2]
    return probe.folders(wanted.parent, f"{name}{version_folders.STAGED_PATTERN}")


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be unpacked, and once it is there whether it can take the place of Runtime; raises Refused
    where it cannot.
    """
    del check  # everything is predicted from what is there
    roots.check("path", wanted.runtime, ask)
    if ask(probe.file(windows_path.join(wanted.runtime, PROGRAM), 0)) is None:
        raise Refused(
            f"found no {PROGRAM} in {wanted.runtime}, so no agent that another version could take over from: install it"
            " (playbook install.yml)"
        )
    version = version_folders.marked(wanted.runtime, ask)
    if version == wanted.archive.checksum:
        return Plan((), (), facts={"staged": None, "current": suitable.told(wanted.runtime, version, ask)})
    if version_folders.marked(wanted.staged, ask) == wanted.archive.checksum:
        operations = (*_others(wanted, ask), *_former(wanted, version, ask))
        if operations:
            return _plan(wanted, operations, ask)
        found = suitable.judge(wanted.runtime, wanted.staged, wanted.limits, ask)
        facts = {
            "staged": suitable.told(wanted.staged, wanted.archive.checksum, ask),
            "current": suitable.told(wanted.runtime, version, ask),
            "files": found.carried.fields,
        }
        return Plan((), (), found.warnings, facts=facts)
    wanted.archive.check("archive", ask, windows_path.join(wanted.staged, MARKER))
    _check_room(wanted, ask)
    swept, former = leftovers.swept(wanted.parent, ask), _former(wanted, version, ask)
    unpacked = _unpack(wanted, ask, replaced=bool(former))
    return _plan(wanted, (*swept, *_others(wanted, ask), *former, *unpacked), ask)


def _plan(wanted: Wanted, operations: t.Iterable[Operation], ask: Ask) -> Plan:
    present = version_folders.marked(wanted.staged, ask) == wanted.archive.checksum
    after = f"folder: {wanted.staged}\nruntime archive: sha256 {wanted.archive.checksum}\n"
    diff = Diff(f"staged version in {wanted.staged}", after if present else "", after)
    return Plan(tuple(operations), (diff,), facts={"staged": {"path": wanted.staged}})


def _others(wanted: Wanted, ask: Ask) -> list[Operation]:
    """Return the removal of versions that were staged and not taken: of folders with such a name and our marker."""
    found = ask(_beside(wanted)) or ()
    paths = [
        windows_path.join(wanted.parent, one["name"])
        for one in found
        if version_folders.is_staged(wanted.runtime, one["name"])
    ]
    return [
        write(f"remove {path}, which was staged before", "remove", path=path, recurse=True)
        for path in paths
        if path.lower() != wanted.staged.lower() and version_folders.marked(path, ask)
    ]


def _former(wanted: Wanted, version: str, ask: Ask) -> list[Operation]:
    """Return what gives a Runtime its manifest that was unpacked before there were any."""
    if not wanted.former or not version or ask(manifest.stored_question(wanted.runtime)) is not None:
        return []
    held, root = wanted.former_held, wanted.folders.root
    if held and held.sha256 != version:
        raise Refused(
            f"former_archive_source: found the SHA-256 {held.sha256} of {held.path} on the controller, wanted"
            f" {version}, the archive that {wanted.runtime} came from: name that archive"
        )
    archive = dataclasses.replace(wanted.former, checksum=version, held=held)
    archive.check("former_archive_source", ask)
    fields = runtime_archive.fields(archive, root, wanted.runtime)
    does = f"list the files of the archive that {wanted.runtime} came from"
    lists = write(does, "compare", programs=PROGRAMS, program=PROGRAM, **fields)
    return [*runtime_archive.fetched(archive, root, ask), long(lists)]


def _unpack(wanted: Wanted, ask: Ask, *, replaced: bool) -> list[Operation]:
    root = wanted.folders.root
    fields = runtime_archive.fields(wanted.archive, root, wanted.staged)
    unpacks = write(f"unpack the runtime archive into {wanted.staged}", "extract", **fields)
    return [*runtime_archive.fetched(wanted.archive, root, ask, replaced=replaced), long(unpacks)]


def _check_room(wanted: Wanted, ask: Ask) -> None:
    """Raise Refused where the drive has no room for another version."""
    drive = ask(probe.drive(wanted.runtime))
    files = ask(probe.tree(wanted.runtime)) or ()
    needed = FACTOR * sum(one["size"] for one in files)
    if drive is not None and drive["free"] < needed:
        raise Refused(
            f"path: found {drive['free'] >> 20} MiB free on the drive {wanted.runtime[:2]}, wanted {needed >> 20} MiB:"
            f" {FACTOR} times what {wanted.runtime} takes, for the archive and what comes out of it. Make room there"
        )
