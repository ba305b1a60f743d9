"""A module call as a handler sees it, and how a handler answers."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from ..windows.machine import Machine


@dataclasses.dataclass(frozen=True)
class Call:
    """One module call on one machine.

    Attributes:
        machine: the server that it runs on.
        module: the resolved full name (``ansible.windows.win_file``).
        arguments: what the module sees: validated, coerced and with defaults, after the argument spec in its own .ps1.
        check: check mode. A module that lacks it is not called in it (the engine answers "skipped").
        diff: diff mode.
        user: the user that the module runs as (become included).
    """

    machine: Machine
    module: str
    arguments: dict[str, t.Any]
    check: bool = False
    diff: bool = False
    user: str = "Administrator"


class ModuleFailure(Exception):
    """The module fails: its result has ``failed``, ``msg`` and the given values."""

    def __init__(self, msg: str, **values: t.Any) -> None:
        super().__init__(msg)
        self.values = values


Handler = t.Callable[[Call], dict[str, t.Any]]
_declared: dict[str, Handler] = {}


def handles(*modules: str) -> t.Callable[[Handler], Handler]:
    """Declare a function the handler of the named modules; ``emulator.handlers`` collects them."""

    def declare(handler: Handler) -> Handler:
        for module in modules:
            _declared[module] = handler
        return handler

    return declare


def declared() -> t.Mapping[str, Handler]:
    """Return the handlers that were declared by what is imported so far."""
    return types.MappingProxyType(_declared)
