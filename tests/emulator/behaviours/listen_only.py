"""An HTTP.sys that somebody has limited to some addresses."""

from __future__ import annotations

import dataclasses

from ..windows.iis import httpsys
from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class ListenOnly(Behaviour):
    """HTTP.sys, and IIS with it, listens on one address of the server, and not on 127.0.0.1.

    learn.microsoft.com "netsh http", add iplisten: servers with several web servers need it.
    """

    address: str = "192.0.2.7"

    def prepare(self, machine: Machine) -> None:
        """Limit it."""
        httpsys.HttpSys(machine.registry).listen_only(self.address)
