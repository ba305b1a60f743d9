"""Pools and sites that take their time to stop."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class SlowStop(Behaviour):
    """A pool or site that is stopped is Stopping for some executions.

    Stop-WebAppPool returns at once; a worker has shutdownTimeLimit (90 s) to end, learn.microsoft.com "Process Model
    Settings for an Application Pool". Meanwhile it cannot be started: 0x80070425, OctopusDeploy/Issues 1374.
    """

    executions: int = 2

    def go_on(self, machine: Machine) -> None:
        """Slow the server down."""
        machine.pace.pool_stop = machine.pace.site_stop = self.executions
