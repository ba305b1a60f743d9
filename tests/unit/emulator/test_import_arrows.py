"""The emulator is built in floors: a part imports from lower ones only, and nothing of the collection."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
FLOORS = (
    {"windows.errors", "windows.clock", "windows.pace", "counters", "command_line"},
    {"windows.text", "windows.registry", "engine"},
    {"windows.security"},
    {"windows.files"},
    {"windows.certificates", "windows.system"},
    {"windows.network"},
    {"windows.agent"},
    {"windows.iis"},
    {"windows.installed", "windows.commands"},
    {"windows.machine"},
    {"behaviours"},
    {"scenario", "model"},
    {"handlers", "process"},
    {"fleet"},
    {"wire", "control"},
    {"serving"},
    {"__main__"},
)
"""Folders and single files, from the ground up. A folder's own files may import each other, without a circle."""
LIBRARIES = {"aiohttp", "cryptography", "psrpcore", "spnego", "tree_sitter", "tree_sitter_powershell", "yaml"}
FLOOR_OF = {part: number for number, parts in enumerate(FLOORS) for part in parts}


def emulator():
    """Return the source of each module of the emulator, by its name below ``emulator``."""
    found = {}
    for path in sorted((TESTS / "emulator").rglob("*.py")):
        name = ".".join(path.relative_to(TESTS / "emulator").with_suffix("").parts)
        found[name] = path.read_text("utf-8")
    return found


def imported(name, source):
    """Return the full names of what a module of the emulator imports, wherever in it that is."""
    package = ["emulator", *name.split(".")[:-1]]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def arrows(modules):
    """Return which modules of the emulator each of them imports."""
    names = {f"emulator.{name.removesuffix('.__init__')}": name for name in modules}
    found = {}
    for name, source in modules.items():
        wanted = imported(name, source)
        wanted |= {one.rpartition(".")[0] for one in wanted if one not in names}
        found[name] = {names[one] for one in wanted if one in names} - {name}
    return found


def part(name):
    """Return the folder, or the single file, that a module belongs to."""
    return next(p for p in FLOOR_OF if name == p or name.startswith(f"{p}."))


def upward(modules):
    """Return the imports of a part that is not lower."""
    return [
        f"{name} -> {other}"
        for name, others in arrows(modules).items()
        for other in others
        if name != "__init__" and part(name) != part(other) and FLOOR_OF[part(name)] <= FLOOR_OF[part(other)]
    ]


def circles(modules):
    """Return the modules that are in or above a circle: what is left when all are taken whose imports are taken."""
    left = arrows(modules)
    while done := {name for name, others in left.items() if not others}:
        left = {name: others - done for name, others in left.items() if name not in done}
    return sorted(left)


def test_each_module_has_a_floor_and_each_floor_has_modules():
    names = [name for name in emulator() if not name.endswith("__init__")]
    assert {part(name) for name in names} == set(FLOOR_OF)


def test_no_import_leads_upwards():
    assert upward(emulator()) == []


def test_no_module_is_in_a_circle():
    assert circles(emulator()) == []


def test_nothing_of_the_collection_is_imported_nor_of_the_other_tests():
    imports = {one.split(".")[0] for name, source in emulator().items() for one in imported(name, source)}
    assert imports - sys.stdlib_module_names == {"emulator", *LIBRARIES}


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("windows.agent.process", "from ..iis.server import Iis", ["windows.agent.process -> windows.iis.server"]),
        (
            "windows.agent.process",
            "def f():\n    from ..iis import server",
            ["windows.agent.process -> windows.iis.server"],
        ),
        ("windows.iis.server", "from ..agent.process import Agent", []),
        ("windows.iis.server", "from . import binding", []),
    ],
)
def test_an_import_upwards_is_found_wherever_it_stands(name, source, found):
    names = dict.fromkeys(("windows.agent.process", "windows.iis.server", "windows.iis.binding"), "")
    assert upward({**names, name: source}) == found


def test_a_circle_is_found():
    assert circles({"a": "from . import b", "b": "from .c import x", "c": "import emulator.a"}) == ["a", "b", "c"]
