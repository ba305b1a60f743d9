"""The two sides of a comparison: the unmodified module on the engine, and the emulator's model."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import wrapped_module
from collection_tree import link
from emulator.handlers import HANDLERS
from emulator.model.model_engine import ModelEngine
from emulator.process.powershell import Output
from emulator.windows.machine import Machine

from .world import State, Step, World, named

SEARCH = (link(), next(Path(sys.prefix).glob("lib/python*/site-packages")))


class ScriptFailed(Exception):
    """A script of a world failed on the engine: the text has its errors."""


class Scripts(t.Protocol):
    """What runs a script with lines of input; when it is lost in the middle it raises Crashed and repeats nothing: a
    call that was made half would be made twice.
    """

    def script(self, text: str, lines: t.Sequence[str] = ()) -> Output:
        """Run a script."""


class Real:
    """Modules on a PowerShell, through ansible-core's own wrapper.

    Args:
        powershell: what runs them; its drive is shared by all sequences.
    """

    def __init__(self, powershell: Scripts) -> None:
        self._powershell = powershell
        self._prepared: set[str] = set()

    def prepare(self, world: World) -> None:
        """Make the drive fit for a world, once."""
        if world.name not in self._prepared:
            world.prepare(self)
            self._prepared.add(world.name)

    def script(self, text: str) -> str:
        """Run a script of ours and return its output.

        Raises:
            ScriptFailed: it had errors.
        """
        done = self._powershell.script(text)
        if done.exit or done.errors:
            raise ScriptFailed(f"{done.errors or done.text}\nin\n{text[:2000]}")
        return done.text

    def lay(self, world: World, start: t.Any, name: str) -> None:
        """Lay a start state down."""
        self.script(world.lay_script(named(start, name), name))

    def read(self, world: World, name: str) -> State:
        """Read the state."""
        return t.cast("State", json.loads(self.script(world.read_script(name))))

    def call(self, step: Step, name: str) -> dict[str, t.Any]:
        """Run one call. As on a controller, what a module printed before its JSON is no part of the result."""
        arguments = named(step.arguments, name)
        lines = wrapped_module.installed(step.module, arguments, check=step.check, diff=step.diff)
        done = self._powershell.script(wrapped_module.BOOTSTRAP, lines)
        start = done.text.find("{")
        if start < 0:
            return {"failed": True, "msg": f"no result: {done.text}{done.errors}"}
        return t.cast("dict[str, t.Any]", json.loads(done.text[start:]))


class Modelled:
    """The model's answers, on a server of its own for each sequence."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._engine = ModelEngine(machine, HANDLERS, (), SEARCH)

    def call(self, step: Step, name: str) -> dict[str, t.Any]:
        """Run one call."""
        arguments = named(step.arguments, name)
        try:
            return self._engine.call(step.module, arguments, check=step.check, diff=step.diff)
        except Exception as error:  # a handler that breaks is a difference like any other
            return {"failed": True, "msg": f"the model's handler broke: {type(error).__name__}: {error}"}
