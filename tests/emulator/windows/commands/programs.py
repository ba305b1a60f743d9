"""Programs that can be run on an emulated server: what they read, write and say."""

from __future__ import annotations

import hashlib
import ntpath
import typing as t

from ..agent import protect_tools
from ..iis.httpsys import HttpSys
from . import command_line
from .computer import Computer

Ended = tuple[int | None, str]
"""Exit code (None: it runs for ever) and what it said."""


def run(computer: Computer, program: str, folder: str, arguments: t.Sequence[str]) -> Ended:
    """Run a program of the server in a folder; one that is not known here fails loudly with its name."""
    computer.ran(" ".join([f'"{program}"', *arguments]))
    known = _PROGRAMS.get(ntpath.basename(program).lower())
    if known is None:
        return 1, f"the emulator does not know the program {program}"
    return known(computer, folder, list(arguments))


def _cmd(computer: Computer, folder: str, arguments: list[str]) -> Ended:
    known = command_line.command_interpreter(computer, folder, " ".join(arguments))
    if known is not None:
        return known.code, known.output
    what, rest = arguments[1], arguments[2:]
    if what == "copy":
        computer.files.copy(rest[0], rest[1])
        return 0, "1 file(s) copied."
    return (None, "") if what.startswith("for /L %i in (1,0,2)") else (1, "not recognized")


def _netsh(computer: Computer, _folder: str, arguments: list[str]) -> Ended:
    """Delete a certificate of HTTP.sys: by host name and port, or by address and port, learn.microsoft.com "netsh http
    delete sslcert". Nothing else of it is known here.
    """
    name, _equals, endpoint = arguments[-1].partition("=")
    known = {"ipport": False, "hostnameport": True}
    if arguments[:3] != ["http", "delete", "sslcert"] or len(arguments) != 4 or name not in known:
        return 1, "The following command was not found: " + " ".join(arguments)
    bindings = HttpSys(computer.registry)
    if bindings.get(endpoint, sni=known[name]) is None:
        return 1, "SSL Certificate deletion failed, Error: 2\r\nThe system cannot find the file specified."
    bindings.remove(endpoint, sni=known[name])
    return 0, "SSL Certificate successfully deleted"


_PROGRAMS: dict[str, t.Callable[[Computer, str, list[str]], Ended]] = {
    "cmd.exe": _cmd,
    "netsh.exe": _netsh,
    "usercube-protect-x509jsonvalue.exe": lambda _computer, _folder, arguments: (
        0,
        "\n".join(f"kxABA{hashlib.sha256(value.encode()).hexdigest()}" for value in arguments),
    ),
    "usercube-protect-x509jsonfile.exe": lambda computer, folder, arguments: protect_tools.json_file(
        computer.files, computer.certificates, folder, arguments
    ),
    "usercube-protect-certificatepassword.exe": lambda _computer, _folder, arguments: (
        protect_tools.certificate_password(arguments)
    ),
}
