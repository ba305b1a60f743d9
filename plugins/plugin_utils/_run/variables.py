# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task's variables, each templated once: Jinja compiles a variable's template anew wherever another one names it."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible.errors import AnsibleError
from ansible.template import Templar, is_trusted_as_template

from . import compiled, vaulted
from .compiled import ALIAS


class SettledVariables:
    """Variables that templates are made with. What comes of a template is what Jinja alone makes of it.

    A variable that cannot be templated by itself is left to the template that names it, which may not need it.

    Args:
        templar: what templates.
        variables: the variables, as Ansible hands them over: values may be templates.
        known: what some of them are known to be.
    """

    def __init__(
        self, templar: Templar, variables: t.Mapping[str, t.Any], known: t.Mapping[str, t.Any] | None = None
    ) -> None:
        self._raw, self._bare, self._known = dict(variables), templar, known or {}
        self._values = {**self._raw, **self._known}
        self._templar = compiled.reuse(self._bare.copy_with_new_env(available_variables=self._values))
        self._met, self._settled = set(self._known), set(self._known)

    def set(self, name: str, value: t.Any) -> None:
        """Set a variable to a value that is no template."""
        self._raw[name] = value
        self._known = {other: known for other, known in self._known.items() if other != name}
        if name in self._met:  # something was templated with its former value, or without it
            outdated = {other for other in self._met - self._known.keys() if name in self.names(self._raw.get(other))}
            self._met -= {name, *outdated}
            self._settled -= {name, *outdated}
            self._values |= {other: self._raw[other] for other in outdated}
        self._values[name] = value

    def raw(self, name: str) -> t.Any:
        """Return a variable as it was handed over, perhaps a template; None for one that is not there."""
        return self._raw.get(name)

    @functools.cached_property
    def vaulted(self) -> vaulted.Texts:
        """Return the texts from ansible-vault that the variables hold; results of tasks have none."""
        return vaulted.texts(self._raw)

    def value(self, name: str) -> t.Any:
        """Return a variable's value, None where it cannot be templated."""
        self._settle_variable(name)
        return self._values[name] if name in self._settled else None

    def names(self, value: t.Any) -> frozenset[str]:
        """Return the words of a value's templates, the variables among them, and of the templates of these in turn."""
        found: set[str] = set()
        rest = [value]
        while rest:
            for item in compiled.templates_in(rest.pop()):
                fresh = compiled.words(item) - found
                found |= fresh
                rest += [self._raw[name] for name in fresh if name in self._raw]
        return frozenset(found)

    def arguments(self, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return a task's arguments; those that are ``omit`` are left out.

        Raises:
            AnsibleError: a template failed.
        """
        self._settle(dict(arguments))
        given = {key: value for key, value in arguments.items() if not self._is_omitted(value)}
        known = {key: self._values[name] for key, value in given.items() if (name := self._alias(value)[0])}
        rest = {key: self._replaced(value) for key, value in given.items() if key not in known}
        made = known | self._template(rest)  # what is settled is templated to its ends
        return {key: made[key] for key in given if key in made}

    def holds(self, condition: str | bool) -> bool:
        """Tell whether a condition holds.

        Raises:
            AnsibleError: it failed.
        """
        return self._templar.evaluate_conditional(condition)

    def _settle(self, value: t.Any) -> None:
        """Template, once, every variable that a value's templates name."""
        if isinstance(value, dict):
            for item in value.values():
                self._settle(item)
        elif isinstance(value, list):
            for item in value:
                self._settle(item)
        elif isinstance(value, str) and "{" in value and is_trusted_as_template(value):
            for name in compiled.words(value):
                self._settle_variable(name)

    def _settle_variable(self, name: str) -> None:
        if name in self._met:
            return
        self._met.add(name)
        if name not in self._values:
            return
        raw = self._values[name]
        self._settle(raw)
        with contextlib.suppress(AnsibleError):
            known, omit = self._alias(raw)
            self._values[name] = self._values[known] if known and not omit else self._template(self._replaced(raw))
            self._settled.add(name)

    def _template(self, value: t.Any) -> t.Any:
        return compiled.template(self._templar, value, self._values, self._settled)

    def _replaced(self, value: t.Any) -> t.Any:
        """Return a value where settled variables stand for the templates that are nothing but their names."""
        if isinstance(value, dict):
            return {key: self._replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._replaced(item) for item in value]
        name, omit = self._alias(value)
        return self._values[name] if name and (self._values[name] or not omit) else value

    def _is_omitted(self, value: t.Any) -> bool:
        name, omit = self._alias(value)
        return bool(name and omit and not self._values[name])

    def _alias(self, value: t.Any) -> tuple[str, bool]:
        """Return the settled variable that a template is nothing but the name of, and whether ``or omit`` follows."""
        if isinstance(value, str) and is_trusted_as_template(value):
            found = ALIAS.fullmatch(value)
            if found and found[1] in self._settled:
                return found[1], bool(found[2])
        return "", False
