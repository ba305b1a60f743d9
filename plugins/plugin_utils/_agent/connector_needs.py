# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each connector needs on the agent's server beside its settings: the prerequisites of the vendor's connector
pages as one table. The pages are those that the table of ``connectors`` names.
"""

from __future__ import annotations

import dataclasses
import enum


class Kind(enum.Enum):
    """What is needed.

    A library is a file in the folder Runtime. A program is found by the machine's Path, a variable is one of the
    agent's process. The policy is PowerShell's execution policy. The others are files and folders that the connection
    names, with what the agent's identity has to be allowed there.
    """

    LIBRARY = "library"
    PROGRAM = "program"
    FOLDER_IN_PATH = "folder in Path"
    VARIABLE = "variable"
    POLICY = "policy"
    READ = "read"
    WRITE = "write"


@dataclasses.dataclass(frozen=True)
class Need:
    """One thing that a connector needs.

    Attributes:
        kind: what it is.
        name: of the library, program or variable; of the key whose value is the path or the library's name where
            ``by_key``.
        value: what a variable has to be; empty for any value. For a program the least version of it, empty for any.
        when: a key without which the connection does not need it; empty for always.
        unless: a key with which the connection does not need it.
        by_key: whether ``name`` is a key of the connection.
        default: what stands for a key that is not there.
        names_file: whether a variable's value is the path of a file, or of a folder, that has to be there.
    """

    kind: Kind
    name: str
    value: str = ""
    when: str = ""
    unless: str = ""
    by_key: bool = False
    default: str = ""
    names_file: bool = False


def _library(name: str, *, when: str = "") -> Need:
    return Need(Kind.LIBRARY, name, when=when)


def _variable(name: str, value: str = "", *, when: str = "", names_file: bool = True) -> Need:
    return Need(Kind.VARIABLE, name, value, when=when, names_file=names_file)


def _path(key: str, kind: Kind = Kind.READ, *, unless: str = "", default: str = "") -> Need:
    return Need(kind, key, unless=unless, by_key=True, default=default)


_POWERSHELL = (Need(Kind.PROGRAM, "powershell.exe"), Need(Kind.POLICY, "execution policy"))
_READ, _WRITE = "AseLogin", "BapiLogin"
NEEDS: dict[str, tuple[Need, ...]] = {
    "sap_erp_6": (
        _library("Sap.Data.Hana.Core.v2.1.dll"),
        Need(Kind.FOLDER_IN_PATH, "hdbclient"),
        _variable("HDBADOTNET"),
        _variable("HDBADOTNETCORE"),
        # The page's own spelling of the first one lacks its last letter.
        *(_library(name, when=_WRITE) for name in ("sapnwrfc.dll", "icudt50.dll", "icuin50.dll", "icuuc50.dll")),
        _variable("NLSUI_7BIT_FALLBACK", "YES", when=_WRITE, names_file=False),
        _variable("USERCUBE_DOTNET32", when=_WRITE),
    ),
    "sql": (Need(Kind.LIBRARY, "ProviderDllName", by_key=True), _path("SqlFile", unless="SqlCommand")),
    "powershell": (*_POWERSHELL, _path("PowerShellScriptPath")),
    "microsoft_exchange": (*_POWERSHELL, _path("PowerShellScriptPath", default="Export-Exchange.ps1")),
    "robot_framework": (
        Need(Kind.PROGRAM, "python.exe", "3.7"),
        Need(Kind.PROGRAM, "robot.exe"),
        _path("RobotFrameworkScriptPath"),
    ),
    "csv": (_path("Path", unless="IsFileNameRegex"), _path("PathIncremental", unless="IsFileNameRegex")),
    "excel": (_path("Path", unless="IsFileNameRegex"), _path("PathIncremental", unless="IsFileNameRegex")),
    "shared_folder": (_path("InputDirectories", unless="Login"),),
    "google_workspace": (_path("CredentialsFilePath"),),
    "workday": (_path("InputFilePath"),),
    "servicenow_ticket": (_path("TicketCookieDirectoryPath", Kind.WRITE),),
}
"""By connector; one that is not here needs nothing beside its settings."""
