# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a folder with size and SHA-256: of an archive, from the manifest that was stored as it was unpacked, or
as they are on the server now.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t

from .._agent.runtime_archive import MANIFEST, MARKER
from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, Query
from .._windows import windows_path

MAX_BYTES = 16 * 2**20
_LINE = re.compile(r"([0-9a-f]{64}) ([0-9]{1,18}) (\S.*)")
_END = re.compile(r"\r?\n")
"""What ends a line; a name may have what Python's splitlines takes for an end too."""
_OUTSIDE = re.compile(r"(^|\\)\.{0,2}(\\|$)|[/:*?\"<>|\x00-\x1f]")
"""What no name has that is relative to a folder and stays in it: a part that is empty, ``.`` or ``..``, a drive."""
_OURS = frozenset({MARKER, MANIFEST})


@dataclasses.dataclass(frozen=True)
class Listed:
    """A file: its name relative to the folder, as it is written there, its size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


Files = t.Mapping[str, Listed]
"""Files by their relative names in small letters, since Windows minds no case."""


def parse(content: bytes) -> dict[str, Listed]:
    """Return the files of a manifest; raises ValueError for a line that is none of a manifest, or no line at all: then
    all files of the vendor's would be taken for the users' own.
    """
    found: dict[str, Listed] = {}
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("found bytes that are no UTF-8, wanted SHA-256, size and name") from None
    for line in _END.split(text.removesuffix("\n").removesuffix("\r")):
        match = _LINE.fullmatch(line)
        if match is None or _OUTSIDE.search(match[3]):
            raise ValueError(f"found {line[:80]!r}, wanted SHA-256, size and name of a file in the folder")
        if match[3].lower() in found:
            raise ValueError(f"found {match[3]!r} twice, wanted each file once")
        found[match[3].lower()] = Listed(match[3], int(match[2]), match[1])
    return found


def stored_question(folder: str) -> Query:
    """Ask for the manifest of a Runtime folder."""
    return probe.file(windows_path.join(folder, MANIFEST), MAX_BYTES)


def stored(folder: str, ask: Ask) -> dict[str, Listed] | None:
    """Return what the archive of a Runtime folder put there, None where no manifest tells; raises Refused for a
    manifest that somebody has changed.
    """
    answer = ask(stored_question(folder))
    if answer is None or answer["content"] is None:
        return None
    try:
        return parse(base64.b64decode(answer["content"]))
    except ValueError as error:
        raise Refused(
            f"{windows_path.join(folder, MANIFEST)}: {error}: somebody has changed this file, which tells the vendor's"
            " files from the users' own. Remove it, and name the archive of the installed version in"
            " im_agent_former_archive_source"
        ) from None


def present(folder: str, ask: Ask) -> dict[str, Listed]:
    """Return the files of a folder as they are now, without what the collection keeps there of its own."""
    answer = ask(probe.tree(folder)) or ()
    files = (Listed(one["name"], one["size"], one["sha256"]) for one in answer)
    return {one.name.lower(): one for one in files if one.name.lower() not in _OURS}
