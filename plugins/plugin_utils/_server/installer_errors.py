# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an installation on the server failed, and what to do: by the numbers that Windows gives, not by its words."""

from __future__ import annotations

import typing as t

_HRESULT = 0x80070000
"""What Windows Installer's numbers are added to where they are told as a HRESULT, learn.microsoft.com "HRESULT"."""
_LOG = "its log is in the Temp folder of the account that Ansible connects with (Microsoft_.NET_*.log)"
_CODES = {
    112: "the disk is full: make room on the drive of Windows, then run again",
    1602: f"somebody or something cancelled it: {_LOG}",
    1603: f"a fatal error of the installation: {_LOG}",
    1618: (
        "another installation is under way on the server, such as Windows Update: wait until it has ended, or restart"
        " the server if none does, then run again"
    ),
    1625: "a policy of the server forbids installations: ask who administers it, then run again",
    1633: "the installer is for another processor: name the x64 or the combined one (dotnet-hosting-...-win.exe)",
    1638: (
        "a newer version of the same bundle is installed already, although its runtime was not found: repair or remove"
        ' "Microsoft .NET ... Windows Server Hosting" in the server\'s list of programs, or name an installer of that'
        " version (hosting_bundle.source, hosting_bundle.version), then run again"
    ),
}
"""learn.microsoft.com "MsiExec.exe and InstMsi.exe error messages"; the bundle passes them on."""
_NO_SOURCE = ("0x800f081f", "0x800f0906", "0x800f0907", "0x800f0954")
"""learn.microsoft.com "0x800F081F, 0x800F0906, 0x800F0907 or 0x800F0954 when installing Windows features"."""


def of_installer(result: t.Mapping[str, t.Any]) -> str:
    """Return what an installer's exit code means; empty if it ended with none."""
    code = result.get("rc")
    if not isinstance(code, int):
        return ""
    number = code & 0xFFFFFFFF
    known = _CODES.get(number - _HRESULT if number & 0xFFFF0000 == _HRESULT else number)
    return f"The installer ended with {number}" + (f" (0x{number:X})" if number > 0xFFFF else "") + f": {known or _LOG}"


def of_features(result: t.Mapping[str, t.Any]) -> str:
    """Return why Windows could not install features where it has not got their files; empty for anything else."""
    said = " ".join(str(result.get(field, "")) for field in ("msg", "exception")).lower()
    code = next((code for code in _NO_SOURCE if code in said), "")
    if not code:
        return ""
    return (
        f"The server does not have the features' files, and may not get them from Windows Update or WSUS ({code}): copy"
        " the folder sources\\sxs of its Windows' installation medium to the server, and name that folder in"
        " im_agent_features_source"
    )
