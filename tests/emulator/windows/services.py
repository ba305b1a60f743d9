"""Windows services: they live in the registry, their state in memory."""

from __future__ import annotations

import dataclasses
import datetime
import struct
import typing as t

from . import errors
from .clock import Clock, stamp
from .registry import Key, Registry

ROOT = "HKLM:\\SYSTEM\\CurrentControlSet\\Services"
START = {"automatic": 2, "delayed": 2, "manual": 3, "disabled": 4}
ACTIONS = ("none", "restart", "reboot", "run_command")
FRESH = (
    ("EventLog", "Windows Event Log", "automatic", "NT AUTHORITY\\LocalService"),
    ("W32Time", "Windows Time", "manual", "NT AUTHORITY\\LocalService"),
    ("WinRM", "Windows Remote Management (WS-Management)", "automatic", "NT AUTHORITY\\NetworkService"),
    ("HTTP", "HTTP Service", "manual", "LocalSystem"),
)


@dataclasses.dataclass
class Running:
    """A service's process: state as .NET's ServiceControllerStatus, and its start."""

    state: str = "Stopped"
    started: datetime.datetime | None = None


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


class Services:
    """All services. ``behaviours[name.lower()]`` is called with "start" or "stop" and may raise WindowsError."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry, self._clock = registry, clock
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
        """Start a service and what it needs."""
        service = self._need(name)
        if service.state == "Running":
            return
        if service.start_mode == "disabled":
            raise errors.WindowsError(
                "System.InvalidOperationException", f"Cannot start service {name} on computer '.'.", -2146233079
            )
        for needed in service.dependencies:
            if self.get(needed):
                self.start(needed)
        self._running[name.lower()] = Running("Running", self._clock.now())
        self._behave(name, "start")

    def stop(self, name: str, *, force_dependents: bool = False) -> None:
        """Stop a service; running dependents are stopped too, or are an error."""
        if self._need(name).state == "Stopped":
            return
        for dependent in self.dependents(name):
            if self._need(dependent).state != "Running":
                continue
            if not force_dependents:
                raise errors.WindowsError(
                    "System.InvalidOperationException",
                    f"Cannot stop service '{name}' because it has dependent services. It can only be stopped if force"
                    " is set.",
                )
            self.stop(dependent, force_dependents=True)
        self._behave(name, "stop")
        self._running[name.lower()] = Running()

    def set_state(self, name: str, state: str) -> None:
        """Set a state without behaviour (for scenarios and crashes)."""
        self._running[name.lower()] = Running(state, self._clock.now() if state == "Running" else None)

    def _behave(self, name: str, what: str) -> None:
        behaviour = self.behaviours.get(name.lower())
        if behaviour:
            behaviour(what)
        elif self.default_behaviour:
            self.default_behaviour(name, what)

    def dump(self) -> dict[str, t.Any]:
        """Return states as JSON-able data; the rest is in the registry."""
        return {name: dataclasses.asdict(self._need(name)) for name in self.names()}
