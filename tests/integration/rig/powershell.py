"""A PowerShell engine that runs our scripts as a target would: by ansible-core's wrapper, many calls in one process."""

from __future__ import annotations

import functools
import os
import typing as t
import warnings
from pathlib import Path

import wrapped_module
from emulator.process.powershell import Crashed, Output, PowerShell
from wrapped_module import BOOTSTRAP

ROOT = Path(__file__).resolve().parents[3]
MODULES = ROOT / "plugins" / "modules"
PROBE, WRITE = "win_im_probe", "win_im_write"


@functools.cache
def source(name: str) -> str:
    """Return one of our scripts."""
    return (MODULES / f"{name}.ps1").read_text("utf-8")


def payload(name: str, script: str, arguments: t.Mapping[str, t.Any], *, check: bool = False) -> list[str]:
    """Return the lines that a controller sends to run ``script`` as the module ``name`` of this collection."""
    module = f"imops.identity_manager.{name}"
    path = str(MODULES / f"{name}.ps1")
    return wrapped_module.lines(module, script, path, arguments, check=check, no_log=True)


class Lost(UserWarning):
    """An engine was lost in the middle and what it ran was begun again: counted in the summary of pytest."""


class Engine(PowerShell):
    """One engine for the session, with a fresh C: drive for each file of tests: what a test leaves (certificates, which
    Wine does not remove from a store of LocalMachine, keys of the registry, IIS, files) is nothing to those of others.

    Args:
        windows: with Windows calls; else the rig's native one, which is enough for .NET's own classes.

    Raises:
        Unavailable: there is none here.
    """

    def __init__(self, *, windows: bool = True) -> None:
        super().__init__(f"imops-rig-{os.getpid()}", windows=windows)
        self._is_fresh, self._wants_fresh = True, False

    def keep(self) -> None:
        """Take the drive as it is now for the fresh one."""
        super().keep()
        self._is_fresh = True

    def renew(self) -> None:
        """Begin with a fresh drive, unless this one is; at the next script, as a file may need none."""
        self._wants_fresh = not self._is_fresh

    def script(self, text: str, lines: t.Sequence[str] = ()) -> Output:
        """Run a script; once more in a new process where this one was lost, with a warning."""
        try:
            return self.once(text, lines)
        except Crashed as crash:
            warnings.warn(Lost(f"{crash}: its script was run again by a new one"), stacklevel=2)
            return self.once(text, lines)

    def once(self, text: str, lines: t.Sequence[str] = ()) -> Output:
        """Run a script.

        Raises:
            Crashed: the engine was lost.
        """
        if self._wants_fresh:
            self.begin_anew()
        self._is_fresh = self._wants_fresh = False
        return super().script(text, lines)

    def module(
        self, name: str, arguments: t.Mapping[str, t.Any], *, check: bool = False, script: str | None = None
    ) -> Output:
        """Run one of our modules (or a changed text of it) through ansible-core's wrapper."""
        return self.script(BOOTSTRAP, payload(name, script or source(name), arguments, check=check))

    def probe(self, *queries: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """Return the probe's answers."""
        return t.cast("list[dict[str, t.Any]]", self.module(PROBE, {"queries": list(queries)}).document["answers"])

    def write(self, *operations: t.Mapping[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        """Return the writer's result."""
        return self.module(WRITE, {"operations": list(operations)}, check=check).document
