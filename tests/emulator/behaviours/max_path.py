"""Paths that are too long for .NET Framework."""

from __future__ import annotations

import dataclasses

from ..windows.errors import WindowsError
from ..windows.files.other_programs import OtherProgram
from ..windows.machine import Machine
from .behaviour import Behaviour

TEXT = (
    "The specified path, file name, or both are too long. The fully qualified file name must be less than 260"
    " characters, and the directory name must be less than 248 characters."
)


@dataclasses.dataclass(frozen=True)
class MaxPath(Behaviour):
    """A path of 260 characters cannot be written or read, learn.microsoft.com "Maximum Path Length Limitation"."""

    def go_on(self, machine: Machine) -> None:
        """Refuse long paths from now on."""
        machine.files.others.append(_Short())


class _Short(OtherProgram):
    def read(self, path: str) -> None:
        self.changed(path)

    def changed(self, path: str) -> None:
        if len(path) >= 260 or len(path.rpartition("\\")[0]) >= 248:
            raise WindowsError("System.IO.PathTooLongException", TEXT, -2147024690)
