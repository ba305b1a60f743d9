"""A site of somebody's that holds port 443 for all names."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour
from .neighbours import add_pool, add_site, have_iis


@dataclasses.dataclass(frozen=True)
class NeighbourWithoutSni(Behaviour):
    """An https binding with a host name, without SNI: HTTP.sys has its certificate for the address and port, so that
    a second such binding replaces it. learn.microsoft.com "Binding", sslFlags.
    """

    host: str = "portal.contoso.com"

    def prepare(self, machine: Machine) -> None:
        """Put the site on the server, with IIS where there is none."""
        iis = have_iis(machine)
        machine.files.make_folder("C:\\portal")
        certificate = machine.certificates.make(subject=f"CN={self.host}", names=[self.host])
        add_pool(iis, "Portal")
        add_site(iis, "Portal", "C:\\portal", "Portal", ("https", f"*:443:{self.host}", 0))
        iis.httpsys.set("0.0.0.0:443", certificate.thumbprint, "My", sni=False)
