"""Programs that have nothing to do with ours and crash."""

from __future__ import annotations

import dataclasses
import functools

from ..windows.machine import Machine
from .behaviour import Behaviour

FAULT = (
    "Faulting application name: notepad.exe, version: 10.0.20348.1, time stamp: 0x59a1b3c7\r\nFaulting module name:"
    " ntdll.dll, version: 10.0.20348.2760, time stamp: 0x7f3b1c20\r\nException code: 0xc0000005\r\nFaulting application"
    " path: C:\\Windows\\System32\\notepad.exe"
)
UNHANDLED = (
    "Application: Reports.exe\r\nCoreCLR Version: 8.0.2225.52707\r\n.NET Version: 8.0.22\r\nDescription: The process"
    " was terminated due to an unhandled exception."
)


@dataclasses.dataclass(frozen=True)
class CrashingNeighbour(Behaviour):
    """Application Error 1000 of notepad.exe and .NET Runtime 1026 of another program, in each so many executions."""

    executions: int = 2

    def prepare(self, machine: Machine) -> None:
        """Have crashed before."""
        self._crash(machine)

    def go_on(self, machine: Machine) -> None:
        """Crash from now on."""
        machine.clock.each_turn(functools.partial(self._turn, machine))

    def _turn(self, machine: Machine) -> None:
        if machine.clock.turns % self.executions == 0:
            self._crash(machine)

    def _crash(self, machine: Machine) -> None:
        machine.events.add("Application", "Application Error", 1000, "Error", FAULT)
        machine.events.add("Application", ".NET Runtime", 1026, "Error", UNHANDLED)
