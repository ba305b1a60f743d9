"""Each option of each module that the emulator answers for is read by its handler, or a call that sets it fails."""

from __future__ import annotations

import ast
import inspect

import pytest
from emulator.handlers import HANDLERS
from emulator.model import unmodelled
from emulator.model.installed_modules import spec_of
from in_process import SEARCH, Server, machine

SPECS = {name: spec_of(name, SEARCH) for name in HANDLERS}
OPTIONS = {
    name: tuple(found.options) if found.options is not None else tuple(p.name for p in found.legacy)
    for name, found in SPECS.items()
}
VALUES = {"bool": True, "int": 4711, "list": ["x"], "dict": {"x": "y"}}
REFUSED = [(module, option) for module, options in unmodelled.UNMODELLED.items() for option in sorted(options)]


def words(module, seen):
    """Return the texts and keywords in the source of a handler's file, and in those of handlers that it uses."""
    if module in seen:
        return set()
    seen.add(module)
    nodes = list(ast.walk(ast.parse(inspect.getsource(module))))
    found = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found |= {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
    others = {inspect.getmodule(value) for value in vars(module).values()}
    for other in others:
        if other is not None and other.__name__.startswith("emulator.handlers."):
            found |= words(other, seen)
    return found


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_every_option_of_a_module_is_read_or_listed(name):
    known = words(inspect.getmodule(HANDLERS[name]), set())
    listed = unmodelled.UNMODELLED.get(name, frozenset()) | unmodelled.WITHOUT_EFFECT.get(name, frozenset())
    assert {option for option in OPTIONS[name] if option not in known} <= listed
    assert listed <= set(OPTIONS[name]), "a listed option is one of the module's"


@pytest.mark.parametrize(("name", "option"), REFUSED)
def test_an_option_that_is_not_modelled_makes_the_call_fail(name, option):
    found = SPECS[name]
    about = (found.options or {}).get(option) or {}
    default = about.get("default", next((p.default for p in found.legacy if p.name == option), None))
    choices = about.get("choices") or next((p.choices for p in found.legacy if p.name == option), ())
    listed = choices if isinstance(choices, (list, tuple)) else ()
    values = [value for value in listed if value != default] or [VALUES.get(about.get("type"), "x")]
    value = not default if isinstance(default, bool) else values[0]
    with pytest.raises(unmodelled.ModuleFailure, match=f"does not model the option {option} of"):
        unmodelled.check(name, found, {option: value})
    unmodelled.check(name, found, {option: default})


def test_a_call_over_the_engine_fails_so():
    given = {"name": "WinRM", "load_order_group": "x"}
    result = Server(machine()).engine.call("ansible.windows.win_service", given)
    assert result["failed"]
    assert result["msg"] == "the emulator does not model the option load_order_group of ansible.windows.win_service"
