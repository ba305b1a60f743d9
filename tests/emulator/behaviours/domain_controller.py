"""A server that is a domain controller."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from ..windows.network.network import Listener
from .behaviour import Behaviour

PRODUCT = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\ProductOptions"
SERVICES = {"NTDS": "Active Directory Domain Services", "Kdc": "Kerberos Key Distribution Center", "DNS": "DNS Server"}
PORTS = {53: "dns", 88: "lsass", 389: "lsass", 636: "lsass", 3268: "lsass"}


@dataclasses.dataclass(frozen=True)
class DomainController(Behaviour):
    """It has no local accounts: what belongs to the server belongs to the domain; the tools for it are there.

    learn.microsoft.com "Local Accounts", "Service overview and network port requirements for Windows",
    "Win32_OperatingSystem" (ProductType); ProductOptions is LanmanNT.

    Attributes:
        domain: where the scenario has none.
    """

    domain: str = "contoso.com"

    def prepare(self, machine: Machine) -> None:
        """Have the services and tools of one."""
        machine.features.install(["RSAT-ADDS-Tools"])
        for name, display in SERVICES.items():
            machine.services.create(name, display_name=display, path="C:\\Windows\\System32\\lsass.exe")
            machine.services.set_state(name, "Running")

    def go_on(self, machine: Machine) -> None:
        """Be one."""
        machine.domain = machine.domain or self.domain
        machine.registry.set(PRODUCT, "ProductType", "String", "LanmanNT")
        machine.accounts.promote(machine.domain)
        machine.domain_role = "Primary domain controller"
        for port, process in PORTS.items():
            machine.network.extra_listeners.append(Listener(address="0.0.0.0", port=port, process=process))
