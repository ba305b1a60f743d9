"""The scheduler of an agent and its lock, vendor page "appsettings", Scheduler: it watches the lock's file for
MaxLockWatchTime seconds (1800) before it is launched; 0 is for ever, and with a negative value the launch fails where
the file exists.

The page says neither when the lock is written nor what is in it. Here a scheduler that is launched has it until the
agent ends; one that is killed leaves it, as any program leaves its files.
"""

from __future__ import annotations

import datetime

from .context import Context
from .dotnet_config import Configuration
from .jobs import Jobs

WATCHES = 1800


class Scheduler:
    """The scheduler of one agent's process.

    Args:
        context: the process.
        settings: the agent's.
        jobs: runs its jobs.

    Attributes:
        runs: whether it was launched.
    """

    def __init__(self, context: Context, settings: Configuration, jobs: Jobs) -> None:
        self._context, self._jobs = context, jobs
        self._enabled = (settings.get("Scheduler:Enabled") or "").lower() == "true"
        lock = settings.get("Scheduler:LockFilePath") or f"{settings.get('TempFolderPath') or '../Temp'}/scheduler.lock"
        self._lock = context.resolve(lock)
        self._watches = int(settings.get("Scheduler:MaxLockWatchTime") or WATCHES)
        self._watched = 0
        self.runs = False

    def start(self, started: datetime.datetime) -> None:
        """Launch it where that is enabled, or watch the lock that is there; a job of its runs at once."""
        files = self._context.surroundings.files
        if not self._enabled or (files.exists(self._lock) and self._watches < 0):
            return
        if not files.exists(self._lock):
            self._launch(started)
            return
        self._context.surroundings.clock.after(1, self._watch)

    def _watch(self) -> None:
        """Look for the lock once more, a turn of the clock after the last look."""
        if not self._enabled:
            return
        self._watched += 1
        clock = self._context.surroundings.clock
        over = self._watches and self._watched >= self._watches
        if over or not self._context.surroundings.files.exists(self._lock):
            self._launch(clock.now())
        else:
            clock.after(1, self._watch)

    def _launch(self, started: datetime.datetime) -> None:
        self.runs = True
        self._context.surroundings.files.write(self._lock, b"")
        self._jobs.ran(started)

    def order_to_stop(self) -> None:
        """Let a job begin that is due just as the agent is told to end, where the server is unkind so."""
        if self.runs and self._context.surroundings.running.is_late:
            self._jobs.begin(None, ["Job started."])

    def stop(self) -> None:
        """End it. It takes its lock away, unless a job kept the process until it was killed."""
        killed = self._jobs.run_now
        self._enabled = False
        self._jobs.cut()
        files = self._context.surroundings.files
        if self.runs and not killed and files.exists(self._lock):
            files.remove(self._lock, force=True)
        self.runs = False
