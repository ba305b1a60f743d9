# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's folders: Runtime with kept versions and leftovers, and its data only where that is asked for."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from .._agent import before_note, job_claim, upgrade_note, version_folders
from .._agent.leftovers import is_left
from .._agent.runtime_archive import DOWNLOAD, MARKER, PROGRAM
from .._certificates import other_agents
from .._core import probe
from .._core.plan import Operation, Refused, write
from .._core.probe import Ask, Query
from .._windows import iis_config, sddl, windows_path
from . import hosting
from .part import Part
from .wanted import Wanted

MARK = ".im-removal"
"""A file in the working directory that tells a later run whose folder it is, once Runtime is gone: where a removal was
cut, and where data stays that somebody may want to remove later.
"""
NOTE = "The agent of this folder was removed, or is being removed, by imops.identity_manager.\r\n"
DATA = ("Temp", "Work", "Mails", "Sources")


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    root = wanted.folders.root
    return (
        *(probe.file(path, 0) for path in wanted.folders.all()),
        *(probe.file(windows_path.join(wanted.runtime, name), 0) for name in (MARKER, PROGRAM)),
        probe.file(windows_path.join(root, MARK), 0),
        probe.file(iis_config.BACKUPS, 0),
        probe.files(wanted.runtime, newest=1),
        probe.folders(wanted.runtime, "*"),
        probe.files(root),
        probe.folders(root, "*"),
        _beside(wanted),
        upgrade_note.question(wanted.runtime),
        before_note.presence(wanted.runtime),
        job_claim.question(wanted.runtime),
        _rights(wanted),
    )


def _beside(wanted: Wanted) -> Query:
    """Ask for what is beside Runtime and may be another version of it."""
    folder, _backslash, name = wanted.runtime.rpartition("\\")
    return probe.folders(f"{folder}\\" if folder.endswith(":") else folder, f"{name}*")


def _rights(wanted: Wanted) -> Query:
    return probe.acl(*wanted.folders.all())


@dataclasses.dataclass(frozen=True)
class _Found:
    """What there is of the agent.

    Attributes:
        paths: everything in the working directory.
        ours: the program, kept versions and leftovers.
        data: everything else that goes.
        shares: folders with data that are on shares.
        has_root: whether there is the working directory.
        has_mark: whether an earlier removal has left its note there.
    """

    paths: tuple[str, ...]
    ours: tuple[str, ...]
    data: tuple[str, ...]
    shares: tuple[str, ...]
    has_root: bool
    has_mark: bool


def part(wanted: Wanted, ask: Ask, *, check: bool = False) -> Part:
    """Return what removes the folders; raises Refused for one that is not the agent's, or has another agent in it.

    In check mode what the removal would write is not among what stays.
    """
    root = wanted.folders.root
    if not any(ask(probe.file(path, 0)) for path in wanted.folders.all()):
        return _elsewhere(wanted, ask)
    _check_own(wanted, ask)
    _check_others(wanted, ask)
    found, mark = _found(wanted, ask), windows_path.join(root, MARK)
    gone = [*found.ours, *found.data]
    operations: list[Operation] = []
    if gone and found.has_root and not found.has_mark:
        does, content = f"note in {root} that its agent is being removed", base64.b64encode(NOTE.encode()).decode()
        operations.append(write(does, "file", path=mark, content=content, backups=0))
    operations += [write(f"remove {path}", "remove", path=path, recurse=True) for path in gone]
    if not wanted.data:
        operations += _without_rights(wanted, ask)
    elif found.has_root:
        if gone or found.has_mark:
            operations.append(write(f"remove the note in {root}", "remove", path=mark))
        operations.append(write(f"remove the empty folder {root}", "remove", path=root))
        gone.append(root)
    elsewhere = _elsewhere(wanted, ask)
    return Part(
        (*operations, *elsewhere.operations),
        (*(f"folder: {path}" for path in gone), *elsewhere.gone),
        (*_stays(wanted, found, ask, check=check), *elsewhere.stays),
    )


