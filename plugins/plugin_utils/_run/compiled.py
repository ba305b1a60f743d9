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
_REACHING_ALL = frozenset({"vars", "lookup", "query", "q"})
"""What a template gets variables with that it does not name."""


def reuse(templar: Any_) -> Any_:
    """Return a templar whose Jinja takes what was compiled before, where ansible-core lets us reach it."""
    engine = getattr(templar, "_engine", templar)  # private in ansible-core: without it each worker compiles by itself
    environment: t.Any = getattr(engine, "environment", None)
    if hasattr(environment, "overlayed"):
        with contextlib.suppress(TypeError):  # a class that does not fit
            object.__setattr__(environment, "__class__", _reusing(t.cast("t.Hashable", type(environment))))
    return templar


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
    templar.available_variables = needed(value, variables, plain)
    try:
        return templar.template(value)
    finally:
        templar.available_variables = variables


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
            named = environment.filters if isinstance(node, nodes.Filter) else environment.tests
            named.get(node.name)


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
