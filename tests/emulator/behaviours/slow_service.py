"""Services that take their time to stop and to start."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class SlowService(Behaviour):
    """A service that is stopped is StopPending for some executions, one that is started StartPending.

    Stop-Service and Start-Service wait as long as it is (PowerShell's Service.cs, DoWaitForStatus); other programs that
    ask for it do not. Meanwhile it takes no order: ERROR_SERVICE_CANNOT_ACCEPT_CTRL, learn.microsoft.com
    "ControlService function". The web server's services are not slow.
    """

    executions: int = 2

    def go_on(self, machine: Machine) -> None:
        """Slow the server down."""
        machine.pace.service_stop = machine.pace.service_start = self.executions
