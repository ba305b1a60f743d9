"""Moving and replacing as the writer does it: again, where another program has what was just written open."""

from __future__ import annotations

import typing as t

from ...windows.errors import WindowsError
from ...windows.machine import Machine


def move(machine: Machine, start: str, to: str, attempts: int) -> None:
    """Move a file or folder, with so many attempts, 200 milliseconds apart; raises what the last of them did."""
    for attempt in range(1, attempts + 1):
        try:
            machine.files.move(start, to)
        except WindowsError:
            if attempt == attempts or machine.files.exists(to):
                raise
            _pause(machine, attempt)
        else:
            return


def remove(machine: Machine, path: str, attempts: int = 5, *, recurse: bool = False) -> None:
    """Remove a file or folder, with so many attempts; raises what the last of them did."""
    _try(machine, attempts, lambda: machine.files.remove(path, recurse=recurse))


def write(machine: Machine, path: str, content: bytes) -> None:
    """Write a file that was just written; raises what the last attempt did."""
    _try(machine, 5, lambda: machine.files.write(path, content))


def copy(machine: Machine, start: str, to: str) -> None:
    """Copy a file over one that was just written; raises what the last attempt did."""
    _try(machine, 5, lambda: machine.files.copy(start, to))


def _try(machine: Machine, attempts: int, action: t.Callable[[], None]) -> None:
    for attempt in range(1, attempts + 1):
        try:
            action()
        except WindowsError:
            if attempt == attempts:
                raise
            _pause(machine, attempt)
        else:
            return


def replace(machine: Machine, temporary: str, path: str, backup: str | None) -> None:
    """Replace a file; where that fails and leaves none, put the former one there, or the new one; raises as above."""
    for attempt in range(1, 6):
        try:
            machine.files.replace(temporary, path, backup)
        except WindowsError:
            if not machine.files.exists(path):
                move(machine, backup or temporary, path, 5)
                if not backup:
                    return
            if attempt == 5:
                raise
            _pause(machine, attempt)
        else:
            return


def _pause(machine: Machine, attempt: int) -> None:
    """Let 200 milliseconds pass; a turn of the clock is a second."""
    if attempt % 5 == 0:
        machine.clock.wait()
