"""A process activation service that somebody stopped."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class WasStopped(Behaviour):
    """WAS and W3SVC are stopped: states are Unknown, and a list of workers is an error, 0x80070426."""

    def prepare(self, machine: Machine) -> None:
        """Stop both, as ``net stop was /y`` does."""
        if machine.iis:
            machine.services.stop("WAS", force_dependents=True)
