"""Another ASP.NET Core application on the same IIS."""

from __future__ import annotations

import dataclasses
import functools

from ..windows.machine import Machine
from .behaviour import Behaviour
from .neighbours import add_pool, add_site, have_iis

WEB_CONFIG = """<configuration><location path="." inheritInChildApplications="false"><system.webServer>
<handlers><add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" /></handlers>
<aspNetCore processPath="dotnet" arguments=".\\Shop.dll" hostingModel="inprocess" />
</system.webServer></location></configuration>"""
PROVIDER = "IIS AspNetCore Module V2"


@dataclasses.dataclass(frozen=True)
class NeighbourSite(Behaviour):
    """A site with its own pool, whose application fails and starts again, and says so by the providers that all
    applications share: its messages name its own physical path (dotnet/aspnetcore, resources.h).

    Attributes:
        path: its folder.
        port: of http.
        executions: an event in each so many executions, an error first.
        bundle: the version of the hosting bundle that it came with, empty: none.
    """

    path: str = "C:\\inetpub\\shop"
    port: int = 8090
    executions: int = 2
    bundle: str = "8.0.22"

    def prepare(self, machine: Machine) -> None:
        """Put the site on the server, with IIS and the bundle where there are none."""
        iis = have_iis(machine)
        if self.bundle and self.bundle not in machine.packages.versions():
            machine.packages.install_bundle(self.bundle)
        machine.files.make_folder(self.path)
        machine.files.write(f"{self.path}\\web.config", WEB_CONFIG)
        machine.files.write(f"{self.path}\\Shop.dll", b"MZ")
        add_pool(iis, "Shop", startMode="AlwaysRunning")
        add_site(iis, "Shop", self.path, "Shop", ("http", f"*:{self.port}:", 0))

    def go_on(self, machine: Machine) -> None:
        """Write events from now on."""
        machine.clock.each_turn(functools.partial(self._turn, machine))

    def _turn(self, machine: Machine) -> None:
        number, rest = divmod(machine.clock.turns, self.executions)
        if rest:
            return
        if number % 2:
            message = (
                f"Application '/LM/W3SVC/2/ROOT' with physical root '{self.path}\\' failed to load coreclr. Exception"
                " message:\r\nThe order 4711 cannot be read."
            )
            machine.events.add("Application", PROVIDER, 1007, "Error", message)
        else:
            started = f"Application '{self.path}\\' started successfully."
            machine.events.add("Application", PROVIDER, 1032, "Information", started)
