"""Scripts of an account that is no administrator, or has a filtered token."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class NotElevated(Behaviour):
    """IIS's configuration is invisible, and Microsoft.Web.Administration may not read it.

    learn.microsoft.com "User Account Control and remote restrictions", LocalAccountTokenFilterPolicy.
    """

    def go_on(self, machine: Machine) -> None:
        """Be such an account."""
        machine.caller.elevated = False
