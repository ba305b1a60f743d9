"""What every behaviour has."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """One thing that a Windows server does and a kind one does not; its fields are its options in a scenario."""

    def prepare(self, machine: Machine) -> None:
        """Put on a server what is there from the beginning."""

    def go_on(self, machine: Machine) -> None:
        """Begin what happens from now on; a server that is restored from a saved state has the rest already."""
