# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access entries in the words of Explorer's Security tab and of its Advanced view.

support.microsoft.com "File and folder permissions" and "Special permissions for files and folders": which rights each
box stands for, and that "List folder contents" is inherited by folders only, "Read & execute" by folders and files.
"""

from __future__ import annotations

import typing as t

from . import sddl
from .sddl import Ace

FULL_CONTROL, MODIFY, READ_EXECUTE = "Full control", "Modify", "Read & execute"
LIST, READ, WRITE, SPECIAL = "List folder contents", "Read", "Write", "Special permissions"
WRITES = 0x100116
"""FileSystemRights.Write and SYNCHRONIZE."""
_SAY_NOTHING = 0x120000
"""READ_CONTROL and SYNCHRONIZE, which every box includes."""
_BOXES = (
    (FULL_CONTROL, sddl.FULL),
    (MODIFY, sddl.MODIFY),
    (READ_EXECUTE, sddl.READ_EXECUTE),
    (READ, sddl.READ),
    (WRITE, WRITES),
)


def boxes(rights: int) -> tuple[str, ...]:
    """Return the boxes that are ticked for a folder's rights, from the widest on; what fits none is special."""
    ticked = [(name, mask) for name, mask in _BOXES if rights & mask == mask]
    said = _SAY_NOTHING
    for _name, mask in ticked:
        said |= mask
    names = [name for name, _mask in ticked]
    if READ_EXECUTE in names:
        names.insert(names.index(READ_EXECUTE) + 1, LIST)
    return (*names, *((SPECIAL,) if rights & ~said else ()))


def of(ace: Ace) -> tuple[str, ...]:
    """Return the boxes of one entry: what only folders inherit is no right to execute files."""
    only_folders = ace.folders and not ace.files
    return tuple(name for name in boxes(ace.rights) if not (only_folders and name == READ_EXECUTE))


def short(rights: int) -> str:
    """Return rights as the widest of their boxes, and what is beside it: "Modify", or "Read & execute, Write"."""
    return widest(boxes(rights))


def widest(ticked: t.Sequence[str]) -> str:
    """Return boxes without those that a wider one includes; "nothing" for none."""
    if not ticked:
        return "nothing"
    includes_write = ticked[0] in {FULL_CONTROL, MODIFY}
    beside = [name for name in ticked[1:] if name == SPECIAL or (name == WRITE and not includes_write)]
    return ", ".join((ticked[0], *beside))


def applies_to(ace: Ace) -> str:
    """Return what the Advanced view says in its column "Applies to"."""
    parts = ["This folder"] if ace.here else []
    parts += ["subfolders"] if ace.folders else []
    parts += ["files"] if ace.files else []
    if len(parts) == 1:
        words = f"{parts[0]} only"
    else:
        words = f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "nothing"
    return words[0].upper() + words[1:] + (", one level only" if ace.once else "")
