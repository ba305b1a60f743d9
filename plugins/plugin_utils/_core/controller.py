# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a subject may learn of the controller's files while it completes its arguments."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class HeldFile:
    """A file of the controller that is sent to a server as it is.

    Attributes:
        path: its absolute path.
        size: in bytes.
        sha256: in lower case.
    """

    path: str
    size: int
    sha256: str


class ControllerFiles(t.Protocol):
    """The controller's files. ``what`` is the option that names a file, for the message."""

    def content(self, what: str, file: str) -> bytes:
        """Return a file's bytes; raises Refused where it cannot be read."""

    def held(self, what: str, file: str) -> HeldFile:
        """Return what a file is, however large; raises Refused where it cannot be read."""

    def folder(self, path: str) -> str:
        """Return a folder as an absolute path."""
