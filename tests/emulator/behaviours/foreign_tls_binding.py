"""An entry of HTTP.sys that is not IIS's."""

from __future__ import annotations

import dataclasses

from ..windows.iis import httpsys
from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class ForeignTlsBinding(Behaviour):
    """Another program serves a certificate by way of HTTP.sys, with its own application id.

    learn.microsoft.com "netsh http add sslcert".

    Attributes:
        endpoint: where.
    """

    endpoint: str = "0.0.0.0:8443"

    def prepare(self, machine: Machine) -> None:
        """Register it."""
        certificate = machine.certificates.make(subject="CN=reports.contoso.com")
        httpsys.HttpSys(machine.registry).set(self.endpoint, certificate.thumbprint, "My", sni=False)
        key = f"{httpsys.ADDRESSES}\\{self.endpoint}"
        machine.registry.set(key, "AppId", "String", "{1d40ebc7-1983-4ac5-82aa-1e17a7ae9a0e}")
