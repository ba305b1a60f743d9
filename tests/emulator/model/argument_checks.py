"""The checks that Ansible.Basic makes of a module's arguments with its spec: names, types, defaults, rules."""

from __future__ import annotations

import dataclasses
import typing as t

from . import legacy, option_types
from .call import ModuleFailure
from .literals import Unknown
from .spec import Spec


class Skipped(Exception):
    """The module does not run in check mode: the text says so."""


def _as_it_is(text: str) -> str:
    return text


def check(
    spec: Spec,
    module: str,
    arguments: t.Mapping[str, t.Any],
    *,
    check_mode: bool = False,
    expand: t.Callable[[str], str] = _as_it_is,
) -> dict[str, t.Any]:
    """Return the arguments as the module sees them: names resolved, types made, defaults filled in.

    Args:
        spec: what the module takes.
        module: its full name, for messages.
        arguments: as they came.
        check_mode: whether it is to run in check mode.
        expand: what environment variables in paths are filled in with.

    Raises:
        ModuleFailure: with the message of Ansible.Basic, or of Get-AnsibleParam for a module of the old kind.
        Skipped: it has no check mode.
    """
    given = {name: value for name, value in arguments.items() if not name.startswith("_ansible_")}
    if spec.options is None:
        if check_mode and not spec.supports_check_mode:
            raise Skipped("remote module does not support check mode")
        return {**given, **legacy.read(spec.legacy, given, expand)}
    if spec.open:
        given = {name: value for name, value in given.items() if name.lower() in map(str.lower, _names(spec.options))}
    try:
        _check_names(spec.options, given, module, "")
        if check_mode and not spec.supports_check_mode:
            raise Skipped(f"remote module ({module}) does not support check mode")
        return _checked(spec.options, spec.rules, given, _Context(module, expand))
    except _Invalid as invalid:
        raise ModuleFailure(str(invalid)) from None


def impossible(spec: Spec, arguments: t.Mapping[str, t.Any]) -> list[str]:
    """Return the options of Ansible.Basic whose values are of no use each for itself; which of several it names first
    is not known, since it walks through a hashtable.
    """
    options = spec.options or {}
    names = {name.lower(): option for name, option in _names(options).items()}
    found = []
    for given, value in arguments.items():
        name = names.get(given.lower())
        if name is None or value is None:
            continue
        try:
            _typed(name, options[name], value, _Context("", _as_it_is))
        except _Invalid:
            found.append(name)
    return found


@dataclasses.dataclass(frozen=True)
class _Context:
    """Which module is checked, and in which of its options."""

    module: str
    expand: t.Callable[[str], str]
    within: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f" found in {' -> '.join(self.within)}" if self.within else ""

    def inside(self, option: str) -> _Context:
        return dataclasses.replace(self, within=(*self.within, option))


class _Invalid(Exception):
    pass


def _names(options: dict[str, dict[str, t.Any]]) -> dict[str, str]:
    """Return the options' names by each of their own names and aliases."""
    names: dict[str, str] = {}
    for name, option in options.items():
        aliases = option.get("aliases") if isinstance(option, dict) else None
        for known in [name, *(aliases if isinstance(aliases, list) else [aliases] if aliases else [])]:
            names[str(known)] = name
    return names


def _check_names(options: dict[str, dict[str, t.Any]], given: t.Mapping[str, t.Any], module: str, where: str) -> None:
    names = _names(options)
    known = {name.lower() for name in names}
    unknown = sorted(name for name in given if name.lower() not in known)
    if unknown:
        raise _Invalid(
            f"Unsupported parameters for ({module}) module: {', '.join(unknown)}{where}. "
            f"Supported parameters include: {', '.join(sorted(names))}"
        )


def _checked(
    options: dict[str, dict[str, t.Any]], rules: dict[str, t.Any], given: dict[str, t.Any], context: _Context
) -> dict[str, t.Any]:
    _check_names(options, given, context.module, context.where)
    values, where = _by_option(options, given), context.where
    _check_exclusive(rules, values, where)
    for name, option in options.items():
        default = option.get("default") if isinstance(option, dict) else None
        if default is not None:
            values.setdefault(name, default)
    missing = sorted(
        n for n, o in options.items() if isinstance(o, dict) and o.get("required") is True and n not in values
    )
    if missing:
        raise _Invalid(f"missing required arguments: {', '.join(missing)}{where}")
    result: dict[str, t.Any] = {}
    for name, option in options.items():
        value = values.get(name)
        result[name] = None if value is None or isinstance(value, Unknown) else _typed(name, option, value, context)
    _check_rules(rules, values, where)
    _check_conditions(rules, {name: result[name] for name in values}, where)
    _check_companions(rules, values, where)
    for name, option in options.items():
        if isinstance(option, dict) and result[name] is not None:
            result[name] = _inside(name, option, result[name], context, listed=isinstance(values.get(name), list))
    return result


