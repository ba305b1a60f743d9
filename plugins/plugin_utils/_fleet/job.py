# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The jobs of a rollout, and whether one of them is still alive."""

from __future__ import annotations

import dataclasses
import datetime
import os
import socket
import typing as t
from pathlib import Path

DEAD_AFTER = datetime.timedelta(hours=2)
"""A job on another machine that has given no sign for so long is taken for dead. A step gives one when it begins, and
the longest one installs Windows features."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A run of the playbook.

    Attributes:
        name: tells it from all others.
        operator: who has started it.
        controller: the machine's name.
        place: tells where its process can be seen: boot, name and process namespace.
        pid: its process there.
        started: tells its process from a later one with the same number.
        began: when, as records have it.
        budget: the parts of its budget.
        window: when it may begin servers.
        soak: seconds for which a wave has to run before the next one begins.
        retry: failed servers that somebody has repaired.
        servers: the servers that it reaches.
        most: how many it works at together.
    """

    name: str
    operator: str = ""
    controller: str = ""
    place: str = ""
    pid: int = 0
    started: str = ""
    began: str = ""
    budget: tuple[str, ...] = ()
    window: tuple[str, ...] = ()
    soak: int = 0
    retry: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    most: int = 1000

    @classmethod
    def read(cls, fields: t.Mapping[str, t.Any]) -> Job:
        """Return the job of a file; raises TypeError."""
        found: dict[str, t.Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        return cls(**found)

    def is_alive(self, sign: datetime.datetime, now: datetime.datetime) -> bool:
        """Tell whether it runs: seen by its process where that can be seen, otherwise by its last sign of life.

        Args:
            sign: when it gave the last sign.
            now: the time.
        """
        if self.place and self.place == here():
            return bool(self.started) and started(self.pid) == self.started
        return now - sign < DEAD_AFTER


def here() -> str:
    """Return what tells apart the places in which a number means another process."""
    parts = [socket.gethostname()]
    for path, read in (("/proc/sys/kernel/random/boot_id", Path.read_text), ("/proc/self/ns/pid", os.readlink)):
        try:
            parts.append(str(read(Path(path))).strip())
        except OSError:
            return ""  # no such files on this system: then the signs of life decide
    return " ".join(parts)


def started(pid: int) -> str:
    """Return when a process was started, in ticks; empty where there is none, or only what is left of it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]
