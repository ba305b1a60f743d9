# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rights of files that hold secrets: the system and administrators, and the agent's identity reads them. They do
not inherit, so that they stay what they are when those of the folder change.
"""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.plan import Operation, write
from .._core.probe import Ask, Query
from .._windows import sddl, windows_path
from .._windows.sddl import Security

SETTINGS, WEB_CONFIG = "appsettings*", "web.config*"
SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"
ALWAYS = (SYSTEM, ADMINISTRATORS)
_READ_DATA = 0x1


def rights(sid: str, mask: int = sddl.READ) -> str:
    """Return the rights of a file as SDDL; ``sid``: of the identity, ``mask``: what it may do."""
    own = "" if sid in ALWAYS else f"(A;;0x{mask:x};;;{sid})"
    return f"O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA){own}"


def is_exact(text: str, sid: str, where: str, mask: int = sddl.READ) -> bool:
    """Tell whether a file has these rights and no others, and an owner who may change them anyway.

    Raises:
        BadSddl: they cannot be read.
    """
    return _meaning(sddl.parse(text, where), {sid}) == _meaning(sddl.parse(rights(sid, mask)), {sid})


def _meaning(security: Security, owners: t.Collection[str]) -> tuple[t.Any, ...]:
    trusted = security.owner in {*ALWAYS, *owners}
    entries = frozenset((a.sid, a.allows, a.rights, a.here, a.conditional) for a in security.aces)
    return trusted, security.protected, entries


def readers(text: str, sid: str, where: str) -> str:
    """Return the names of others who may read a file, empty if there are none; raises BadSddl."""
    aces = sddl.parse(text, where).aces
    others = {a.sid for a in aces if a.allows and a.here and a.rights & _READ_DATA and a.sid not in {sid, *ALWAYS}}
    return ", ".join(sorted(map(sddl.name, others)))


def question(folder: str, pattern: str) -> Query:
    """Ask for the rights of the files of a folder whose names fit."""
    return probe.files(folder, pattern, rights=True)


def found(folder: str, pattern: str, ask: Ask) -> list[tuple[str, str]]:
    """Return these files, each with its rights."""
    return [(windows_path.join(folder, item["name"]), item["sddl"]) for item in ask(question(folder, pattern)) or ()]


def is_ours(folder: str, ask: Ask) -> bool:
    """Tell whether this collection wrote web.config in a folder: it has a backup, or rights of its own."""
    files = found(folder, WEB_CONFIG, ask)
    return any(path.lower().endswith(".bak") or sddl.parse(text, path).protected for path, text in files)


def corrections(
    folder: str, pattern: str, sid: str, ask: Ask, *, but: t.Container[str] = frozenset()
) -> list[Operation]:
    """Return what gives files their rights, ``but`` those that are written or removed anyway, in small letters."""
    return [
        give(path, sid)
        for path, text in found(folder, pattern, ask)
        if path.lower() not in but and not is_exact(text, sid, path)
    ]


def give(path: str, sid: str, mask: int = sddl.READ) -> Operation:
    """Return the operation that gives a file its rights."""
    does = f"let nobody but SYSTEM, Administrators and the agent's identity read {path}"
    return write(does, "rights", path=path, sddl=rights(sid, mask))
