"""The modules of the installed collections, for calls without a payload."""

from __future__ import annotations

import functools
from pathlib import Path

from . import spec
from .call import ModuleFailure


def spec_of(module: str, search: tuple[Path, ...]) -> spec.Spec:
    """Return the spec of an installed module."""
    return spec.read(*source(module, search))


@functools.cache
def source(module: str, search: tuple[Path, ...]) -> tuple[str, str]:
    """Return a module's script, and WebRequest.psm1 of its collection, from the installed collections."""
    namespace, collection, name = module.split(".")
    for folder in search:
        path = folder / "ansible_collections" / namespace / collection / "plugins" / "modules" / f"{name}.ps1"
        if path.exists():
            web = path.parent.parent / "module_utils" / "WebRequest.psm1"
            return path.read_text("utf-8-sig"), web.read_text("utf-8-sig") if web.exists() else ""
    raise ModuleFailure(f"no such module: {module}")
