"""Installers. An installer of the emulator is a small file that says in JSON what it is; the .NET hosting bundle is the
one kind.
"""

from __future__ import annotations

import json
import typing as t
import xml.etree.ElementTree as ET

from . import errors, iis_defaults

if t.TYPE_CHECKING:
    from .machine import Machine

MAGIC = b"MZ emulated installer, not the product\r\n"
DOTNET = "C:\\Program Files\\dotnet"
UNINSTALL = "HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
# Belief [bundle-registry]: the bundle records its runtimes in the 32-bit view, dotnet/designs "install-locations".
SHAREDFX = "HKLM:\\SOFTWARE\\WOW6432Node\\dotnet\\Setup\\InstalledVersions\\x64\\sharedfx"
RUNTIMES = ("Microsoft.AspNetCore.App", "Microsoft.NETCore.App")
SUCCESS, REBOOT, NEWER_PRESENT, FAILED = 0, 3010, 1638, 1603


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
    """Runs installers."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

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
        if "/uninstall" in words:
            self._uninstall(about["version"])
            return SUCCESS
        if "/repair" in words:
            return self._repair(about["version"])
        self.install_bundle(about["version"])
        return int(about.get("exit_code", 0))

    def versions(self) -> list[str]:
        """Return the versions of the ASP.NET Core runtime that are there."""
        folder = f"{DOTNET}\\shared\\Microsoft.AspNetCore.App"
        return self._machine.files.children(folder) if self._machine.files.is_folder(folder) else []

    def install_bundle(self, version: str) -> None:
        """Install runtimes, and the IIS module where IIS is."""
        files, registry = self._machine.files, self._machine.registry
        files.make_folder(DOTNET)
        files.write(f"{DOTNET}\\dotnet.exe", b"MZ")
        for runtime in RUNTIMES:
            folder = f"{DOTNET}\\shared\\{runtime}\\{version}"
            files.make_folder(folder)
            files.write(f"{folder}\\{runtime}.deps.json", b"{}")
            registry.set(f"{SHAREDFX}\\{runtime}", version, "DWord", 1)
        name = f"Microsoft .NET {version} - Windows Server Hosting"
        key = f"{UNINSTALL}\\{{hosting-{version}}}"
        registry.set(key, "DisplayName", "String", name)
        registry.set(key, "DisplayVersion", "String", version)
        self._add_module()

    def _repair(self, version: str) -> int:
        if version not in self.versions():
            return FAILED
        self._add_module()
        return SUCCESS

    def _add_module(self) -> None:
        machine = self._machine
        if machine.iis is None:
            return  # the trap: a bundle that came before IIS has no module
        machine.files.make_folder(iis_defaults.ANCM.rpartition("\\")[0])
        machine.files.write(iis_defaults.ANCM, b"MZ")
        root = ET.fromstring(machine.files.read(iis_defaults.CONFIG_PATH))
        modules = root.find("system.webServer/globalModules")
        assert modules is not None
        if not any(e.get("name") == "AspNetCoreModuleV2" for e in modules):
            image = "%ProgramFiles%\\IIS\\Asp.Net Core Module\\V2\\aspnetcorev2.dll"
            ET.SubElement(modules, "add", {"name": "AspNetCoreModuleV2", "image": image})
            ET.indent(root, "    ")
            machine.files.write(iis_defaults.CONFIG_PATH, ET.tostring(root, encoding="UTF-8", xml_declaration=True))

    def _uninstall(self, version: str) -> None:
        for runtime in RUNTIMES:
            folder = f"{DOTNET}\\shared\\{runtime}\\{version}"
            if self._machine.files.exists(folder):
                self._machine.files.remove(folder, recurse=True)
        self._machine.registry.delete(f"{UNINSTALL}\\{{hosting-{version}}}")
