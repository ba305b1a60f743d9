"""Windows features (roles and role services), and what installing IIS makes."""

from __future__ import annotations

import dataclasses
import typing as t

from . import errors, firewall, iis_defaults

if t.TYPE_CHECKING:
    from .machine import Machine

INETSTP = "HKLM:\\SOFTWARE\\Microsoft\\InetStp"
IIS_CORE = (
    "Web-Server",
    "Web-WebServer",
    "Web-Common-Http",
    "Web-Default-Doc",
    "Web-Dir-Browsing",
    "Web-Http-Errors",
    "Web-Static-Content",
    "Web-Health",
    "Web-Http-Logging",
    "Web-Performance",
    "Web-Stat-Compression",
    "Web-Security",
    "Web-Filtering",
)
NEEDS = {
    "Web-AppInit": ("Web-App-Dev", *IIS_CORE),
    "Web-Mgmt-Console": ("Web-Mgmt-Tools", *IIS_CORE),
    "Web-Scripting-Tools": ("Web-Mgmt-Tools",),
    "Web-WebSockets": ("Web-App-Dev", *IIS_CORE),
    "Web-Windows-Auth": IIS_CORE,
    "RSAT-ADDS-Tools": ("RSAT", "RSAT-Role-Tools", "RSAT-AD-Tools"),
    "RSAT-AD-PowerShell": ("RSAT", "RSAT-Role-Tools", "RSAT-AD-Tools"),
    "Web-Server": IIS_CORE[1:],
}
MANAGEMENT = {"Web-Server": ("Web-Mgmt-Tools", "Web-Mgmt-Console"), "RSAT-ADDS-Tools": ()}
BELOW = {"RSAT-ADDS-Tools": ("RSAT-AD-AdminCenter", "RSAT-ADDS")}
DISPLAY = {
    "Web-Server": "Web Server (IIS)",
    "Web-AppInit": "Application Initialization",
    "Web-Scripting-Tools": "IIS Management Scripts and Tools",
    "RSAT-ADDS-Tools": "AD DS Snap-Ins and Command-Line Tools",
}
KNOWN = frozenset(
    {*NEEDS, *IIS_CORE, "Web-App-Dev", "Web-Mgmt-Tools", "RSAT", "RSAT-Role-Tools", "RSAT-AD-Tools", "RSAT-ADDS"}
    | {"RSAT-AD-AdminCenter", "NET-Framework-45-Core", "NET-Framework-45-Features", "PowerShell", "Telnet-Client"}
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What installing came to: the names that were added, and whether a restart is needed."""

    added: tuple[str, ...]
    restart: bool = False


class Features:
    """What is installed, and the installation of more."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._installed = {"NET-Framework-45-Core", "NET-Framework-45-Features", "PowerShell"}
        self.restart_after = False

    def installed(self, name: str) -> bool:
        """Tell whether a feature is there."""
        return name.lower() in {feature.lower() for feature in self._installed}

    def all(self) -> dict[str, bool]:
        """Return every known feature and whether it is there."""
        return {name: name in self._installed for name in sorted(KNOWN)}

    def plan(
        self, names: t.Sequence[str], *, sub_features: bool = False, management_tools: bool = False
    ) -> tuple[str, ...]:
        """Return the features that an installation would add, in order.

        Raises:
            WindowsError: a name is no feature.
        """
        wanted: list[str] = []
        known = {name.lower(): name for name in KNOWN}
        for asked in names:
            name = known.get(asked.lower())
            if name is None:
                raise errors.WindowsError(
                    "System.ArgumentException",
                    f"ArgumentNotValid: The role, role service, or feature name is not valid: '{asked}'. The name was"
                    " not found.",
                )
            wanted += [*NEEDS.get(name, ()), name]
            wanted += MANAGEMENT.get(name, ()) if management_tools else ()
            wanted += BELOW.get(name, ()) if sub_features else ()
        return tuple(dict.fromkeys(name for name in wanted if name not in self._installed))

    def install(self, names: t.Sequence[str], *, sub_features: bool = False, management_tools: bool = False) -> Outcome:
        """Install features with what they need."""
        added = self.plan(names, sub_features=sub_features, management_tools=management_tools)
        self._installed |= set(added)
        if "Web-Server" in added or ("Web-WebServer" in added and self._machine.iis is None):
            self._make_iis()
        for name in added:
            component = {"Web-AppInit": "ApplicationInitialization", "Web-Scripting-Tools": "ManagementScriptingTools"}
            if name in component:
                self._machine.registry.set(f"{INETSTP}\\Components", component[name], "DWord", 1)
        if "RSAT-ADDS-Tools" in added:
            self._machine.files.write("C:\\Windows\\System32\\dsa.msc", b"<?xml version='1.0'?>")
        return Outcome(added, bool(added) and self.restart_after)

    def remove(self, names: t.Sequence[str]) -> Outcome:
        """Remove features (not what they brought along)."""
        gone = tuple(name for name in self._installed if name.lower() in {n.lower() for n in names})
        self._installed -= set(gone)
        return Outcome(gone)

    def _make_iis(self) -> None:
        machine = self._machine
        for folder in iis_defaults.FOLDERS:
            machine.files.make_folder(folder)
        for path in iis_defaults.FILES:
            machine.files.make_folder(path.rpartition("\\")[0])
            machine.files.write(path, b"MZ" if path.endswith((".exe", ".dll")) else b"<html></html>")
        machine.files.write(iis_defaults.CONFIG_PATH, iis_defaults.APPLICATION_HOST.replace("\n", "\r\n"))
        machine.registry.set(INETSTP, "MajorVersion", "DWord", 10)
        machine.registry.set(INETSTP, "MinorVersion", "DWord", 0)
        machine.registry.set(INETSTP, "VersionString", "String", "Version 10.0")
        machine.registry.set(f"{INETSTP}\\Components", "W3SVC", "DWord", 1)
        for name, port in (("HTTP", 80), ("HTTPS", 443)):
            firewall.add_rule(machine.registry, f"IIS-WebServerRole-{name}-In-TCP", LPort=port, App="System")
        path = "%windir%\\system32\\svchost.exe -k iissvcs"
        machine.services.create(
            "WAS", display_name="Windows Process Activation Service", path=path, start_mode="manual"
        )
        machine.services.create(
            "W3SVC", display_name="World Wide Web Publishing Service", path=path, dependencies=("WAS", "HTTP")
        )
        machine.add_iis()
        machine.services.start("W3SVC")
