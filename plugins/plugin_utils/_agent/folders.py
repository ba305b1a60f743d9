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
        for name, path in elsewhere.items():
            if name not in NAMES:
                raise Refused(f"folders: found {name!r}, wanted one of {', '.join(NAMES)}")
            reason = windows_path.why_not_absolute(str(path))
            if reason:
                raise Refused(f"folders: {name}: found {path!r}, wanted an absolute Windows path ({reason})")
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