def _found(wanted: Wanted, ask: Ask) -> _Found:
    root = wanted.folders.root
    names = [entry["name"] for entry in (*(ask(probe.files(root)) or ()), *(ask(probe.folders(root, "*")) or ()))]
    paths = {name: windows_path.join(root, name) for name in names}
    ours = [path for name, path in paths.items() if _is_leftover(name)]
    ours += [path for path in _versions(wanted, ask) if not any(windows_path.same(path, other) for other in ours)]
    data, shares = _data(wanted, ask) if wanted.data else ([], [])
    ours_lowered = {path.lower() for path in ours}
    rest = [p for name, p in paths.items() if wanted.data and name != MARK and p.lower() not in ours_lowered]
    data += [path for path in rest if not any(windows_path.same(path, other) for other in data)]
    return _Found(
        tuple(paths.values()),
        tuple(ours),
        tuple(data),
        tuple(shares),
        has_root=ask(probe.file(root, 0)) is not None,
        has_mark=ask(probe.file(windows_path.join(root, MARK), 0)) is not None,
    )


def _stays(wanted: Wanted, found: _Found, ask: Ask, *, check: bool) -> t.Iterator[str]:
    """Yield what stays: folders on shares, and data that nobody has asked to remove, with the note on it."""
    if wanted.data:
        yield from (f"{path}: it is on a share, which other servers may use" for path in found.shares)
        return
    kept = [wanted.folders.path(name) for name in DATA]
    left = [*(path for path in kept if ask(probe.file(path, 0))), *_of_users(found.paths, found.ours, kept)]
    yield from (f"{path}: data stays unless im_remove_data is true" for path in left)
    if found.has_mark or (found.has_root and found.ours and not check):
        note = windows_path.join(wanted.folders.root, MARK)
        yield f"{note}: a note, by which a run with im_remove_data true knows whose data it is"


def _of_users(paths: t.Iterable[str], ours: t.Collection[str], kept: t.Sequence[str]) -> list[str]:
    """Return what users have put into the working directory."""
    return [
        path
        for path in paths
        if path.lower() not in {one.lower() for one in ours}
        and not path.endswith(f"\\{MARK}")
        and not any(windows_path.is_under(one, path) for one in kept)
    ]


def _versions(wanted: Wanted, ask: Ask) -> list[str]:
    """Return Runtime and its other versions beside it, wherever that is."""
    parent, name = windows_path.above(wanted.runtime), wanted.runtime.rpartition("\\")[2]
    names = [entry["name"] for entry in ask(_beside(wanted)) or ()]
    kept = [one for one in names if version_folders.is_former(name, one) or version_folders.is_staged(name, one)]
    own = [wanted.runtime] if ask(probe.file(wanted.runtime, 0)) else []
    note = [upgrade_note.path(wanted.runtime)] if ask(upgrade_note.question(wanted.runtime)) else []
    note += [before_note.path(wanted.runtime)] if before_note.is_there(wanted.runtime, ask) else []
    return [*own, *(windows_path.join(parent, one) for one in kept), *note]


def _is_leftover(name: str) -> bool:
    """Tell whether something in the working directory is what an interrupted run left."""
    return name.lower() == DOWNLOAD or is_left(name)


def _check_own(wanted: Wanted, ask: Ask) -> None:
    """Refuse a folder in which nothing shows that it is an agent's."""
    root = wanted.folders.root
    marks = [windows_path.join(wanted.runtime, name) for name in (MARKER, PROGRAM)]
    if any(ask(probe.file(path, 0)) is not None for path in (*marks, windows_path.join(root, MARK))):
        return
    inside = [*(ask(probe.files(wanted.runtime, newest=1)) or ()), *(ask(probe.folders(wanted.runtime, "*")) or ())]
    if inside:
        raise Refused(
            f"found {wanted.runtime} without {PROGRAM} and without {MARKER}, wanted the agent's: nobody can tell whose"
            " it is. Nothing was removed: check im_agent_working_directory, or remove the folder by hand"
        )
    if wanted.data and (ask(probe.files(root)) or ask(probe.folders(root, "*"))):
        raise Refused(
            f"found {root} without an agent in {wanted.runtime}, wanted one: nobody can tell whose data it is. Nothing"
            " was removed: check im_agent_working_directory, remove the folder by hand, or set im_remove_data to false"
        )


