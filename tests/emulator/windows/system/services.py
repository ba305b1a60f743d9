"""Windows services: they live in the registry, their state in memory."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import struct
import typing as t

from .. import errors
from ..clock import Clock, stamp
from ..pace import Pace
from ..registry.keys import Key, Registry

ROOT = "HKLM:\\SYSTEM\\CurrentControlSet\\Services"
START = {"automatic": 2, "delayed": 2, "manual": 3, "disabled": 4}
ACTIONS = ("none", "restart", "reboot", "run_command")
FRESH = (
    ("EventLog", "Windows Event Log", "automatic", "NT AUTHORITY\\LocalService"),
    ("W32Time", "Windows Time", "manual", "NT AUTHORITY\\LocalService"),
    ("WinRM", "Windows Remote Management (WS-Management)", "automatic", "NT AUTHORITY\\NetworkService"),
    ("HTTP", "HTTP Service", "manual", "LocalSystem"),
)

ALWAYS_THERE = frozenset(name for name, *_ in FRESH)
"""The services of a bare server, which are up as soon as anything can be asked."""


@dataclasses.dataclass
class Running:
    """A service's process: state as .NET's ServiceControllerStatus, its start, and the account that it began with."""

    state: str = "Stopped"
    started: datetime.datetime | None = None
    account: str = ""


@dataclasses.dataclass(frozen=True)
class Service:
    """What can be asked of a service."""

    name: str
    display_name: str
    path: str
    start_mode: str
    account: str
    state: str
    description: str
    started: str | None
    dependencies: tuple[str, ...]
    running_as: str


def _refused(what: str, service: Service) -> errors.WindowsError:
    """Return ERROR_SERVICE_CANNOT_ACCEPT_CTRL (1061) as the cmdlets tell it: they name no number."""
    verb = {"started": "start", "stopped": "stop"}[what]
    return errors.WindowsError(
        "Microsoft.PowerShell.Commands.ServiceCommandException",
        f"Service '{service.display_name} ({service.name})' cannot be {what} due to the following error: Cannot"
        f" {verb} {service.name} service on computer '.'.",
        -2146233087,
    )


class Services:
    """All services. ``behaviours[name.lower()]`` is called with "start" or "stop" and may raise WindowsError."""

    def __init__(self, registry: Registry, clock: Clock, pace: Pace | None = None) -> None:
        self._registry, self._clock, self._pace = registry, clock, pace or Pace()
        self._running: dict[str, Running] = {}
        self.passwords: dict[str, str] = {}
        self.behaviours: dict[str, t.Callable[[str], None]] = {}
        self.default_behaviour: t.Callable[[str, str], None] | None = None
        for name, display, mode, account in FRESH:
            path = "%SystemRoot%\\system32\\svchost.exe -k netsvcs"
            self.create(name, display_name=display, path=path, start_mode=mode, account=account)
            self._running[name.lower()] = Running("Running" if mode == "automatic" else "Stopped", clock.now())

    def _key(self, name: str) -> Key | None:
        return self._registry.key(f"{ROOT}\\{name}")

    def create(
        self,
        name: str,
        *,
        path: str,
        display_name: str | None = None,
        start_mode: str = "automatic",
        account: str = "LocalSystem",
        description: str = "",
        dependencies: t.Sequence[str] = (),
    ) -> None:
        """Register a service; it is stopped."""
        key = f"{ROOT}\\{name}"
        self._registry.set(key, "ImagePath", "ExpandString", path)
        self._registry.set(key, "DisplayName", "String", display_name or name)
        self._registry.set(key, "ObjectName", "String", account)
        self._registry.set(key, "Start", "DWord", START[start_mode])
        self._registry.set(key, "Type", "DWord", 16)
        if start_mode == "delayed":
            self._registry.set(key, "DelayedAutostart", "DWord", 1)
        if description:
            self._registry.set(key, "Description", "String", description)
        if dependencies:
            self._registry.set(key, "DependOnService", "MultiString", list(dependencies))
        self._running.setdefault(name.lower(), Running())

    def set_recovery(self, name: str, reset: int, actions: t.Sequence[tuple[str, int]]) -> None:
        """Set what happens after failures: (action, milliseconds), as the structure SERVICE_FAILURE_ACTIONS."""
        head = struct.pack("<5I", reset, 0, 0, len(actions), 20)
        steps = b"".join(struct.pack("<2I", ACTIONS.index(action), delay) for action, delay in actions)
        self._registry.set(f"{ROOT}\\{name}", "FailureActions", "Binary", head + steps)

    def recovery(self, name: str) -> tuple[int, list[tuple[str, int]]]:
        """Return the reset period in seconds and the actions."""
        data = self._registry.get(f"{ROOT}\\{name}", "FailureActions")
        if not data:
            return 0, []
        reset, _, _, count, _ = struct.unpack_from("<5I", data)
        steps = [struct.unpack_from("<2I", data, 20 + 8 * i) for i in range(count)]
        return reset, [(ACTIONS[kind], delay) for kind, delay in steps]

    def delete(self, name: str) -> None:
        """Remove a service."""
        self.passwords.pop(name.lower(), None)
        self._registry.delete(f"{ROOT}\\{name}")
        self._running.pop(name.lower(), None)

    def get(self, name: str) -> Service | None:
        """Return a service, or None."""
        key = self._key(name)
        if key is None or key.value("ImagePath") is None:
            return None
        running = self._running.get(name.lower(), Running())
        modes = {2: "automatic", 3: "manual", 4: "disabled"}
        mode = "delayed" if key.value("Start") == 2 and key.value("DelayedAutostart") else modes[key.value("Start")]
        return Service(
            name=key.name,
            display_name=key.value("DisplayName"),
            path=key.value("ImagePath"),
            start_mode=mode,
            account=key.value("ObjectName"),
            state=running.state,
            description=key.value("Description") or "",
            started=stamp(running.started) if running.started and running.state == "Running" else None,
            dependencies=tuple(key.value("DependOnService") or ()),
            running_as=(running.account or key.value("ObjectName")) if running.state == "Running" else "",
        )

    def names(self) -> list[str]:
        """Return all services' names."""
        key = self._registry.key(ROOT)
        return [name for name in (key.key_names() if key else ()) if self.get(name)]

    def dependents(self, name: str) -> list[str]:
        """Return the services that need this one."""
        return [n for n in self.names() if name.lower() in [d.lower() for d in self._need(n).dependencies]]

    def _need(self, name: str) -> Service:
        found = self.get(name)
        if found is None:
            raise errors.WindowsError(
                "System.InvalidOperationException", f"Service {name} was not found on computer '.'.", -2146233079
            )
        return found

    def start(self, name: str) -> None:
        """Start a service and what it needs; raises WindowsError for one that is disabled, or on its way to a stop.

        One that is on its way to its start is not started again: ERROR_SERVICE_ALREADY_RUNNING, learn.microsoft.com
        "StartServiceW function"; the cmdlets take that for done and wait (PowerShell's Service.cs, DoStartService).
        """
        if self._need(name).state not in {"Running", "StartPending"}:
            self.come_up(name)

    def come_up(self, name: str) -> None:
        """Start a service that the service controller has marked as on its way, as after a restart; as ``start``."""
        service = self._need(name)
        if service.state == "StopPending":
            raise _refused("started", service)
        if service.start_mode == "disabled":
            raise errors.WindowsError(
                "System.InvalidOperationException", f"Cannot start service {name} on computer '.'.", -2146233079
            )
        for needed in service.dependencies:
            if self.get(needed):
                self.start(needed)
        now, turns = self._clock.now(), self._turns(name, self._pace.service_start)
        self._running[name.lower()] = Running("StartPending" if turns else "Running", now, service.account)
        self._behave(name, "start")
        if turns:
            self._clock.after(
                turns, functools.partial(self._settle, name, "StartPending", Running("Running", now, service.account))
            )

    def stop(self, name: str, *, force_dependents: bool = False) -> None:
        """Stop a service; running dependents are stopped too, or are an error, and so is one that is between states."""
        if self._need(name).state == "Stopped":
            return
        if self._need(name).state.endswith("Pending"):
            raise _refused("stopped", self._need(name))
        for dependent in self.dependents(name):
            if self._need(dependent).state == "Stopped":
                continue
            if not force_dependents:
                raise errors.WindowsError(
                    "System.InvalidOperationException",
                    f"Cannot stop service '{name}' because it has dependent services. It can only be stopped if force"
                    " is set.",
                )
            self.stop(dependent, force_dependents=True)
        self._behave(name, "stop")
        turns = self._turns(name, self._pace.service_stop)
        self._running[name.lower()] = Running("StopPending") if turns else Running()
        if turns:
            self._clock.after(turns, functools.partial(self._settle, name, "StopPending", Running()))

    def wait(self, name: str) -> None:
        """Wait as Start-Service and Stop-Service do: as long as the service is on its way."""
        while (found := self.get(name)) and found.state.endswith("Pending") and self._clock.waits:
            self._clock.wait()

    def _turns(self, name: str, turns: int) -> int:
        """Return how long a change takes; the web server's services are done when the call returns."""
        return 0 if name.lower() in {"was", *self.behaviours} else turns

    def _settle(self, name: str, since: str, then: Running) -> None:
        if self._running.get(name.lower(), Running()).state == since:
            self._running[name.lower()] = then

    def set_state(self, name: str, state: str, started: datetime.datetime | None = None) -> None:
        """Set a state without behaviour (for scenarios and crashes); a running one has started now, or when is told."""
        account = self._need(name).account if state == "Running" else ""
        self._running[name.lower()] = Running(
            state, (started or self._clock.now()) if state == "Running" else None, account
        )

    def _behave(self, name: str, what: str) -> None:
        behaviour = self.behaviours.get(name.lower())
        if behaviour:
            behaviour(what)
        elif self.default_behaviour:
            self.default_behaviour(name, what)

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a service's own, its value Environment, learn.microsoft.com "CreateProcess" and
        "HKLM\\SYSTEM\\CurrentControlSet\\Services registry tree".
        """
        lines = self._registry.get(f"{ROOT}\\{name}", "Environment") or []
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def dump(self) -> dict[str, t.Any]:
        """Return states as JSON-able data; the rest is in the registry."""
        return {name: dataclasses.asdict(self._need(name)) for name in self.names()}
