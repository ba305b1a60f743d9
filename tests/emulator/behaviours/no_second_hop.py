"""A logon that ends at the server."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class NoSecondHop(Behaviour):
    """Shares of other servers are not seen: the connection's account is nobody there.

    learn.microsoft.com "Making the second hop in PowerShell Remoting".
    """

    def go_on(self, machine: Machine) -> None:
        """Delegate nothing."""
        machine.network.second_hop = False
