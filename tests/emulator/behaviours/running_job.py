"""A job of the agent that runs."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class RunningJob(Behaviour):
    """A program of the vendor's runs for some executions, a process of its own, as ``Usercube-Invoke-Job`` does.

    Attributes:
        executions: how long it runs; 0: for ever.
        program: its file.
    """

    executions: int = 3
    program: str = "C:\\identitymanagerContoso\\Runtime\\Usercube-Invoke-Job.exe"

    def go_on(self, machine: Machine) -> None:
        """Start it."""
        machine.running.start(self.program, self.executions or None)
