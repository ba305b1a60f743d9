"""Somebody else's installation."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class OtherInstallation(Behaviour):
    """Windows Update installs something for some executions; an installer that is run meanwhile ends with 1618.

    ERROR_INSTALL_ALREADY_RUNNING, learn.microsoft.com "MsiExec.exe and InstMsi.exe error messages".
    """

    executions: int = 12

    def go_on(self, machine: Machine) -> None:
        """Begin it."""
        machine.packages.begin_other()
        machine.clock.after(self.executions, machine.packages.end_other)
