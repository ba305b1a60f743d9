"""One emulated Windows server: all of its state, each part where Windows keeps it."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime
import functools
import typing as t
import uuid

from .agent.service import ServiceAgents
from .agent.surroundings import Surroundings
from .certificates.stores import CertificateStores
from .clock import Clock, stamp
from .errors import WindowsError
from .files.file_system import FileSystem
from .iis.server import Iis
from .installed.features import Features
from .installed.packages import Packages
from .network.network import Network
from .pace import Pace
from .registry.keys import Registry
from .security.accounts import Accounts
from .security.caller import Caller
from .system import firewall
from .system.edition import EDITIONS, Edition
from .system.environment import Environment
from .system.events import EventLog
from .system.running import Running
from .system.services import ALWAYS_THERE, Services
from .text.languages import ENGLISH

CRYPTOGRAPHY = "HKLM:\\SOFTWARE\\Microsoft\\Cryptography"
POLICIES = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell"


@dataclasses.dataclass
class Process:
    """A command that ran, as a process list shows it."""

    time: datetime.datetime
    command_line: str


class Machine:
    """A server.

    Args:
        name: its inventory name.
        os: the edition's year.
        domain: its DNS domain, or None for a workgroup.
        start: its clock's first time.
    """

    def __init__(
        self, name: str, *, os: str = "2022", domain: str | None = None, start: datetime.datetime | None = None
    ) -> None:
        self.name, self.domain = name, domain
        self.os: Edition = EDITIONS[os]
        self.clock, self.pace = Clock(start), Pace()
        self.boot_time = self.clock.now()
        self.files = FileSystem(self.clock)
        self.registry = Registry()
        self.os.write(self.registry)
        firewall.write(self.registry)
        self.registry.set(CRYPTOGRAPHY, "MachineGuid", "String", str(uuid.uuid5(uuid.NAMESPACE_DNS, name)))
        for program in ("cmd.exe", "netsh.exe"):
            self.files.write(f"C:\\Windows\\System32\\{program}", b"MZ")
        self.environment = Environment(self.registry)
        self.accounts = Accounts(name, domain)
        self.certificates = CertificateStores(self.files, self.clock)
        self.services = Services(self.registry, self.clock, self.pace)
        self.events = EventLog(self.clock)
        self.network = Network()
        self.running = Running(self.clock)
        self.files.others.append(self.running)
        self.surroundings = self._surroundings()
        self.service_agents = ServiceAgents(self.services, self.accounts, self.surroundings)
        self.services.default_behaviour = self.service_agents.behave
        self.network.listening.append(self.service_agents.listeners)
        self.network.responders.append(self.service_agents.respond)
        self.features = Features(self.files, self.registry, self.services, has_iis=self.has_iis, add_iis=self.add_iis)
        self.packages = Packages(self.files, self.registry, self.has_iis)
        self.iis: Iis | None = None
        self.processes: list[Process] = []
        self.reboot_pending = False
        self.caller, self.language = Caller(), ENGLISH
        self.domain_role = "Member server" if domain else "Stand-alone server"
        self.dns_suffix: str | None = None
        self.behaviours: dict[str, dict[str, t.Any]] = {}
        self.quotas: dict[str, int] = {}  # of WinRM, where they are not Windows's defaults
        self.lets_others_go_on = False  # a listener's, which has a pipeline that must wait run again later

    def _surroundings(self) -> Surroundings:
        parts = (self.clock, self.files, self.environment, self.certificates, self.events)
        return Surroundings(*parts, self.network, self.pace, self.running)

    @property
    def computer_name(self) -> str:
        """Return the NetBIOS name."""
        return self.name.split(".")[0].upper()[:15]

    @property
    def system_root(self) -> str:
        """Return the folder of Windows as the server spells it: C:\\Windows or, for the same folder, C:\\WINDOWS."""
        return self.environment.expand("%SystemRoot%")

    def has_iis(self) -> bool:
        """Tell whether IIS is there."""
        return self.iis is not None

    def add_iis(self) -> None:
        """Bring IIS to life: its configuration file and services are there."""
        self.iis = Iis(self.surroundings, self.registry, self.accounts, self.services)
        self.accounts.add_pool("DefaultAppPool")
        self.services.behaviours["w3svc"] = self.iis.services_changed  # a bound method, so that a copy gets its own

    def ran(self, command_line: str) -> None:
        """Note a process in the process list."""
        self.processes.append(Process(self.clock.now(), command_line))

    def restart(self) -> None:
        """Restart the server: services that start by themselves come up again."""
        self.reboot_pending = False
        self.boot_time = self.clock.now()
        self.accounts.apply_policies()
        for name in self.services.names():
            service = self.services.get(name)
            if service and service.state == "Running":
                self.service_agents.behave(name, "stop")
                self.services.set_state(name, "Stopped")
        if self.iis:
            self.iis.services_changed("stop")
        for name in self.services.names():
            service = self.services.get(name)
            if service and service.start_mode in {"automatic", "delayed"}:
                turns = 0 if name in ALWAYS_THERE else self.pace.boot
                self.services.set_state(name, "StartPending" if turns else "Stopped")
                self.clock.after(turns, functools.partial(self._start_at_boot, name))

    def _start_at_boot(self, name: str) -> None:
        with contextlib.suppress(WindowsError):  # the event log has it; the others start all the same
            self.services.come_up(name)

    def copy(self) -> Machine:
        """Return an independent copy."""
        return copy.deepcopy(self)

    def dump(self) -> dict[str, t.Any]:
        """Return the whole state as JSON-able data, in a fixed order; the present time is not in it."""
        return {
            "name": self.name,
            "domain": self.domain,
            "os": self.os.product_name,
            "boot_time": stamp(self.boot_time),
            "reboot_pending": self.reboot_pending,
            "files": self.files.dump(),
            "registry": self.registry.dump(),
            "certificates": self.certificates.dump(),
            "accounts": self.accounts.dump(),
            "services": self.services.dump(),
            "features": [name for name, there in self.features.all().items() if there],
            "iis": self.iis.dump() if self.iis else None,
            "events": [event.shown() for event in self.events.entries],
            "processes": [process.command_line for process in self.processes],
            "downloads": list(self.network.downloads),
        }
