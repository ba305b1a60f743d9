"""Programs that run on an emulated server beside its services and worker processes."""

from __future__ import annotations

import dataclasses
import datetime
import ntpath

from .. import errors
from ..clock import Clock
from ..files.other_programs import OtherProgram

ALWAYS, UNSEEN = "always", "unseen"
"""When a job begins as its agent is told to end: each time, or where nobody has looked in the same execution."""


@dataclasses.dataclass(frozen=True)
class RunningProgram:
    """A process of a program that somebody started.

    Attributes:
        path: the program's file.
        process_id: the number of the process.
        started: when it began.
        until: the turn of the clock with which it ends; None for one that does not end.
    """

    path: str
    process_id: int
    started: datetime.datetime
    until: int | None

    @property
    def name(self) -> str:
        """Return its name as a process list shows it."""
        return ntpath.splitext(ntpath.basename(self.path))[0]


class Running(OtherProgram):
    """The programs that run. They go on when what started them ends: Windows ends no children.

    A program's file is mapped and the folder that it runs in is open: that file is neither written nor removed, and no
    folder above it renamed (learn.microsoft.com "CreateFileMappingW" and "MoveFileExW").

    Attributes:
        late: when a job of an agent begins as that is told to end; empty for never.
        outlives: whether the jobs of an agent go on when it ends.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started: list[RunningProgram] = []
        self._ended: list[RunningProgram] = []
        self._looked = -1
        self.late, self.outlives = "", False

    def start(self, path: str, turns: int | None) -> RunningProgram:
        """Start a program; None: it runs for ever."""
        until = None if turns is None else self._clock.turns + turns
        self._started.append(RunningProgram(path, 6000 + 4 * len(self._started), self._clock.now(), until))
        return self._started[-1]

    def end(self, program: RunningProgram) -> None:
        """End a program before its time."""
        self._ended.append(program)

    def looked(self) -> None:
        """Note that somebody has just looked what runs."""
        self._looked = self._clock.turns

    @property
    def is_late(self) -> bool:
        """Tell whether a job begins now that an agent is about to end."""
        return self.late == ALWAYS or (self.late == UNSEEN and self._looked != self._clock.turns)

    def all(self) -> list[RunningProgram]:
        """Return what runs now."""
        return [
            one
            for one in self._started
            if one not in self._ended and (one.until is None or self._clock.turns < one.until)
        ]

    def changed(self, path: str) -> None:
        """Hold the files of running programs."""
        if any(one.path.lower() == path.lower() for one in self.all()):
            raise errors.in_use(path)

    def folder_moved(self, path: str, below: tuple[str, ...]) -> None:
        """Hold the folders above them."""
        held = {one.path.lower() for one in self.all()}
        if any(one.lower() in held for one in below):
            raise errors.access_denied(path)
