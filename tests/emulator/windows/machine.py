"""One emulated Windows server: all of its state, each part where Windows keeps it."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime
import typing as t

from . import firewall
from .accounts import Accounts
from .agent_service import ServiceAgents
from .certificates import CertificateStores
from .clock import Clock, stamp
from .edition import EDITIONS, Edition
from .environment import KEY as ENVIRONMENT_KEY
from .environment import Environment
from .errors import WindowsError
from .events import EventLog
from .features import Features
from .files import FileSystem
from .iis import Iis
from .network import Network
from .packages import Packages
from .registry import Registry
from .services import Services

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
        self.clock = Clock(start)
        self.boot_time = self.clock.now()
        self.files = FileSystem(self.clock)
        self.registry = Registry()
        self.os.write(self.registry)
        firewall.write(self.registry)
        self.files.write("C:\\Windows\\System32\\cmd.exe", b"MZ")
        self.environment = Environment(self.registry)
        self.accounts = Accounts(name, domain)
        self.certificates = CertificateStores(self.files, self.clock)
        self.services = Services(self.registry, self.clock)
        self.events = EventLog(self.clock)
        self.network = Network()
        self.service_agents = ServiceAgents(self)
        self.services.default_behaviour = self.service_agents.behave
        self.network.listening.append(self.service_agents.listeners)
        self.network.responders.append(self.service_agents.respond)
        self.features = Features(self)
        self.packages = Packages(self)
        self.iis: Iis | None = None
        self.processes: list[Process] = []
        self.reboot_pending = False

    @property
    def computer_name(self) -> str:
        """Return the NetBIOS name."""
        return self.name.split(".")[0].upper()[:15]

    def add_iis(self) -> None:
        """Bring IIS to life: its configuration file and services are there."""
        self.iis = Iis(self)
        self.accounts.add_pool("DefaultAppPool")
        self.services.behaviours["w3svc"] = self._world_wide_web  # a bound method, so that a copy gets its own

    def _world_wide_web(self, what: str) -> None:
        assert self.iis is not None
        (self.iis.services_started if what == "start" else self.iis.services_stopped)()

    def environment_variables(self) -> dict[str, str]:
        """Return the machine's environment variables, expanded."""
        key = self.registry.key(ENVIRONMENT_KEY)
        names = key.value_names() if key else []
        return {name: self.environment.get(name) or "" for name in names}

    def ran(self, command_line: str) -> None:
        """Note a process in the process list."""
        self.processes.append(Process(self.clock.now(), command_line))

    def restart(self) -> None:
        """Restart the server: services that start by themselves come up again."""
        self.reboot_pending = False
        self.boot_time = self.clock.now()
        for name in self.services.names():
            service = self.services.get(name)
            if service and service.state == "Running":
                self.service_agents.behave(name, "stop")
                self.services.set_state(name, "Stopped")
        for name in self.services.names():
            service = self.services.get(name)
            if service and service.start_mode in {"automatic", "delayed"}:
                with contextlib.suppress(WindowsError):  # the event log has it; the others start all the same
                    self.services.start(name)

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
