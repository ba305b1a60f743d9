"""A job that begins just as its agent is told to end."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from ..windows.system import running
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class LateJob(Behaviour):
    """The agent's scheduler begins a job between the last look for jobs and the stop, which interrupts it and tells
    nobody: its log has no end, and the scheduler's lock stays. Nothing on Windows hinders that.

    Attributes:
        always: whether it begins even where the execution that stops the agent has looked before; otherwise only where
            the look was in an earlier one.
        outlives: whether the job's process goes on when its agent has ended.
    """

    always: bool = False
    outlives: bool = False

    def go_on(self, machine: Machine) -> None:
        """Let one begin at each stop."""
        machine.running.late = running.ALWAYS if self.always else running.UNSEEN
        machine.running.outlives = self.outlives
