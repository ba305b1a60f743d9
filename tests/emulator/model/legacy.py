"""Parameters of modules of the old kind, read from their calls of Get-AnsibleParam, and what that makes of
arguments.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..windows.errors import WindowsError
from .call import ModuleFailure

_CALL = re.compile(
    r"(?:\$(?P<variable>\w+)\s*=\s*)?"
    r"Get-AnsibleParam\s+(?:-obj\s+)?\$\w+\s+(?:-name\s+)?[\"'](?P<name>\w+)[\"'](?P<rest>[^\n]*)",
    re.I,
)
_CONDITION = re.compile(r"-failifempty\s+\(\s*\$(\w+)\s+(?:-in\s+@\(([^)]*)\)|-eq\s+([^)]*))\s*\)", re.I)
_QUOTED = re.compile(r"[\"']([^\"']*)[\"']")
_TRUE = {"yes", "on", "1", "true"}
_INVALID = re.compile(r'[<>"|?*\x00-\x1f]')


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One call of Get-AnsibleParam. A default that is computed is not known: None.

    Attributes:
        variable: what its value is put in.
        required: whether it has to be there.
        required_for: whether it has to be there when another one's variable has one of these values.
    """

    name: str
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False
    default: t.Any = None
    variable: str = ""
    required_for: tuple[str, frozenset[str]] | None = None


def parameters(source: str) -> tuple[Parameter, ...]:
    """Return a script's parameters, in the order in which they are read."""
    return tuple(
        _parameter(match["name"], match["rest"], (match["variable"] or "").lower())
        for match in _CALL.finditer(source)
        if not match["name"].startswith("_ansible")
    )


def _parameter(name: str, rest: str, variable: str) -> Parameter:
    condition = _CONDITION.search(rest)
    default = re.search(r"-default\s+(\$true|\$false|\d+|\"[^\"$]*\"|'[^']*')", rest, re.I)
    kind = re.search(r"-type\s+[\"'](\w+)", rest, re.I)
    return Parameter(
        name,
        kind[1].lower() if kind else None,
        _list(rest, "aliases"),
        _list(rest, "validateset"),
        bool(re.search(r"-failifempty\s+\$true", rest, re.I)),
        _literal(default[1]) if default else None,
        variable,
        (condition[1].lower(), frozenset(map(str.lower, _QUOTED.findall(condition[2] or condition[3]))))
        if condition
        else None,
    )


def _list(rest: str, name: str) -> tuple[str, ...]:
    found = re.search(rf"-{name}\s+((?:[\"'][^\"']*[\"']\s*,?\s*)+)", rest, re.I)
    return tuple(_QUOTED.findall(found[1])) if found else ()


def _literal(text: str) -> t.Any:
    constants: dict[str, t.Any] = {"$true": True, "$false": False}
    if text.lower() in constants:
        return constants[text.lower()]
    return int(text) if text.isdigit() else text[1:-1]


def read(
    wanted: t.Iterable[Parameter], arguments: t.Mapping[str, t.Any], expand: t.Callable[[str], str]
) -> dict[str, t.Any]:
    """Return the arguments as the module sees them, by their first names.

    Raises:
        ModuleFailure: with the message of Get-AnsibleParam.
        WindowsError: a path is empty, which it does not catch.
    """
    given = {name.lower(): value for name, value in arguments.items()}
    values: dict[str, t.Any] = {}
    variables: dict[str, t.Any] = {}
    for parameter in wanted:
        when, among = parameter.required_for or ("", frozenset())
        required = parameter.required or str(variables.get(when)).lower() in among
        value = _value(dataclasses.replace(parameter, required=required), given, expand)
        values[parameter.name] = variables[parameter.variable] = value
    return values


def _value(parameter: Parameter, given: t.Mapping[str, t.Any], expand: t.Callable[[str], str]) -> t.Any:
    name = next((n for n in (parameter.name, *parameter.aliases) if n.lower() in given), None)
    if name is None:
        if parameter.required:
            raise ModuleFailure(f"Get-AnsibleParam: Missing required argument: {parameter.name}")
        value = parameter.default
    else:
        value = given[name.lower()]
        if parameter.choices and str(value).lower() not in {choice.lower() for choice in parameter.choices}:
            shown = "" if value is None else value
            raise ModuleFailure(
                f"Get-AnsibleParam: Argument {name} needs to be one of {','.join(parameter.choices)} but was {shown}."
            )
    return None if value is None else _typed(parameter.kind, name or parameter.name, value, expand)


def _typed(kind: str | None, name: str, value: t.Any, expand: t.Callable[[str], str]) -> t.Any:
    if kind == "path":
        path = expand(str(value))
        if not path:
            message = "Cannot bind argument to parameter 'Path' because it is an empty string."
            raise WindowsError("System.Management.Automation.ParameterBindingException", message)
        if not valid_path(path):
            raise ModuleFailure(f"Get-AnsibleParam: Parameter '{name}' has an invalid path '{path}' specified.")
        return path
    if kind == "str":
        return str(value)
    if kind == "bool":
        return value if isinstance(value, bool) else str(value).lower() in _TRUE
    if kind == "int":
        return _whole(value)
    if kind == "list" and not isinstance(value, list):
        return [part.strip() for part in str(value).split(",")]
    return value


def _whole(value: t.Any) -> int | None:
    """Return what ``-as [int]`` makes of a value; None where it makes nothing."""
    try:
        number = round(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if -(2**31) <= number < 2**31 else None


def valid_path(path: str) -> bool:
    """Tell what ``Test-Path -IsValid`` tells of a path."""
    return bool(path) and not _INVALID.search(path[2:] if path[1:2] == ":" else path)
