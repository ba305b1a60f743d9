"""Private keys that outlive their certificate."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class KeptKeyFiles(Behaviour):
    """X509Store.Remove leaves the key's file, which whoever could read it can read still.

    learn.microsoft.com "X509Store.Remove Method" speaks of the certificate only; dotnet/runtime 97121.
    """

    def go_on(self, machine: Machine) -> None:
        """Keep them."""
        machine.certificates.keeps_keys = True
