"""What has to be there before the agent's own code runs: the program and .NET."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from ..security import descriptors
from ..system import dotnet
from .context import CannotStart, Context

AGENT_DLL, SERVER_DLL = "usercube-agent.dll", "usercube-server.dll"


def check_program(context: Context, core: ET.Element) -> bool:
    """Check what the module is to run; tell whether it is the agent, not an application of somebody else.

    Raises:
        CannotStart: it cannot be run.
    """
    files = context.surroundings.files
    if not files.is_file(f"{dotnet.FOLDER}\\dotnet.exe"):
        raise CannotStart("Could not find 'dotnet.exe'.", "500.31", 1031)
    arguments = core.get("arguments", "").replace("/", "\\")
    program = arguments.rpartition("\\")[2].lower()
    if not files.is_file(f"{context.folder}\\{arguments.removeprefix('.').lstrip(chr(92))}"):
        raise CannotStart(f"The application '{arguments}' does not exist.", "500.30", 1018)
    if program == SERVER_DLL:
        raise CannotStart(f"{arguments} is the server: it finds no database connection.")
    if core.get("hostingModel", "inprocess").lower() not in {"inprocess", "outofprocess"}:
        raise CannotStart("Unknown hosting model.", "500.0", 1032)
    if not context.may(context.folder, descriptors.READ_EXECUTE):
        raise CannotStart("Access to the application's folder is denied.", "500.30", 1018)
    if program == AGENT_DLL:
        check_frameworks(context)
    return program == AGENT_DLL


def check_frameworks(context: Context) -> None:
    """Check that the .NET is there that the agent was built for.

    Raises:
        CannotStart: it is not.
    """
    files = context.surroundings.files
    try:
        wanted = json.loads(files.text(context.folder + "\\Usercube-Agent.runtimeconfig.json"))
        frameworks = wanted["runtimeOptions"]["frameworks"]
    except Exception:
        raise CannotStart("Usercube-Agent.runtimeconfig.json cannot be read.", "500.31", 1031) from None
    for framework in frameworks:
        asked = [int(part) for part in framework["version"].split(".")]
        # A release runs on no preview, learn.microsoft.com "Select which .NET version to use".
        present = [[int(p) for p in v.split(".")] for v in dotnet.aspnetcore_versions(files) if "-" not in v]
        if not any(v[0] == asked[0] and v >= asked for v in present):
            name, version = framework["name"], framework["version"]
            raise CannotStart(f"Framework: '{name}', version '{version}' was not found.", "500.31", 1031)
