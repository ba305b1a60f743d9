"""Files that are gone when they are opened."""

from __future__ import annotations

import dataclasses
import fnmatch

from ..windows import errors
from ..windows.files.other_programs import OtherProgram
from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class VanishingFiles(Behaviour):
    """A file that was listed does not exist any more when it is read: its program removed it in between.

    Attributes:
        pattern: which paths.
        times: so many readings fail.
    """

    pattern: str = "*.log"
    times: int = 1

    def go_on(self, machine: Machine) -> None:
        """Vanish from now on."""
        machine.files.others.append(_Vanishing(self.pattern.lower(), self.times))


class _Vanishing(OtherProgram):
    def __init__(self, pattern: str, times: int) -> None:
        self._pattern, self._left = pattern, times

    def read(self, path: str) -> None:
        if self._left > 0 and fnmatch.fnmatchcase(path.lower(), self._pattern):
            self._left -= 1
            raise errors.file_not_found(path)
