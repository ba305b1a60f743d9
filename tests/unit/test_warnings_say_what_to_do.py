"""Every warning of a plan says what to do, in the inventory's words or as a command."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

UTILS = Path(__file__).resolve().parents[2] / "plugins" / "plugin_utils"
TO_DO = re.compile(
    r"\b(im_[a-z]\w+|add it|check on|choose|clear|close|export|find|import it|keep a copy|remove|restart it|set"
    r"|use an account)\b",
    re.IGNORECASE,
)
NOTHING_TO_DO = {
    "JOB_RUNS": "the run waits by itself",
    "IIS_RESTARTS": "what the run is going to do",
    "DOTNET_SUPPORT": "the vendor's matter",
    "NOTHING_THERE": "nothing is left to do",
}
ELSEWHERE = {
    "CERTIFICATE_EXPIRES": "_successor of its file",
    "PRODUCT_RULE": "a rule of the product, each with what is wanted",
    "NOT_VERIFIED": "a check, each with its remedy",
    "RESTART_DUE": "the option restart, in whose place the variable is shown",
    "VARIABLE_IGNORED": "the form that .NET wants, from proxy.py",
    "WRITABLE": "REMEDY of its file",
    "READABLE": "REMEDY of its file",
    "WEB_SERVICE_STOPPED": "NO_WEB_SERVICE of its file",
    "LISTENS_ELSEWHERE": "the command of Windows, or the address that is to be added",
    "OVERRIDING_PAGES": "the pages of the server, where they are to be changed",
    "FILES_OF_VERSIONS": "what becomes of each file, from suitable.py",
    "LOGON_POLICY": "_denial and _missing of its file",
}


ABOUT_ITSELF = {"PASSWORD_ON_COMMAND_LINE", "SHORT_SECRET"}
"""Warnings that tell which other choice has no such weakness."""


def text_of(call, tree):
    """Return the words of a warning, those of the variable that it may be in included."""
    whole = [call.args[0]]
    if isinstance(call.args[0], ast.Name):
        functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
        (function,) = [one for one in functions if one.lineno <= call.lineno <= one.end_lineno]
        assigned = [one for one in ast.walk(function) if isinstance(one, ast.Assign) and one.lineno < call.lineno]
        whole = [one.value for one in assigned if getattr(one.targets[0], "id", "") == call.args[0].id][-1:]
    nodes = [node for one in whole for node in ast.walk(one)]
    return " ".join(str(node.value) for node in nodes if isinstance(node, ast.Constant))


def warnings():
    """Yield file, kind and words of each warning that is made in a plan."""
    for path in sorted(UTILS.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Warned" and len(call.args) > 1:
                yield str(path.relative_to(UTILS)), getattr(call.args[1], "attr", ""), text_of(call, tree)


FOUND = sorted(set(warnings()))


def test_all_warnings_are_found_and_each_exception_is_of_one():
    assert len(FOUND) > 30
    assert NOTHING_TO_DO.keys() | ELSEWHERE.keys() | ABOUT_ITSELF <= {kind for _path, kind, _text in FOUND}


@pytest.mark.parametrize(("path", "kind", "text"), FOUND)
def test_a_warning_says_what_to_do(path, kind, text):
    exempt = NOTHING_TO_DO.keys() | ELSEWHERE.keys() | ABOUT_ITSELF
    assert TO_DO.search(text) or kind in exempt, f"{path}: {text}"
