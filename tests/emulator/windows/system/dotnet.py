"""Where .NET is installed, and which runtimes are there."""

from __future__ import annotations

from ..files.file_system import FileSystem

FOLDER = "C:\\Program Files\\dotnet"
ANCM = "C:\\Program Files\\IIS\\Asp.Net Core Module\\V2\\aspnetcorev2.dll"
"""The IIS module of ASP.NET Core, which a hosting bundle brings where IIS is."""
RUNTIMES = ("Microsoft.AspNetCore.App", "Microsoft.NETCore.App")


def runtime_folder(runtime: str, version: str = "") -> str:
    """Return the folder of a runtime, or of one of its versions."""
    return f"{FOLDER}\\shared\\{runtime}" + (f"\\{version}" if version else "")


def aspnetcore_versions(files: FileSystem) -> list[str]:
    """Return the versions of the ASP.NET Core runtime that are there."""
    folder = runtime_folder(RUNTIMES[0])
    return files.children(folder) if files.is_folder(folder) else []
