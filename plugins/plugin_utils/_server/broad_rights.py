# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What broad groups may do in the agent's folders, and who else reads its secrets: restricted, or only reported.

Whoever can put an ``appsettings.agent.Production.json`` beside the other settings owns the agent.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import secret_files, settings_files
from .._agent.folders import Folders
from .._agent.runtime_archive import MARKER
from .._core import probe
from .._core.mark import MarkKind
from .._core.plan import Operation, write
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import broad_groups, iis_config, sddl, windows_path
from .._windows.broad_groups import Restricted

RESTRICT, REPORT = "restrict", "report"
REMEDY = "set im_permissions_broad (option broad) to restrict, or change the rights by hand"


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder's rights as they will be.

    Attributes:
        text: as SDDL.
        operations: what has to be done for it.
        warnings: what is only reported.
    """

    text: str
    operations: tuple[Operation, ...] = ()
    warnings: tuple[Warned, ...] = ()


def questions(folders: Folders) -> tuple[Query, ...]:
    """Return what is asked beside the folders' own rights."""
    runtime = folders.path("Runtime")
    return (
        probe.file(windows_path.join(runtime, MARKER)),
        secret_files.question(runtime, secret_files.SETTINGS),
        secret_files.question(runtime, secret_files.WEB_CONFIG),
        probe.acl(_connection(folders)),
        probe.acl(iis_config.BACKUPS),
        *(probe.acl(path) for path in _above(folders)),
    )


def _above(folders: Folders) -> tuple[str, ...]:
    """Return the folders that the working directory and those elsewhere lie in. They are others', and left as they are.

    Of a share it is not known here who gets there.
    """
    elsewhere = (path for _name, path in folders.elsewhere if path[1:2] == ":")
    outside = (path for path in elsewhere if not windows_path.is_under(path, folders.root))
    found = (windows_path.above(path) for path in (folders.root, *outside))
    return tuple(dict.fromkeys(path for path in found if path))


def of_those_above(folders: Folders, ask: Ask) -> list[Warned]:
    """Return warnings of who may rename or delete the agent's folders by the rights of the folders they lie in; raises
    BadSddl.
    """
    warnings = []
    for path in _above(folders):
        found = ask(probe.acl(path))[0]
        who = broad_groups.removers(sddl.parse(found["sddl"], path)) if found else ()
        if who:
            text = (
                f"{path}: found that {', '.join(who)} may delete or rename what lies there, wanted that only"
                " administrators may: whoever puts another folder in the place of the agent's owns the agent. This"
                " folder is not changed here: remove these rights by hand"
            )
            warnings.append(Warned(text, WarningKind.REPLACEABLE, path))
    return warnings


def _connection(folders: Folders) -> str:
    return windows_path.join(folders.path("Work"), settings_files.CONNECTION)


def mode(chosen: str | None, folders: Folders, ask: Ask) -> str:
    """Return what is chosen; by default a working directory that this collection made is restricted, or in check mode
    one that it would have made.
    """
    runtime = folders.path("Runtime")
    made = any(m.kind is MarkKind.RUNTIME_UNPACKED and m.subject == runtime for m in ask(probe.settled()))
    ours = made or ask(probe.file(windows_path.join(runtime, MARKER))) is not None
    return chosen or (RESTRICT if ours else REPORT)


def of_folders(folders: Folders, texts: t.Mapping[str, str | None], chosen: str) -> dict[str, Folder]:
    """Return the folders' rights as they will be, by path.

    Args:
        folders: the working directory and its folders.
        texts: their rights now, as SDDL; None for a folder that an earlier step would create.
        chosen: restrict or report.

    Raises:
        BadSddl: rights that cannot be read.
    """
    done: dict[str, Restricted] = {}
    found: dict[str, Folder] = {}
    for path in folders.all():
        text = texts[path]
        above = done[folders.root] if path != folders.root and windows_path.is_under(path, folders.root) else None
        planned = broad_groups.restricted(text, path, above) if text is not None else broad_groups.created(above)
        if text is not None and chosen == REPORT:
            done[path], found[path] = Restricted("", text, ()), Folder(text, (), tuple(_reported(path, text)))
            continue
        done[path] = planned
        found[path] = Folder(planned.after, tuple(_change(path, planned)))
    return found


def _change(path: str, planned: Restricted) -> t.Iterator[Operation]:
    if planned.change:
        who = ", ".join(planned.writers)
        yield write(f"let {who} no longer write in {path}", "rights", path=path, sddl=planned.change)


def _reported(path: str, text: str) -> t.Iterator[Warned]:
    writers = broad_groups.writers(sddl.parse(text, path))
    if writers:
        yield Warned(
            f"{path}: found that {', '.join(writers)} may create, change or delete files there, wanted that only"
            " administrators and the agent's identity may: whoever plants a settings file there owns the agent;"
            f" {REMEDY}",
            WarningKind.WRITABLE,
            path,
        )


def of_secrets(folders: Folders, sid: str, chosen: str, ask: Ask) -> tuple[list[Operation], list[Warned]]:
    """Return what is to be done about files with secrets that no other task writes, and what is reported of all.

    Args:
        folders: the working directory and its folders.
        sid: of the agent's identity.
        chosen: restrict or report.
        ask: answers questions.
    """
    operations: list[Operation] = []
    backups, connection = ask(probe.acl(iis_config.BACKUPS))[0], ask(probe.acl(_connection(folders)))[0]
    if backups and not _is_private(backups["sddl"]):
        path, rights = iis_config.BACKUPS, broad_groups.PRIVATE_FOLDER
        operations.append(write(f"let only administrators read {path}", "rights", path=path, sddl=rights))
    if chosen == RESTRICT:
        if connection and not secret_files.is_exact(connection["sddl"], sid, _connection(folders), sddl.MODIFY):
            operations.append(secret_files.give(_connection(folders), sid, sddl.MODIFY))
        return operations, []
    files = [(_connection(folders), connection["sddl"])] if connection else []
    for pattern in (secret_files.SETTINGS, secret_files.WEB_CONFIG):
        files += secret_files.found(folders.path("Runtime"), pattern, ask)
    readers = [(path, secret_files.readers(text, sid, path)) for path, text in files]
    return operations, [
        Warned(
            f"{path}: found that {who} may read it, wanted that only administrators and the agent's identity may, since"
            f" it may hold secrets; {REMEDY}",
            WarningKind.READABLE,
            path,
        )
        for path, who in readers
        if who
    ]


def _is_private(text: str) -> bool:
    wanted, found = sddl.parse(broad_groups.PRIVATE_FOLDER), sddl.parse(text, iis_config.BACKUPS)
    return found.protected and set(found.aces) == set(wanted.aces) and broad_groups.is_trusted_owner(found.owner)
