"""Scripts of an account without SeDebugPrivilege."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class NoDebugPrivilege(Behaviour):
    """Start times of others' processes cannot be read, where "Debug programs" was taken from administrators.

    learn.microsoft.com "Debug programs" (security policy setting).

    Attributes:
        told_by_wmi: whether WMI tells them all the same.
    """

    told_by_wmi: bool = False

    def go_on(self, machine: Machine) -> None:
        """Be such an account."""
        machine.caller.debugs, machine.caller.told_by_wmi = False, self.told_by_wmi
