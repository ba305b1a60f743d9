"""A virus scanner or an indexer that opens what was just written."""

from __future__ import annotations

import dataclasses

from ..windows import errors
from ..windows.clock import Clock
from ..windows.files.other_programs import OtherProgram
from ..windows.machine import Machine
from .behaviour import Behaviour

EXEMPT = ("c:\\windows\\", "c:\\programdata\\microsoft\\")


@dataclasses.dataclass(frozen=True)
class Scanner(Behaviour):
    """A new file can be read, but not renamed, replaced, written or removed, while the scanner has it open.

    Without FILE_SHARE_DELETE the others get ERROR_SHARING_VIOLATION, learn.microsoft.com "Creating and Opening Files";
    a folder with such a file in it cannot be renamed: access denied (dotnet/android 12088).

    Attributes:
        executions: after so many it has ended.
        attempts: or after so many attempts of others at the file or a folder above it.
        path: what it looks at, with all below.
    """

    executions: int = 2
    attempts: int = 1
    path: str = "C:\\"

    def go_on(self, machine: Machine) -> None:
        """Scan from now on."""
        machine.files.others.append(_Scanning(machine.clock, self))


class _Scanning(OtherProgram):
    def __init__(self, clock: Clock, about: Scanner) -> None:
        self._clock, self._about = clock, about
        self._open: dict[str, tuple[int, int]] = {}

    def written(self, path: str) -> None:
        key = path.lower()
        if key.startswith(self._about.path.lower()) and not key.startswith(EXEMPT):
            self._open[key] = (self._clock.turns + self._about.executions, self._about.attempts)

    def changed(self, path: str) -> None:
        if self._has_open(path):
            raise errors.in_use(path)

    def folder_moved(self, path: str, below: tuple[str, ...]) -> None:
        held = [one for one in below if self._has_open(one)]  # each of them is tried
        if held:
            raise errors.access_denied(path)

    def replaced(self, new: str, old: str, backup: str | None) -> None:
        """ReplaceFileW opens the new file without sharing."""
        if self._has_open(new):
            raise errors.in_use(new)

    def _has_open(self, path: str) -> bool:
        key = path.lower()
        until, attempts = self._open.pop(key, (0, 0))
        if self._clock.turns >= until or attempts <= 0:
            return False
        self._open[key] = (until, attempts - 1)
        return True
