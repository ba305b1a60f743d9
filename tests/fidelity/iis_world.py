"""What the subject areas of IIS have in common: the server, its configuration as state, and what messages name."""

from __future__ import annotations

import typing as t

from emulator.windows.machine import Machine

from . import tree, web_server
from .world import Runs, State, World, named


class IisWorld(World):
    """A server with IIS.

    Attributes:
        always: the files and folders that are there whatever the start state.
    """

    always: tree.Tree = {}  # noqa: RUF012  (a class attribute as the others; nobody writes to it)
    resets = True

    def prepare(self, real: Runs) -> None:
        """Install IIS."""
        web_server.prepare(real)

    def machine(self) -> Machine:
        """Return a server with IIS."""
        return web_server.server()

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the scripts of the folders and the configuration."""
        return tree.lay_script(named(self.always, name)) + web_server.lay_script(start)

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Lay folders and configuration down."""
        tree.lay(machine, named(self.always, name))
        web_server.lay(machine, start)

    def read_script(self, name: str) -> str:
        """Return the configuration's script."""
        return web_server.read_script()

    def read(self, machine: Machine, name: str) -> State:
        """Read the configuration."""
        return web_server.read(machine)

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Messages name the computer in paths of the drive IIS:."""
        return field == ("msg",) and web_server.anywhere(real) == web_server.anywhere(modelled)
