"""Installers. An installer of the emulator is a small file that says in JSON what it is; the .NET hosting bundle is the
one kind.
"""

from __future__ import annotations

import json
import typing as t
import xml.etree.ElementTree as ET

from .. import errors
from ..files.file_system import FileSystem
from ..iis import defaults
from ..registry.keys import Registry
from ..system import dotnet

MAGIC = b"MZ emulated installer, not the product\r\n"
UNINSTALL = "HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
# Belief [bundle-registry]: the bundle records its runtimes in the 32-bit view, dotnet/designs "install-locations".
SHAREDFX = "HKLM:\\SOFTWARE\\WOW6432Node\\dotnet\\Setup\\InstalledVersions\\x64\\sharedfx"
SUCCESS, REBOOT, FAILED = 0, 3010, 1603
OTHER_INSTALLATION, NEWER_VERSION = 1618, 1638
"""learn.microsoft.com "MsiExec.exe and InstMsi.exe error messages"."""


def hosting_bundle(version: str, *, exit_code: int = 0, signed: bool = True) -> bytes:
    """Return the installer of a hosting bundle of a version; ``exit_code`` is what a successful run ends with (0 or
    3010).
    """
    about = {
        "kind": "hosting_bundle",
        "version": version,
        "exit_code": exit_code,
        **({} if signed else {"signed": False}),
    }
    return MAGIC + json.dumps(about).encode()


def signature(content: bytes) -> str:
    """Return what Get-AuthenticodeSignature says of a file: its status."""
    if not content.startswith(MAGIC):
        return "UnknownError"
    return "Valid" if json.loads(content[len(MAGIC) :]).get("signed", True) else "NotSigned"


class Packages:
    """Runs installers.

    Args:
        files: the server's.
        registry: the server's.
        has_iis: tells whether IIS is installed.
    """

    def __init__(self, files: FileSystem, registry: Registry, has_iis: t.Callable[[], bool]) -> None:
        self._files, self._registry, self._has_iis = files, registry, has_iis
        self._busy = False

    def begin_other(self) -> None:
        """Begin an installation that is somebody else's: Windows Installer does one at a time."""
        self._busy = True

    def end_other(self) -> None:
        """End it."""
        self._busy = False

    def run(self, content: bytes, arguments: t.Sequence[str]) -> int:
        """Run an installer's file with arguments and return its exit code.

        Raises:
            WindowsError: it is no program.
        """
        if not content.startswith(MAGIC):
            raise errors.WindowsError(
                "System.ComponentModel.Win32Exception",
                "The specified executable is not a valid application for this OS platform",
            )
        about = json.loads(content[len(MAGIC) :])
        words = {argument.lower() for argument in arguments}
        if self._busy:
            return OTHER_INSTALLATION
        if "/uninstall" in words:
            self._uninstall(about["version"])
            return SUCCESS
        if "/repair" in words:
            return self._repair(about["version"])
        if self._is_newer_there(about["version"]):
            return NEWER_VERSION
        self.install_bundle(about["version"])
        return int(about.get("exit_code", 0))

    def versions(self) -> list[str]:
        """Return the versions of the ASP.NET Core runtime that are there."""
        return dotnet.aspnetcore_versions(self._files)

    def install_bundle(self, version: str) -> None:
        """Install runtimes, and the IIS module where IIS is."""
        files, registry = self._files, self._registry
        files.make_folder(dotnet.FOLDER)
        files.write(f"{dotnet.FOLDER}\\dotnet.exe", b"MZ")
        for runtime in dotnet.RUNTIMES:
            folder = dotnet.runtime_folder(runtime, version)
            files.make_folder(folder)
            files.write(f"{folder}\\{runtime}.deps.json", b"{}")
            registry.set(f"{SHAREDFX}\\{runtime}", version, "DWord", 1)
        name = f"Microsoft .NET {version} - Windows Server Hosting"
        key = f"{UNINSTALL}\\{{hosting-{version}}}"
        registry.set(key, "DisplayName", "String", name)
        registry.set(key, "DisplayVersion", "String", version)
        self._add_module()

    def _is_newer_there(self, version: str) -> bool:
        """Tell whether a later bundle of the same .NET is registered, whatever files of it there are."""
        key, asked = self._registry.key(UNINSTALL), [int(part) for part in version.split(".")]
        names = [name.strip("{}") for name in (key.key_names() if key else ())]
        versions = [name.removeprefix("hosting-") for name in names if name.startswith("hosting-")]
        there = [[int(part) for part in found.split(".")] for found in versions]
        return any(found[:2] == asked[:2] and found > asked for found in there)

    def _repair(self, version: str) -> int:
        if version not in self.versions():
            return FAILED
        self._add_module()
        return SUCCESS

    def _add_module(self) -> None:
        if not self._has_iis():
            return  # the trap: a bundle that came before IIS has no module
        self._files.make_folder(dotnet.ANCM.rpartition("\\")[0])
        self._files.write(dotnet.ANCM, b"MZ")
        root = ET.fromstring(self._files.read(defaults.CONFIG_PATH))
        modules = root.find("system.webServer/globalModules")
        assert modules is not None
        if not any(e.get("name") == "AspNetCoreModuleV2" for e in modules):
            image = "%ProgramFiles%\\IIS\\Asp.Net Core Module\\V2\\aspnetcorev2.dll"
            ET.SubElement(modules, "add", {"name": "AspNetCoreModuleV2", "image": image})
            ET.indent(root, "    ")
            self._files.write(defaults.CONFIG_PATH, ET.tostring(root, encoding="UTF-8", xml_declaration=True))

    def _uninstall(self, version: str) -> None:
        for runtime in dotnet.RUNTIMES:
            folder = dotnet.runtime_folder(runtime, version)
            if self._files.exists(folder):
                self._files.remove(folder, recurse=True)
        self._registry.delete(f"{UNINSTALL}\\{{hosting-{version}}}")
