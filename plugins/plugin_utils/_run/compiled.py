# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates that are compiled once in a run and not once for each server.

A worker is a process for one task on one server, and Jinja compiles a template wherever it is used: that was a third of
what a server with nothing to do costs. The process of the run, which all workers begin as a copy of, compiles the
templates of our own roles when it finds the action.
"""

from __future__ import annotations

import contextlib
import functools
import types
import typing as t

from ansible.errors import AnsibleError
from ansible.template import Templar, is_trusted_as_template

Any_ = t.TypeVar("Any_")
_CODE: dict[str, types.CodeType] = {}
"""What Jinja made of templates, by their text."""


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
    for template in _templates(data):
        with contextlib.suppress(AnsibleError):  # it names variables, which are not there
            templar.template(template)


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


def _templates(data: t.Any) -> t.Iterator[str]:
    if isinstance(data, str):
        if "{" in data and is_trusted_as_template(data):
            yield data
    elif isinstance(data, dict):
        yield from _templates(data.values())
    else:
        for item in data if isinstance(data, t.Iterable) else ():
            yield from _templates(item)
