# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Windows paths as text: what is absolute, what is below what. After learn.microsoft.com "Naming Files, Paths, and
Namespaces".
"""

from __future__ import annotations

import ntpath
import re

_DRIVE = re.compile(r"[A-Za-z]:\\")
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_VARIABLE = re.compile(r"%(\w+)%")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def why_not_absolute(path: str) -> str | None:
    r"""Return why a text is no absolute Windows path, or None when it is one.

    A drive (``C:\x``) or a share (``\\server\share\x``) at the front, backslashes, no ``..``, no reserved name.
    """
    if not path:
        return "it is empty"
    if "/" in path:
        return "it has forward slashes; Windows paths take backslashes here"
    if _DRIVE.match(path):
        rest = path[3:]
    elif re.match(r"\\\\[^\\]+\\[^\\]+", path):
        rest = path[2:]
    else:
        return r"it is relative; begin with a drive as C:\ or a share as \\server\share"
    parts = [part for part in rest.split("\\") if part]
    if ".." in parts or "." in parts:
        return "it has . or .. in it"
    for part in parts:
        if _FORBIDDEN.search(part):
            return f"{part!r} has a character that Windows does not allow"
        if _RESERVED.fullmatch(part):
            return f"{part!r} is a reserved name"
        if part != part.rstrip(". "):
            return f"{part!r} ends with a dot or a space"
    return None


def normal(path: str) -> str:
    """Return a path without a separator at its end, but for a drive's."""
    path = ntpath.normpath(path)
    return path + "\\" if len(path) == 2 and path[1] == ":" else path


def join(folder: str, *names: str) -> str:
    """Return a path below a folder."""
    return ntpath.join(folder, *names)


def above(path: str) -> str:
    """Return the folder that a path on a drive lies in; of a drive itself nothing."""
    folder = path.rstrip("\\").rpartition("\\")[0]
    return f"{folder}\\" if folder.endswith(":") else folder


def same(one: str, other: str) -> bool:
    """Tell whether two paths name the same thing, without regard to case."""
    return normal(one).lower() == normal(other).lower()


def is_under(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or below it, without regard to case."""
    folder = normal(folder).rstrip("\\").lower()
    return (normal(path).lower().rstrip("\\") + "\\").startswith(folder + "\\")


def expand(path: str, system_root: str = "C:\\Windows") -> str:
    """Return a path of applicationHost.config with the variables that Windows itself uses there replaced."""
    known = {"systemdrive": system_root[:2], "systemroot": system_root, "windir": system_root}
    return _VARIABLE.sub(lambda match: known.get(match[1].lower(), match[0]), path)
