"""Jinja compiles each text once in all tests: Ansible does it anew for every task."""

from __future__ import annotations

import typing as t

import pytest
from ansible._internal._templating import _jinja_bits

_Key = tuple[str, bool]


def compiled_once(patched: pytest.MonkeyPatch) -> None:
    """Keep the code of templates. Those with settings of their own, which are rare, are compiled as ever.

    Args:
        patched: undoes it.
    """
    environment = _jinja_bits.AnsibleEnvironment
    kept: dict[_Key, t.Any] = {}
    compiled = environment.compile

    def once(self: t.Any, source: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        context = _jinja_bits._TemplateCompileContext.current(optional=True)
        if not isinstance(source, str) or self.overlayed or args or kwargs:
            return compiled(self, source, *args, **kwargs)
        key = (str(source), bool(context and context.escape_backslashes))
        if key not in kept:
            kept[key] = compiled(self, source)
        return kept[key]

    patched.setattr(environment, "compile", once)
