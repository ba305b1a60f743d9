"""Windows features (roles and role services), and what installing IIS makes."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import errors
from ..files.file_system import FileSystem
from ..iis import defaults
from ..registry.keys import Registry
from ..system import firewall
from ..system.services import Services

NO_FILES = (
    "The request to add or remove features on the specified server failed. Installation of one or more roles, role"
    ' services, or features failed. The source files could not be found. Use the "Source" option to specify the'
    " location of the files that are required to restore the feature. Error: 0x800f081f"
)
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
IDENTIFIERS = {"Web-Server": 2, "Web-Scripting-Tools": 176, "RSAT-ADDS-Tools": 299, "Web-AppInit": 445}
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
    """What is installed, and the installation of more.

    Args:
        files: the server's.
        registry: the server's.
        services: the server's.
        has_iis: tells whether IIS is installed.
        add_iis: is called when its files and services are there.
    """

    def __init__(
        self,
        files: FileSystem,
        registry: Registry,
        services: Services,
        *,
        has_iis: t.Callable[[], bool],
        add_iis: t.Callable[[], None],
    ) -> None:
        self._files, self._registry, self._services = files, registry, services
        self._has_iis, self._add_iis = has_iis, add_iis
        self._installed = {"NET-Framework-45-Core", "NET-Framework-45-Features", "PowerShell"}
        self.restart_after, self.consoles = False, True
        self.files_removed = False

    def installed(self, name: str) -> bool:
        """Tell whether a feature is there."""
        return name.lower() in {feature.lower() for feature in self._installed}

    def identifiers(self) -> set[int]:
        """Return the IDs of Win32_ServerFeature of what is there, as far as they are known here.

        learn.microsoft.com "Win32_ServerFeature class" lists them; they are the same in every language.
        """
        return {number for name, number in IDENTIFIERS.items() if name in self._installed}

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

    def install(
        self,
        names: t.Sequence[str],
        *,
        sub_features: bool = False,
        management_tools: bool = False,
        source: str | None = None,
    ) -> Outcome:
        """Install features with what they need.

        Raises:
            WindowsError: a name is no feature, or the features' files are neither there nor in the folder ``source``.
        """
        added = self.plan(names, sub_features=sub_features, management_tools=management_tools)
        if added and self.files_removed and not (source and self._files.children(source)):
            raise errors.WindowsError("System.Exception", NO_FILES, -2146498529)
        self._installed |= set(added)
        if "Web-Server" in added or ("Web-WebServer" in added and not self._has_iis()):
            self._make_iis()
        for name in added:
            component = {"Web-AppInit": "ApplicationInitialization", "Web-Scripting-Tools": "ManagementScriptingTools"}
            if name in component:
                self._registry.set(f"{INETSTP}\\Components", component[name], "DWord", 1)
        if "RSAT-ADDS-Tools" in added and self.consoles:
            self._files.write("C:\\Windows\\System32\\dsa.msc", b"<?xml version='1.0'?>")
        return Outcome(added, bool(added) and self.restart_after)

    def remove(self, names: t.Sequence[str]) -> Outcome:
        """Remove features (not what they brought along)."""
        gone = tuple(name for name in self._installed if name.lower() in {n.lower() for n in names})
        self._installed -= set(gone)
        return Outcome(gone)

    def _make_iis(self) -> None:
        for folder in defaults.FOLDERS:
            self._files.make_folder(folder)
        for path in defaults.FILES:
            self._files.make_folder(path.rpartition("\\")[0])
            self._files.write(path, b"MZ" if path.endswith((".exe", ".dll")) else b"<html></html>")
        self._files.write(defaults.CONFIG_PATH, defaults.APPLICATION_HOST.replace("\n", "\r\n"))
        self._registry.set(INETSTP, "MajorVersion", "DWord", 10)
        self._registry.set(INETSTP, "MinorVersion", "DWord", 0)
        self._registry.set(INETSTP, "VersionString", "String", "Version 10.0")
        self._registry.set(f"{INETSTP}\\Components", "W3SVC", "DWord", 1)
        for name, port in (("HTTP", 80), ("HTTPS", 443)):
            firewall.add_rule(self._registry, f"IIS-WebServerRole-{name}-In-TCP", LPort=port, App="System")
        path = "%windir%\\system32\\svchost.exe -k iissvcs"
        self._services.create("WAS", display_name="Windows Process Activation Service", path=path, start_mode="manual")
        self._services.create(
            "W3SVC", display_name="World Wide Web Publishing Service", path=path, dependencies=("WAS", "HTTP")
        )
        self._add_iis()
        self._services.start("W3SVC")
