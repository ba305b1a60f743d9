"""A Windows without the files of the features that it does not have."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class RemovedFilesOfFeatures(Behaviour):
    """The files of what is not installed were removed (Uninstall-WindowsFeature -Remove), and WSUS does not give them.

    learn.microsoft.com "Configure Features on Demand in Windows Server": 0x800f081f, unless a source is named.
    """

    def go_on(self, machine: Machine) -> None:
        """Be such a Windows."""
        machine.features.files_removed = True
