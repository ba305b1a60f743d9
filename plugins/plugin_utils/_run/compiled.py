# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates that are compiled once in a run and not once for each server.

A worker is a process for one task on one server, and Jinja compiles a template wherever it is used: that was a third of
what a server with nothing to do costs. The process of the run, which all workers begin as a copy of, compiles the
templates of our own roles when it finds the action, and loads the filters and tests that they name. What variables they
name is known from then on, too: Ansible wraps all variables that it is given anew for each template.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import re
import types
import typing as t

from ansible.errors import AnsibleError
from ansible.template import Templar, is_trusted_as_template
from jinja2 import nodes

Any_ = t.TypeVar("Any_")
Variables = dict[str, t.Any] | collections.ChainMap[str, t.Any]
"""Variables as Ansible hands them over."""
NAME = re.compile(r"[A-Za-z_]\w*")
ALIAS = re.compile(r"\{\{ ?([A-Za-z_]\w*)( or omit)? ?\}\}")
"""A template that is nothing but a variable's name."""
_CODE: dict[str, types.CodeType] = {}
"""What Jinja made of templates, by their text."""
_WORDS: dict[str, frozenset[str]] = {}
"""The words of our own templates, the variables among them, by their text."""
_LOADED: dict[str, dict[str, t.Any]] = {"filters": {}, "tests": {}}
"""The filters and tests of our own templates, by their name in a template: ansible-core keeps those of a collection,
and those of Jinja's own, for one environment only, and searches all files of a collection for each.
"""
_CONTAINERS = frozenset({"dict", "list", "_AnsibleTaggedDict", "_AnsibleTaggedList"})
"""The types of data as it is read, by their names, as those of ansible-core are private."""
_REACHING_ALL = frozenset({"vars", "lookup", "query", "q"})
"""What a template gets variables with that it does not name."""


def reuse(templar: Any_) -> Any_:
    """Return a templar whose Jinja takes what was compiled before, where ansible-core lets us reach it."""
    engine = getattr(templar, "_engine", templar)  # private in ansible-core: without it each worker compiles by itself
    environment: t.Any = getattr(engine, "environment", None)
    if hasattr(environment, "overlayed"):
        with contextlib.suppress(TypeError):  # a class that does not fit
            object.__setattr__(environment, "__class__", _reusing(t.cast("t.Hashable", type(environment))))
    for kind, loaded in _LOADED.items():
        held = _plugins(environment, kind)
        for name in loaded.keys() - held.keys():
            held[name] = loaded[name]
    return templar


def _plugins(environment: t.Any, kind: str) -> dict[str, t.Any]:
    """Return the filters or tests that an environment has loaded, where ansible-core lets us reach them."""
    held = getattr(getattr(environment, kind, None), "_wrapped_funcs", None)
    return held if isinstance(held, dict) else {}


def prepare(data: t.Iterable[t.Any]) -> None:
    """Compile the templates inside data, before there are workers."""
    templar = reuse(Templar(variables={}))
    for one in templates_in(list(data)):
        text = str.__str__(one)
        _WORDS[text] = frozenset(NAME.findall(text))
        _load_plugins(templar, text)
        with contextlib.suppress(AnsibleError):  # it names variables, which are not there
            templar.template(one)


def words(template: str) -> frozenset[str]:
    """Return the words of a template, the variables among them."""
    text = str.__str__(template)
    return _WORDS.get(text) or frozenset(NAME.findall(text))


def template(templar: Templar, value: t.Any, variables: Variables, plain: t.Container[str] = frozenset()) -> t.Any:
    """Return what templates inside a value become.

    Args:
        templar: what templates, with the variables.
        value: what is to be templated.
        variables: all variables, whose values may be templates in turn.
        plain: the names of those whose values are none.

    Raises:
        AnsibleError: a template failed.
    """
    if _is_constant(value):
        return value
    templar.available_variables = needed(value, variables, plain)
    try:
        return templar.template(value)
    finally:
        templar.available_variables = variables


def _is_constant(value: t.Any) -> bool:
    """Tell whether templating would surely return a value unchanged: it holds no template, no vaulted text, no ``omit``
    and no container of ansible-core that templates its items when they are read.
    """
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, dict | list):
            if type(item).__name__ not in _CONTAINERS:
                return False
            rest += item.values() if isinstance(item, dict) else item
        elif isinstance(item, str):
            if "{" in item:
                return False
        elif item is not None and not isinstance(item, int | float):
            return False
    return True


def needed(value: t.Any, variables: Variables, plain: t.Container[str]) -> Variables:
    """Return those of the variables that a value's templates can use; all of them where a template is none of ours."""
    found: dict[str, t.Any] = {}
    rest = [value]
    while rest:
        for item in templates_in(rest.pop()):
            alias = ALIAS.fullmatch(item)
            named = frozenset({alias[1]}) if alias else _WORDS.get(str.__str__(item))
            if named is None or named & _REACHING_ALL:
                return variables
            fresh = {name: variables[name] for name in named - found.keys() if name in variables}
            found |= fresh
            rest += [one for name, one in fresh.items() if name not in plain]
    return found


def _load_plugins(templar: Templar, text: str) -> None:
    """Load the filters and tests of a template: ansible-core searches for them in all files of a collection."""
    environment: t.Any = getattr(getattr(templar, "_engine", None), "environment", None)  # private, as in reuse()
    with contextlib.suppress(Exception):  # whatever it is, the template itself tells it where it is used
        for node in environment.parse(text).find_all((nodes.Filter, nodes.Test)):
            kind = "filters" if isinstance(node, nodes.Filter) else "tests"
            getattr(environment, kind).get(node.name)
            _LOADED[kind] |= _plugins(environment, kind)


@functools.cache
def _reusing(plain: t.Any) -> type:
    """Return a class of Jinja environments that reuses what it compiled."""
    if hasattr(plain, "reuses_code"):
        return t.cast("type", plain)

    class Reusing(plain):  # type: ignore[misc]  # known at run time
        reuses_code = True

        def compile(self, source: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
            # Named templates are files; an overlay has other delimiters; what is no text is a condition.
            if args or any(keywords.values()) or self.overlayed or not isinstance(source, str):
                return super().compile(source, *args, **keywords)
            text = str.__str__(source)
            if text not in _CODE:
                _CODE[text] = super().compile(source)
            return _CODE[text]

    return Reusing


def templates_in(data: t.Any) -> t.Iterator[str]:
    """Yield the templates inside data."""
    rest = [data]
    while rest:
        item = rest.pop()
        if isinstance(item, dict | list):
            rest += item.values() if isinstance(item, dict) else item
        elif isinstance(item, str) and "{" in item and is_trusted_as_template(item):
            yield item
