"""A server in a workgroup that has a DNS suffix."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class DnsSuffix(Behaviour):
    """IPGlobalProperties.DomainName is the suffix, although the server is in no domain (cloud, DHCP).

    learn.microsoft.com "IPGlobalProperties.DomainName Property".
    """

    suffix: str = "internal.cloudapp.net"

    def go_on(self, machine: Machine) -> None:
        """Have it."""
        machine.dns_suffix = self.suffix
