"""An IIS whose configuration lives elsewhere."""

from __future__ import annotations

import dataclasses

from ..windows.iis import configuration, defaults
from ..windows.machine import Machine
from .behaviour import Behaviour
from .neighbours import have_iis

REDIRECTION = (
    '<configuration><configSections><section name="configurationRedirection" /></configSections>'
    '<configurationRedirection enabled="true" path="{}" /></configuration>'
)


@dataclasses.dataclass(frozen=True)
class SharedConfiguration(Behaviour):
    """The file in force is in another folder; the local one is stale. learn.microsoft.com "Shared Configuration".

    Attributes:
        path: the folder.
    """

    path: str = "C:\\shared"

    def prepare(self, machine: Machine) -> None:
        """Export the configuration and redirect."""
        have_iis(machine)
        machine.files.make_folder(self.path)
        machine.files.copy(defaults.CONFIG_PATH, f"{self.path}\\applicationHost.config")
        machine.files.write(configuration.REDIRECTION, REDIRECTION.format(self.path))
