# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The working directory, and the vendor's runtime archive in it. Docs: win_im_working_directory.yml."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from .._agent import download, job_claim, leftovers, product_version, runtime_archive, upgrade_note, version_folders
from .._agent.download import PROXY_OPTIONS, Download
from .._agent.folders import Folders
from .._agent.runtime_archive import MARKER, PROGRAM, PROGRAMS
from .._core import probe
from .._core.controller import ControllerFiles
from .._core.mark import Mark, MarkKind
from .._core.plan import Diff, Operation, Plan, Refused, long, write
from .._core.probe import Ask, Query
from .._windows import roots, windows_path
from .._windows.broad_groups import NEW_FOLDER

MOST_NAMED = 12
"""Files of Runtime that a warning names."""

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "archive": {
            "type": "dict",
            "required": True,
            "options": {"source": {"type": "str", "required": True}, "checksum": {"type": "str", "required": True}},
        },
        "upgrade": {"type": "bool", "default": False},
        **PROXY_OPTIONS,
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which folders, and which archive.

    Attributes:
        folders: the working directory and its folders.
        archive: the archive.
        upgrade: whether the steps of an upgrade see to another version in Runtime.
    """

    folders: Folders
    archive: Download
    upgrade: bool = False

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        archive = Download.of("archive", arguments["archive"], arguments)
        return cls(Folders.of(arguments["path"], arguments["folders"]), archive, bool(arguments.get("upgrade")))

    @property
    def runtime(self) -> str:
        """Return the Runtime folder."""
        return self.folders.path("Runtime")


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that no message may show."""
    return download.secrets(arguments)


def completed(arguments: dict[str, t.Any], files: ControllerFiles) -> dict[str, t.Any]:
    """Return the arguments with the archive that is on the controller; raises Refused."""
    download.completed("archive", arguments["archive"], files)
    return arguments


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        *{probe.key(query): query for query in (roots.question(path) for _option, path in _on_drives(wanted))}.values(),
        *(probe.file(path, 0) for path in wanted.folders.all()),
        *wanted.archive.questions(windows_path.join(wanted.runtime, MARKER)),
        *runtime_archive.questions(wanted.archive, wanted.folders.root),
        probe.file(windows_path.join(wanted.runtime, MARKER)),
        probe.file(windows_path.join(wanted.runtime, PROGRAM), 0),
        *(product_version.questions(folder)[0] for folder in (wanted.runtime, _staged(wanted))),
        *leftovers.questions(wanted.folders.root),
        job_claim.question(wanted.runtime),
        upgrade_note.question(wanted.runtime),
        upgrade_note.kept_question(wanted.runtime),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be created and unpacked; raises Refused for another version, or for somebody else's files."""
    del check  # everything is predicted from what is there
    root = wanted.folders.root
    for option, path in _on_drives(wanted):
        roots.check(option, path, ask)
    marker = ask(probe.file(windows_path.join(wanted.runtime, MARKER)))
    version = base64.b64decode(marker["content"]).decode("utf-8-sig").strip() if marker else None
    cut_off = _cut_off(wanted, version, ask)
    if wanted.upgrade and (cut_off or version not in (None, wanted.archive.checksum)):
        return Plan(facts={"path": root, "runtime": wanted.runtime})
    missing = _missing_folders(wanted, ask)
    by_hand = version is None and ask(probe.file(windows_path.join(wanted.runtime, PROGRAM), 0)) is not None
    _check_runtime(wanted, version, ask)
    if version is None:
        wanted.archive.check("archive", ask, windows_path.join(wanted.runtime, MARKER))
    operations = [*leftovers.swept(root, ask), *job_claim.swept(wanted.runtime, ask)]
    operations += [upgrade_note.removed(wanted.runtime)] if cut_off else []
    operations += [_create(path, root) for path in missing]
    if version is None:
        operations += runtime_archive.fetched(wanted.archive, root, ask)
        operations.append(_taken_over(wanted) if by_hand else _unpack(wanted))
    present = [path for path in wanted.folders.all() if path not in missing]
    diff = Diff(
        f"working directory {root}",
        _text(present, version),
        _text(wanted.folders.all(), wanted.archive.checksum),
    )
    settles = () if version or by_hand else (Mark(MarkKind.RUNTIME_UNPACKED, wanted.runtime),)
    return Plan(tuple(operations), (diff,), settles=settles, facts={"path": root, "runtime": wanted.runtime})


