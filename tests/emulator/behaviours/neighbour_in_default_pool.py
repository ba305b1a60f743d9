"""A site of somebody's with an application that runs in DefaultAppPool."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

from ..windows.iis import configuration
from ..windows.machine import Machine
from .behaviour import Behaviour
from .neighbours import add_pool, add_site, have_iis


@dataclasses.dataclass(frozen=True)
class NeighbourInDefaultPool(Behaviour):
    """The site's own pool is another, but its application ``/api`` names DefaultAppPool, and ``/old`` inherits it.

    learn.microsoft.com "Application Default Settings", applicationPool.
    """

    def prepare(self, machine: Machine) -> None:
        """Put the site on the server, with IIS where there is none."""
        iis = have_iis(machine)
        for folder in ("C:\\intranet\\api", "C:\\intranet\\old"):
            machine.files.make_folder(folder)
        add_pool(iis, "IntranetPool")
        add_site(iis, "Intranet", "C:\\intranet", "IntranetPool", ("http", "*:8091:", 0))
        root = iis.file.changeable()
        site = configuration.site_of(root, "Intranet")
        for number, (path, pool) in enumerate((("/api", "DefaultAppPool"), ("/old", ""))):
            application = ET.Element("application", {"path": path, **({"applicationPool": pool} if pool else {})})
            folder = f"C:\\intranet\\{path[1:]}"
            ET.SubElement(application, "virtualDirectory", {"path": "/", "physicalPath": folder})
            site.insert(1 + number, application)
        iis.file.save(root)
