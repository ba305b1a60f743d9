"""The lock for what the agents of a server share: a file that is opened for one process alone."""

from __future__ import annotations

import datetime

from ...windows import clock
from ...windows.errors import WindowsError
from ...windows.machine import Machine
from . import patience
from .operation import Operation, Result, text

LONGEST = datetime.timedelta(seconds=7200)


def lock(machine: Machine, operation: Operation, check: bool) -> Result:
    """Take the lock, take it again, or end it (0 seconds); wait for another run that has it."""
    path, run, owner = (text(operation, name) for name in ("path", "run", "owner"))
    if check:
        return {"changed": False, "contested": False}
    left = int(operation.get("wait") or 0)
    while True:
        until, former_run, former_owner = _read(machine, path)
        end = _time(until)
        now = machine.clock.now()
        other = former_run != run
        free = not other or former_owner == owner or end is None or not now < end < now + LONGEST
        if free:
            break
        if left <= 0:
            raise WindowsError(
                "Locked",
                f"found that a run for the inventory host {former_owner} changes what all agents of this server share,"
                f" until {until} at the latest; wanted that no other run does. Run again after that time",
            )
        machine.clock.wait()
        left -= 1
    seconds = int(operation["seconds"]) if operation.get("seconds") is not None else 120
    new = clock.stamp(now + datetime.timedelta(seconds=seconds))
    patience.write(machine, path, f"{new}\n{run}\n{owner}\n".encode())
    since = str(operation.get("since") or "")
    return {"changed": False, "contested": bool(since) and other and until > since}


def is_held(machine: Machine, operation: Operation) -> bool:
    """Tell whether another run has a lock that an operation is going to wait for, whatever else it may find."""
    until, run, owner = _read(machine, str(operation.get("path") or ""))
    end, now = _time(until), machine.clock.now()
    others = run != operation.get("run") and owner != operation.get("owner")
    return bool(operation.get("wait")) and others and end is not None and now < end < now + LONGEST


def _read(machine: Machine, path: str) -> tuple[str, str, str]:
    lines = machine.files.text(path).split("\n") if machine.files.is_file(path) else []
    return (lines[0], lines[1], lines[2]) if len(lines) > 2 else ("", "", "")


def _time(stamp: str) -> datetime.datetime | None:
    try:
        return clock.parse(stamp)
    except ValueError:
        return None