def _by_option(options: dict[str, dict[str, t.Any]], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what is given by each option's own name. A null counts as given; the last of several aliases counts."""
    lowered = {name.lower(): value for name, value in given.items()}
    values: dict[str, t.Any] = {}
    for alias, name in _names(options).items():
        if alias.lower() in lowered:
            values[name] = lowered[alias.lower()]
    return values


def _check_exclusive(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    for group in _groups(rules.get("mutually_exclusive")):
        both = [name for name in group if name in values]
        if len(both) > 1:
            raise _Invalid(f"parameters are mutually exclusive: {', '.join(group)}{where}")


def _check_rules(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    for group in _groups(rules.get("required_together")):
        if any(n in values for n in group) and not all(n in values for n in group):
            raise _Invalid(f"parameters are required together: {', '.join(group)}{where}")
    for group in _groups(rules.get("required_one_of")):
        if not any(name in values for name in group):
            raise _Invalid(f"one of the following is required: {', '.join(group)}{where}")


def _check_conditions(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    for rule in _groups(rules.get("required_if")):
        if len(rule) >= 3 and values.get(rule[0]) == rule[1]:
            needed = rule[2] if isinstance(rule[2], list) else [rule[2]]
            absent = [name for name in needed if name not in values]
            any_is_enough = len(rule) > 3 and rule[3] is True
            if absent and not (any_is_enough and len(absent) < len(needed)):
                kind = "any" if any_is_enough else "all"
                raise _Invalid(
                    f"{rule[0]} is {rule[1]} but {kind} of the following are missing: {', '.join(absent)}{where}"
                )


def _check_companions(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    companions = rules.get("required_by")
    for name, needed in companions.items() if isinstance(companions, dict) else ():
        absent = [n for n in (needed if isinstance(needed, list) else [needed]) if n not in values]
        if name in values and absent:
            raise _Invalid(f"missing parameter(s) required by '{name}': {', '.join(absent)}{where}")


def _groups(value: t.Any) -> list[list[t.Any]]:
    if not isinstance(value, list) or not value:
        return []
    return value if isinstance(value[0], list) else [value]


def _typed(name: str, option: dict[str, t.Any], value: t.Any, context: _Context) -> t.Any:
    kind = option.get("type") or "str"
    made = value
    if isinstance(kind, str):
        try:
            made = option_types.made(kind, value, context.expand)
        except option_types.Inconvertible as why:
            raise _Invalid(
                f"argument for {name} is of type {option_types.net_type(value)} and we were unable to convert to"
                f" {kind}: {why}{context.where}"
            ) from None
    choices = option.get("choices")
    if isinstance(choices, list) and not any(isinstance(c, Unknown) for c in choices):
        known = {str(choice).lower() for choice in choices}
        wrong = [str(item) for item in (made if isinstance(made, list) else [made]) if str(item).lower() not in known]
        if wrong:
            raise _Invalid(
                f"value of {name} must be {'one or more of' if kind == 'list' else 'one of'}:"
                f" {', '.join(map(str, choices))}. Got no match for: {', '.join(wrong)}{context.where}"
            )
    return made


def _inside(name: str, option: dict[str, t.Any], value: t.Any, context: _Context, *, listed: bool) -> t.Any:
    """Check what is in a list or a dictionary; one that was listed has its texts as PowerShell wraps them."""
    inner, elements = option.get("options"), option.get("elements")
    if option.get("type") == "dict" and isinstance(inner, dict) and isinstance(value, dict):
        return _checked(inner, option, value, context.inside(name))
    if not isinstance(value, list) or not isinstance(elements, str):
        return value
    if elements == "dict" and isinstance(inner, dict):
        return [_checked(inner, option, dict(element), context.inside(name)) for element in value]
    made = []
    for element in value:
        try:
            made.append(option_types.made(elements, element, context.expand))
        except option_types.Inconvertible:
            wrapped = listed and isinstance(element, str)
            kind = "System.Management.Automation.PSObject" if wrapped else option_types.net_type(element)
            raise _Invalid(
                f"argument for list entry {name} is of type {kind} and we were unable to convert to"
                f" {elements}: Exception has been thrown by the target of an invocation.{context.where}"
            ) from None
    return made
