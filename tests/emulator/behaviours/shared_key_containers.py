"""PFX files whose keys share a container's name."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class SharedKeyContainers(Behaviour):
    """The friendly name of a PFX's key is its container's name: a process that loads two such files loses one key.

    dotnet/corefx PR 8408, OctopusDeploy/Issues 3689, learn.microsoft.com "Pkcs12LoaderLimits.PreserveKeyName".
    """

    def go_on(self, machine: Machine) -> None:
        """Let them collide."""
        machine.certificates.shares_containers = True
