"""Pools and sites that take their time to start."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class SlowStart(Behaviour):
    """A pool or site that is started is Starting for some executions.

    learn.microsoft.com "ObjectState Enum" of Microsoft.Web.Administration lists the state.
    """

    executions: int = 2

    def go_on(self, machine: Machine) -> None:
        """Slow the server down."""
        machine.pace.pool_start = machine.pace.site_start = self.executions
