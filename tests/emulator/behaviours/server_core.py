"""A Windows without a desktop."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from ..windows.system.edition import CURRENT_VERSION
from .behaviour import Behaviour

CONSOLES = ("C:\\Windows\\System32\\dsa.msc",)


@dataclasses.dataclass(frozen=True)
class ServerCore(Behaviour):
    """InstallationType is Server Core, and features bring no consoles (.msc).

    MicrosoftDocs/windowsserverdocs, "Roles, Role Services, and Features not in Windows Server - Server Core".
    """

    def go_on(self, machine: Machine) -> None:
        """Be one."""
        machine.registry.set(CURRENT_VERSION, "InstallationType", "String", "Server Core")
        machine.features.consoles = False
        for path in CONSOLES:
            if machine.files.exists(path):
                machine.files.remove(path)
