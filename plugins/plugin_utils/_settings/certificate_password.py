# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords of PFX files in the settings, as the vendor's Usercube-Protect-CertificatePassword.exe writes them.

The tool takes the password as an argument, which every process list of the server shows while it runs, and its key is
the same in every installation: so this is done only on request, and a store, which needs no password, is better. Vendor
page "Usercube-Protect-CertificatePassword".
"""

from __future__ import annotations

import dataclasses
import subprocess
import typing as t

from .._agent import fingerprint
from .._agent.settings_files import AGENT, GENERAL
from .._core.kept import is_kept
from .._core.plan import Refused
from .._dotnet.json_text import fold
from .protection import Path, words
from .tree import get

PLAIN, TOOL_MADE = "plain", "tool"
MODES = (PLAIN, TOOL_MADE)
TOOL = "Usercube-Protect-CertificatePassword.exe"
PATHS: dict[str, tuple[Path, ...]] = {
    GENERAL: (
        ("EncryptionCertificate", "Password"),
        ("IdentityServer", "X509KeyFilePassword"),
        ("CyberArk", "Password"),
    ),
    AGENT: (("PasswordResetSettings", "EncryptionCertificate", "Password"),),
}
"""Where the product reads such a password (pages "appsettings", "appsettings.agent", "CyberArk")."""


@dataclasses.dataclass(frozen=True)
class Protected:
    """The passwords of one settings file.

    Attributes:
        changes: of the file; a mark stands where the tool's text will be.
        parts: mark and clear password of each that the tool has to be run for.
        record: what to keep of them beside the agent; None forgets.
        paths: of those that stand there as the tool made them, or will.
    """

    changes: dict[str, t.Any] = dataclasses.field(repr=False)
    parts: tuple[tuple[str, str], ...] = dataclasses.field(default=(), repr=False)
    record: dict[str, str | None] = dataclasses.field(default_factory=dict)
    paths: tuple[Path, ...] = ()


def protected(
    name: str,
    changes: dict[str, t.Any],
    present: dict[str, t.Any],
    known: t.Mapping[str, str],
    *,
    mode: str,
    key: str,
    always: bool,
) -> Protected:
    """Return what a settings file shall hold for its passwords.

    The tool's texts differ from run to run, so one that is there stays while what was kept of the last time says that
    it is of the wanted password.

    Args:
        name: the file's name.
        changes: what is wanted of it, passwords in clear.
        present: what it holds.
        known: the fingerprints that are kept beside the agent.
        mode: one of ``MODES``.
        key: of the fingerprints; without it a text that the tool made stays until another is requested.
        always: whether to run the tool whatever is known.

    Raises:
        Refused: a password that cannot be an argument of a program.
    """
    parts: list[tuple[str, str]] = []
    record: dict[str, str | None] = {}
    paths: list[Path] = []
    for path in PATHS[name]:
        clear, what = get(changes, *path), f"{name} {words(path)}"
        if mode == PLAIN or not isinstance(clear, str) or not clear:
            record |= {one: None for one in (what, f"{what} tool") if one in known}
            continue
        wanted = _kept_record(path, what, known) if is_kept(clear) else _wanted_record(path, what, clear, key)
        there = get(present, *path)
        if not is_kept(clear) and (always or _is_unknown(there, clear, wanted, known)):
            there = f"(text of {TOOL} for {words(path)})"
            parts.append((there, clear))
        record |= wanted
        paths.append(path)
        changes = _put(changes, path, there)
    return Protected(changes, tuple(parts), record, tuple(paths))


def _kept_record(path: Path, what: str, known: t.Mapping[str, str]) -> dict[str, str | None]:
    """Return what is kept of a password that only the server has, which is what there is; raises Refused for one that
    the tool did not make.
    """
    if f"{what} tool" in known:
        return {}
    raise Refused(
        f"{words(path)}: found a value on the server that this collection did not make with {TOOL}, wanted one to keep:"
        " give the password"
    )


def _wanted_record(path: Path, what: str, clear: str, key: str) -> dict[str, str | None]:
    """Return what is kept of a password beside the agent: the tool and, with a key, the password's fingerprint; raises
    Refused for one that cannot be an argument of a program.
    """
    if not clear.isprintable():
        raise Refused(f"{words(path)}: found a control character in the password, wanted one that {TOOL} can take")
    record: dict[str, str | None] = {f"{what} tool": TOOL}
    return record | ({what: fingerprint.of(key, what, clear)} if key else {})


def _is_unknown(there: t.Any, clear: str, wanted: t.Mapping[str, str | None], known: t.Mapping[str, str]) -> bool:
    """Tell whether a file's text is not, for all that is known, the tool's text of the wanted password."""
    if any(known.get(one) != value for one, value in wanted.items()):
        return True
    return not isinstance(there, str) or not there or there in {clear, f"@{clear}"}


def arguments(clear: str) -> list[str]:
    """Return the tool's arguments, quoted as the C runtime of Windows reads a command line.

    Belief [tool-arguments]: .NET programs read it so too, the tool takes a value that begins with a dash, and prints
    the protected password and nothing else; learn.microsoft.com "main function and command-line arguments".
    """
    return ["--pfx-password", subprocess.list2cmdline([clear])]


def _put(changes: dict[str, t.Any], path: Path, value: t.Any) -> dict[str, t.Any]:
    """Return changes with another value at a path that is there."""
    name = [key for key in changes if fold(key) == fold(path[0])][-1]
    inside = value if len(path) == 1 else _put(changes[name], path[1:], value)
    return {**changes, name: inside}
