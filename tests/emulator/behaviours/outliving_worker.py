"""Worker processes that outlive their pool."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class OutlivingWorker(Behaviour):
    """A worker is still there for some executions after its pool says Stopped, and beside the new one of a recycle.

    learn.microsoft.com "Recycling Settings for an Application Pool", disallowOverlappingRotation.
    """

    executions: int = 2

    def go_on(self, machine: Machine) -> None:
        """Let processes go on."""
        machine.pace.worker_end = self.executions