def _check_others(wanted: Wanted, ask: Ask) -> None:
    """Refuse a folder in which another site or service runs something."""
    going = [wanted.runtime, *(wanted.folders.all() if wanted.data else ())]
    for other in sorted(other_agents.folders(ask)):
        if windows_path.same(other, wanted.runtime):
            continue
        inside = next((path for path in going if windows_path.is_under(other, path)), "")
        if inside:
            raise Refused(
                f"found {other}, which another site or service runs, in {inside}, wanted a folder of this agent alone:"
                " it would go with it. Nothing was removed: set im_remove_data to false, or move it"
            )


def _data(wanted: Wanted, ask: Ask) -> tuple[list[str], list[str]]:
    """Return the folders with data that are there, and those that are on shares."""
    there = [path for name in DATA if ask(probe.file(path := wanted.folders.path(name), 0))]
    return [path for path in there if path[1:2] == ":"], [path for path in there if path[1:2] != ":"]


def _without_rights(wanted: Wanted, ask: Ask) -> t.Iterator[Operation]:
    """Yield what takes the agent's rights from the folders that stay, unless something else runs as its account."""
    shared = set(wanted.identity.known_sid(ask)) if hosting.others(wanted, ask) else set[str]()
    sids = [sid for sid in wanted.sids(ask) if sid not in shared]
    answers = dict(zip(wanted.folders.all(), ask(_rights(wanted)), strict=True))
    for path, answer in answers.items():
        if answer is None or windows_path.is_under(path, wanted.runtime):
            continue
        security = sddl.parse(answer["sddl"], path)
        for sid in sids:
            for type_ in sorted({"allow" if ace.allows else "deny" for ace in security.of(sid, inherited=False)}):
                does = f"take the agent's rights from {path}"
                yield write(does, "clear_access", path=path, sid=sid, type=type_)


def agents(wanted: Wanted, ask: Ask) -> list[str]:
    """Return the Runtime folders of the server's other agents."""
    return [
        folder
        for folder in sorted(other_agents.folders(ask))
        if not windows_path.same(folder, wanted.runtime) and ask(probe.file(f"{folder}\\{PROGRAM}", 0)) is not None
    ]


def _elsewhere(wanted: Wanted, ask: Ask) -> Part:
    """Return what removes what is in the folder of Windows: the note of a job that was launched, and backups."""
    backups = _backups(wanted, ask)
    if job_claim.found(wanted.runtime, ask) is None:
        return backups
    gone = f"file: {job_claim.path(wanted.runtime, ask)}"
    return Part((job_claim.removed(wanted.runtime, ask), *backups.operations), (gone, *backups.gone), backups.stays)


def _backups(wanted: Wanted, ask: Ask) -> Part:
    """Return what removes the backups of applicationHost.config, which all agents of a server share."""
    there = ask(probe.file(iis_config.BACKUPS, 0)) is not None
    iis = hosting.configuration(ask)
    makes = iis.site(wanted.site) is not None or iis.pool(wanted.pool) is not None
    if not there and not makes:
        return Part()
    others = agents(wanted, ask)
    if others:
        return Part(stays=(f"{iis_config.BACKUPS}: the agent in {others[0]} uses it too",))
    does = f"remove the backups in {iis_config.BACKUPS}"
    removal = write(does, "remove", path=iis_config.BACKUPS, recurse=True)
    return Part((removal,), (f"folder: {iis_config.BACKUPS}",))
