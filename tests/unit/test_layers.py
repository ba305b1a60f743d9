"""The folders of `plugins/plugin_utils` and the arrows between them, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
import functools
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "plugin_utils"
PACKAGE = "ansible_collections.imops.identity_manager.plugins.plugin_utils"
SUBJECTS = ("_settings", "_certificates", "_server", "_hosting", "_health", "_versions")
FLOORS: tuple[tuple[str, ...], ...] = (
    ("_core", "_dotnet"),
    ("_windows",),
    ("_agent",),
    SUBJECTS,
    (
        "_adopt",
        "_audit",
        "_fleet",
        "_handover",
        "_inventory",
        "_operate",
        "_reach",
        "_remove",
        "_restore",
        "_run",
        "_upgrade",
    ),
)
FLOOR = {folder: number for number, floor in enumerate(FLOORS) for folder in floor}
# What needs Ansible, and what are its neighbours: `_run` builds the views of the others into a run, `_adopt` asks
# what a run asks, and papers hold what the inventory makes and how a server is reached.
NEIGHBOURS = ("_adopt", "_audit", "_fleet", "_handover", "_inventory", "_operate", "_reach")
SAME_FLOOR = {
    *(("_run", neighbour) for neighbour in NEIGHBOURS),
    ("_adopt", "_inventory"),
    ("_handover", "_inventory"),
    ("_handover", "_reach"),
    ("_remove", "_inventory"),
    ("_restore", "_operate"),
    ("_restore", "_upgrade"),
    ("_upgrade", "_operate"),
}
FILES = sorted(UTILS.rglob("*.py"))


def module_of(path: Path) -> tuple[str, ...]:
    """Return the dotted parts of a file below plugin_utils; a folder's own file is the folder."""
    parts = path.relative_to(UTILS).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES = {module_of(path): path for path in FILES}


@functools.cache
def imported(path: Path) -> tuple[tuple[str, ...], ...]:
    """Return the modules of plugin_utils that a file imports, wherever in it."""
    found: list[tuple[str, ...]] = []
    package = path.relative_to(UTILS).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        below = (*package[: len(package) - node.level + 1], *(node.module.split(".") if node.module else ()))
        names = [(*below, alias.name) for alias in node.names]
        found += [name if name in MODULES else below for name in names]
    return tuple(found)


ARROWS = {
    (module_of(path)[0], target[0])
    for path in FILES
    if module_of(path)
    for target in imported(path)
    if target and target[0] != module_of(path)[0]
}


def test_every_folder_has_a_floor():
    assert {module[0] for module in MODULES if module} == set(FLOOR)
    assert len(FLOORS) <= 5


@pytest.mark.parametrize(("start", "end"), sorted(ARROWS))
def test_an_arrow_between_folders_runs_down(start, end):
    assert FLOOR[end] < FLOOR[start] or (start, end) in SAME_FLOOR, f"{start} imports {end}"


def test_no_file_is_its_own_foundation():
    seen: dict[tuple[str, ...], bool] = {}

    def visit(module: tuple[str, ...], way: tuple[tuple[str, ...], ...]) -> None:
        assert module not in way, " imports ".join(".".join(part) for part in (*way[way.index(module) :], module))
        if module not in seen:
            for target in imported(MODULES[module]):
                if target in MODULES and target != module:
                    visit(target, (*way, module))
            seen[module] = True

    for module in MODULES:
        visit(module, ())
    assert len(seen) == len(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(UTILS)))
def test_only_the_run_imports_ansible(path):
    imports = [
        name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
        if name.split(".")[0] == "ansible"
    ]
    assert imports == [] or module_of(path)[0] == "_run"
    importlib.import_module(".".join((PACKAGE, *module_of(path))))