def _cut_off(wanted: Wanted, version: str | None, ask: Ask) -> bool:
    """Tell whether a run has left an upgrade that has not changed Runtime yet; raises Refused where it has."""
    note = upgrade_note.found(wanted.runtime, ask)
    if note is None or wanted.upgrade:
        return note is not None
    if version == note.before and not note.back:
        return True
    raise Refused(
        f"found an upgrade {note.words} of {wanted.runtime} that was interrupted"
        f"{' while it was taken back' if note.back else ''}, wanted it finished: upgrade.yml does that with the archive"
        f" {note.after}, and takes it back with the archive {note.before}"
    )


def _staged(wanted: Wanted) -> str:
    """Return the folder in which stage.yml unpacks the wanted archive."""
    return version_folders.staged(wanted.runtime, wanted.archive.checksum)


def _create(path: str, root: str) -> Operation:
    """Return the creation of a folder: one below the working directory inherits from it."""
    does = f"create the folder {path}"
    if path != root and windows_path.is_under(path, root):
        return write(does, "folder", path=path)
    mark = Mark(MarkKind.FOLDER_MADE, path.lower())
    return write(does, "folder", path=path, sddl=NEW_FOLDER, mark=mark)


def _on_drives(wanted: Wanted) -> t.Iterator[tuple[str, str]]:
    """Yield each folder that is on a drive of the server, with the option that says so."""
    yield "path", wanted.folders.root
    for name, path in wanted.folders.elsewhere:
        if path[1:2] == ":":
            yield f"folders: {name}", path


def _missing_folders(wanted: Wanted, ask: Ask) -> list[str]:
    missing = []
    for path in wanted.folders.all():
        found = ask(probe.file(path, 0))
        if found is None:
            missing.append(path)
        elif found["type"] != "folder":
            raise Refused(f"found a file at {path}, wanted a folder: move the file elsewhere, then run again")
    return missing


def _check_runtime(wanted: Wanted, version: str | None, ask: Ask) -> None:
    """Refuse a Runtime folder that this collection must not touch.

    Args:
        wanted: the task.
        version: the archive's SHA-256 that the marker in the folder has, None if there is no marker.
        ask: gives the answers.
    """
    program = ask(probe.file(windows_path.join(wanted.runtime, PROGRAM), 0))
    if version is not None and version != wanted.archive.checksum:
        now, then = (product_version.of(folder, ask) for folder in (wanted.runtime, _staged(wanted)))
        raise Refused(
            f"{wanted.runtime} holds {_named(now)} of the agent, from the archive with SHA-256 {version}, wanted"
            f" {_named(then)}, from the one with {wanted.archive.checksum}: an installed version is not replaced"
            " unless im_agent_upgrade is true. Run upgrade.yml (stage.yml unpacks the other one beside it before), or"
            " name the archive that is installed"
        )
    if version is not None and program is None:
        raise Refused(
            f"the runtime archive in {wanted.runtime} has no {PROGRAM}: it is not the vendor's agent runtime archive."
            " Remove Runtime and name the right archive"
        )


def _named(version: str) -> str:
    return f"version {version}" if version else "an unknown version"


def _unpack(wanted: Wanted) -> Operation:
    does = f"unpack the runtime archive into {wanted.runtime}"
    fields = runtime_archive.fields(wanted.archive, wanted.folders.root, wanted.runtime)
    return long(write(does, "extract", **fields))


def _taken_over(wanted: Wanted) -> Operation:
    """Return what marks an agent that somebody unpacked by hand; fails where it is of another version."""
    does = f"compare {wanted.runtime}, which was installed by hand, with the runtime archive, and mark it as its own"
    fields = runtime_archive.fields(wanted.archive, wanted.folders.root, wanted.runtime)
    return long(write(does, "compare", programs=PROGRAMS, program=PROGRAM, **fields))


def told(result: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """Yield what the comparison of a Runtime that was installed by hand found, from an operation's result."""
    for kind, words in (
        ("own", "are not the archive's; they stay as they are"),
        ("altered", "are otherwise than in the archive; they stay as they are"),
        ("missing", "are missing, while the archive has them; they are not added"),
    ):
        names = result.get(kind) or ()
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            shown = f"{', '.join(names[:MOST_NAMED])}{more}"
            yield f"{result['path']} was installed by hand and is taken over: {shown} {words}"


def _text(folders: t.Iterable[str], version: str | None) -> str:
    lines = [f"folder: {path}" for path in folders]
    return "".join(f"{line}\n" for line in [*lines, *([f"runtime archive: sha256 {version}"] if version else [])])
