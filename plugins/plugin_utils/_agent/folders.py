# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folders of an agent: below the working directory, or elsewhere by name (vendor page "Create a Working
Directory").
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Refused
from .._windows import windows_path

NAMES = ("Runtime", "Temp", "Work", "Mails", "Sources")
LONGEST = 259
"""Characters of a path that Windows PowerShell, a program of .NET Framework 4, reads and writes; learn.microsoft.com
"Maximum Path Length Limitation".
"""
WHILE_UNPACKED = len("\\Runtime.im-0123456789ab.new\\")
"""What stands between the working directory and an archive's paths while the archive is unpacked."""
BELOW = 80
"""Characters of the longest path that is expected in the archive, and of what the agent writes below its folders."""


def why_too_long(path: str, spare: int = WHILE_UNPACKED + BELOW) -> str | None:
    """Return why a folder has no room below it, or None where there is enough.

    Args:
        path: the working directory, or with ``BELOW`` as spare one of its folders that is elsewhere.
        spare: how many characters have to follow.
    """
    longest = LONGEST - spare
    if len(path) <= longest:
        return None
    return f"of {longest} characters at most, since Windows PowerShell refuses paths of more than {LONGEST}"


def spare_of(name: str) -> int:
    """Return how many characters have to follow the path of a folder that is elsewhere."""
    return WHILE_UNPACKED - len("\\Runtime") + BELOW if name == "Runtime" else BELOW


@dataclasses.dataclass(frozen=True)
class Folders:
    """The working directory and where its folders are.

    Attributes:
        root: the working directory, absolute.
        elsewhere: absolute paths of folders that are not at their usual place, by name.
    """

    root: str
    elsewhere: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, root: str, elsewhere: t.Mapping[str, t.Any]) -> Folders:
        """Return the folders of two options; raises Refused for unknown names and paths that are not absolute."""
        reason = windows_path.why_not_absolute(root)
        if reason:
            raise Refused(f"working directory: found {root!r}, wanted an absolute Windows path ({reason})")
        if root.startswith("\\\\"):
            raise Refused(
                f"working directory: found {root!r}, a share; wanted a folder on a drive of the server, such as"
                " C:\\identitymanagerContoso, since the agent's rights are granted on it"
            )
        room = why_too_long(windows_path.normal(root))
        if room:
            raise Refused(f"working directory: found a path of {len(root)} characters, wanted one {room}")
        for name, path in elsewhere.items():
            if name not in NAMES:
                raise Refused(f"folders: found {name!r}, wanted one of {', '.join(NAMES)}")
            reason = windows_path.why_not_absolute(str(path))
            if reason:
                raise Refused(f"folders: {name}: found {path!r}, wanted an absolute Windows path ({reason})")
            room = why_too_long(windows_path.normal(str(path)), spare_of(name))
            if room:
                raise Refused(f"folders: {name}: found a path of {len(str(path))} characters, wanted one {room}")
        return cls(windows_path.normal(root), tuple((n, windows_path.normal(str(p))) for n, p in elsewhere.items()))

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the folders' names in the guide's order."""
        return NAMES

    def path(self, name: str) -> str:
        """Return a folder's path."""
        return dict(self.elsewhere).get(name) or windows_path.join(self.root, name)

    def all(self) -> tuple[str, ...]:
        """Return the working directory and all folders, parents first."""
        return (self.root, *(self.path(name) for name in NAMES))
