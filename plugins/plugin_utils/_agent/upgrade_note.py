# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The note beside Runtime that tells of an upgrade that is under way, so that any later run knows what to finish."""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

from .._core import probe
from .._core.plan import Operation, Refused, write, write_file
from .._core.probe import Ask, Query
from .._windows import windows_path

SUFFIX = ".upgrade"
MAX_BYTES = 4 * 2**20


@dataclasses.dataclass(frozen=True)
class Note:
    """What a run has begun.

    Attributes:
        before: the SHA-256 of the archive of the version that ran.
        before_version: its version; may be empty.
        after: the SHA-256 of the archive of the version that takes its place.
        after_version: its version; may be empty.
        former: the folder that Runtime becomes.
        new: the folder that becomes Runtime.
        ran: whether the agent ran.
        passed: the checks of a verification that it passed.
        leaves: the files that the former folder loses once the new version is verified.
        back: why the former version takes its place again; empty where it does not.
    """

    before: str
    before_version: str
    after: str
    after_version: str
    former: str
    new: str
    ran: bool
    passed: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    back: str = ""

    @property
    def words(self) -> str:
        """Return which versions it is about."""
        return f"from {_named(self.before_version, self.before)} to {_named(self.after_version, self.after)}"


def path(runtime: str) -> str:
    """Return where the note of a Runtime folder is."""
    return f"{runtime}{SUFFIX}"


def question(runtime: str) -> Query:
    """Ask for the note."""
    return probe.file(path(runtime), MAX_BYTES)


def kept_question(runtime: str) -> Query:
    """Ask for the folders beside Runtime that may be former versions."""
    name = runtime.rpartition("\\")[2]
    return probe.folders(windows_path.above(runtime), f"{name}-*")


def found(runtime: str, ask: Ask) -> Note | None:
    """Return the note, None where no upgrade is under way; raises Refused for one that somebody has changed."""
    answer = ask(question(runtime))
    if answer is None:
        return None
    try:
        fields = json.loads(base64.b64decode(answer["content"] or ""))
        lists = {name: tuple(map(str, fields[name])) for name in ("passed", "leaves")}
        return Note(**{**fields, **lists})
    except (ValueError, TypeError, KeyError):
        raise Refused(
            f"{path(runtime)}: found no note of an upgrade that can be read, as somebody has changed this file, wanted"
            " the one that this collection wrote. See which version is in Runtime and which folders are beside it, give"
            " the name Runtime to the one that shall run, and remove the file"
        ) from None


def written(runtime: str, note: Note) -> Operation:
    """Return what writes a note."""
    content = base64.b64encode(json.dumps(dataclasses.asdict(note), indent=1).encode()).decode()
    return write_file(f"note the upgrade {note.words} in {path(runtime)}", path(runtime), content=content)


def removed(runtime: str) -> Operation:
    """Return what removes it."""
    return write(f"remove the note {path(runtime)}", "remove", path=path(runtime))


def is_between(runtime: str, folder: t.Any, ask: Ask) -> bool:
    """Tell whether there is no Runtime, as a run ended between both renames; ``folder``: what is there."""
    return folder is None and ask(question(runtime)) is not None


def _named(version: str, checksum: str) -> str:
    return f"version {version or 'unknown'} (archive {checksum[:8]})"
