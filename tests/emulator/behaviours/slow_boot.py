"""Services that come up long after a reboot."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class SlowBoot(Behaviour):
    """After a reboot automatic services are StartPending for some executions, although the server answers already.

    learn.microsoft.com "Service Startup Types": a delayed one starts two minutes after the others.
    """

    executions: int = 8

    def go_on(self, machine: Machine) -> None:
        """Slow the server down."""
        machine.pace.boot = self.executions
