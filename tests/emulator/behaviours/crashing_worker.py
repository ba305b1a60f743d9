"""Worker processes that end by themselves."""

from __future__ import annotations

import dataclasses
import functools

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class CrashingWorker(Behaviour):
    """The workers of a pool crash, until rapid-fail protection stops the pool.

    learn.microsoft.com "Failure Settings for an Application Pool": five failures in five minutes.

    Attributes:
        pool: whose workers; ``*`` for all.
        executions: a crash in each so many executions.
    """

    pool: str = "*"
    executions: int = 1

    def go_on(self, machine: Machine) -> None:
        """Crash from now on."""
        machine.clock.each_turn(functools.partial(self._turn, machine))

    def _turn(self, machine: Machine) -> None:
        if machine.iis is None or machine.clock.turns % self.executions:
            return
        for worker in machine.iis.activation.workers():
            if self.pool.lower() in {"*", worker.pool.lower()}:
                machine.iis.activation.crash(worker.pool)
