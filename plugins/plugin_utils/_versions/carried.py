# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which files of a Runtime folder another version takes over: decided file by file, from what the archive of before put
there, what is there now, and what the new archive brings.

The vendor names web.config and the settings files (page "Migration Guide"). DLLs of connectors, key pairs and scripts
that users added are found by comparing.
"""

from __future__ import annotations

import dataclasses
import re

from .._agent import backups
from .manifest import Files, Listed

_SETTINGS = re.compile(rf"{backups.SETTINGS}|{backups.WEB_CONFIG}", re.IGNORECASE)
_PROGRAM = re.compile(r"\.(dll|exe|pdb|so|dylib|deps\.json|runtimeconfig\.json)$", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Carried:
    """What becomes of the files that are not simply the vendor's; names relative to Runtime, in order.

    Attributes:
        settings: settings files and web.config, which are always carried.
        own: files that the vendor ships in neither version, and files that somebody changed while the vendor did not:
            they are carried.
        both: files that somebody changed or added and the vendor changed or added too: a person has to decide.
        replaced: files that differ from the new archive's and are not known to be anybody's: the new archive's are
            taken.
        unknown: programs that the new archive lacks and that may be the former version's or the users': they stay with
            the former version.
        returning: files that somebody removed and the new archive has: they come back.
    """

    settings: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    returning: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, list[str]]:
        """Return it as a task's result shows it."""
        return {field.name: list(getattr(self, field.name)) for field in dataclasses.fields(self)}


def decide(former: Files | None, present: Files, new: Files) -> Carried:
    """Return what becomes of each file.

    Args:
        former: what the archive of the present version put there; None where nobody knows.
        present: what is there.
        new: what the new archive brings.
    """
    found: dict[str, list[str]] = {}
    for key, file in present.items():
        kind = _kind(file, None if former is None else former.get(key), new.get(key), known=former is not None)
        if kind:
            found.setdefault(kind, []).append(file.name)
    removed = [new[key].name for key in (former or {}) if key not in present and key in new]
    found["returning"] = removed
    return Carried(**{kind: tuple(sorted(names, key=str.lower)) for kind, names in found.items()})


def _kind(file: Listed, former: Listed | None, new: Listed | None, *, known: bool) -> str:
    """Return what becomes of one file; empty for one of which nothing has to be said."""
    if _SETTINGS.fullmatch(file.name):
        return "settings"
    if backups.is_one(file.name):
        return ""  # it stays with the former version
    if new is not None and new.sha256 == file.sha256:
        return ""
    if not known:
        return _without_former(file, new)
    if former is not None and former.sha256 == file.sha256:
        return ""
    if new is None or (former is not None and new.sha256 == former.sha256):
        return "own"
    return "both"


def _without_former(file: Listed, new: Listed | None) -> str:
    """Return what becomes of a file where nobody knows whose it is: programs are taken for the vendor's."""
    if new is not None:
        return "replaced"
    return "unknown" if _PROGRAM.search(file.name) else "own"
