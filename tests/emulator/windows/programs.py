"""Programs that can be run on an emulated server: what they read, write and say."""

from __future__ import annotations

import hashlib
import ntpath
import typing as t

from . import command_line, protect_tools

if t.TYPE_CHECKING:
    from .machine import Machine

Ended = tuple[int | None, str]
"""Exit code (None: it runs for ever) and what it said."""


def run(machine: Machine, program: str, folder: str, arguments: t.Sequence[str]) -> Ended:
    """Run a program of the server in a folder; one that is not known here fails loudly with its name."""
    machine.ran(" ".join([f'"{program}"', *arguments]))
    known = _PROGRAMS.get(ntpath.basename(program).lower())
    if known is None:
        return 1, f"the emulator does not know the program {program}"
    return known(machine, folder, list(arguments))


def _cmd(machine: Machine, folder: str, arguments: list[str]) -> Ended:
    known = command_line.command_interpreter(machine, folder, " ".join(arguments))
    if known is not None:
        return known.code, known.output
    what, rest = arguments[1], arguments[2:]
    if what == "copy":
        machine.files.copy(rest[0], rest[1])
        return 0, "1 file(s) copied."
    return (None, "") if what.startswith("for /L %i in (1,0,2)") else (1, "not recognized")


_PROGRAMS: dict[str, t.Callable[[Machine, str, list[str]], Ended]] = {
    "cmd.exe": _cmd,
    "usercube-protect-x509jsonvalue.exe": lambda machine, folder, arguments: (
        0,
        "\n".join(f"kxABA{hashlib.sha256(value.encode()).hexdigest()}" for value in arguments),
    ),
    "usercube-protect-x509jsonfile.exe": protect_tools.json_file,
    "usercube-protect-certificatepassword.exe": protect_tools.certificate_password,
}
