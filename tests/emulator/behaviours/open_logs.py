"""Logs that their writer keeps open."""

from __future__ import annotations

import dataclasses
import fnmatch

from ..windows.files.other_programs import OtherProgram
from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class OpenLogs(Behaviour):
    """A log that is written again keeps its old time: the last write time is not fully updated until all handles used
    for writing are closed, learn.microsoft.com "WriteFile".

    Attributes:
        pattern: which paths are such logs.
    """

    pattern: str = "*.log"

    def go_on(self, machine: Machine) -> None:
        """Keep times from now on."""
        machine.files.others.append(_Open(self.pattern.lower()))


class _Open(OtherProgram):
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def keeps_time(self, path: str) -> bool:
        return fnmatch.fnmatchcase(path.lower(), self._pattern)
