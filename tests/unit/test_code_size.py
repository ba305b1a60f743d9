"""Functions and files of the plugins and of the emulator stay small enough to be read at once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("plugins", "tests/emulator")
LINES_OF_A_FUNCTION, LINES_OF_A_FILE = 45, 400


def files(folder):
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return found


def long_functions(path):
    """Return the names of a file's functions with more lines than a function may have."""
    return [
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= LINES_OF_A_FUNCTION
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_function_is_longer_than_45_lines(folder):
    found = {f"{path.relative_to(ROOT)}: {name}" for path in files(folder) for name in long_functions(path)}
    assert found == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_python_file_is_longer_than_400_lines(folder):
    found = {path for path in files(folder) if len(path.read_text("utf-8").splitlines()) > LINES_OF_A_FILE}
    assert {str(path.relative_to(ROOT)) for path in found} == set()


def test_a_function_of_46_lines_is_long_and_one_of_45_is_not(tmp_path):
    for lines, found in ((45, []), (46, ["f"])):
        path = tmp_path / f"of_{lines}_lines.py"
        path.write_text("def f():\n" + "    pass\n" * (lines - 1), "utf-8")
        assert long_functions(path) == found
