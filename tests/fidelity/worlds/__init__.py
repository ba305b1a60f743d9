"""The subject areas: each file here has one class that ends in ``World``, found by itself."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from ..known import Known
from ..world import World


@functools.cache
def worlds() -> tuple[World, ...]:
    """Return one of each."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [
            thing()
            for thing in vars(module).values()
            if isinstance(thing, type) and issubclass(thing, World) and thing.__module__ == module.__name__
        ]
    return tuple(found)


def modules() -> dict[str, World]:
    """Return which world measures each module, by its full name."""
    return {module: world for world in worlds() for module in world.steps}


def table() -> tuple[Known, ...]:
    """Return the known differences of all worlds."""
    return tuple(entry for world in worlds() for entry in world.known)
