"""Values made what an option's type says, as Ansible.Basic does it."""

from __future__ import annotations

import json
import typing as t

from . import pairs

_TRUE = ("y", "yes", "on", "1", "true", "t", "1.0")
_FALSE = ("n", "no", "off", "0", "false", "f", "0.0")
INVALID_IN_PATHS, EMPTY_PATH = '"<>|', "The path is not of a legal form."
_NET_TYPES = {bool: "Boolean", int: "Int32", float: "Double", str: "String", list: "Object[]"}


class Inconvertible(Exception):
    """A value that cannot be made what the spec wants: the text is .NET's, as far as it is known."""


def net_type(value: t.Any) -> str:
    """Return a value's type as .NET names it."""
    return f"System.{_NET_TYPES.get(type(value), 'Collections.Hashtable')}"


def made(kind: str, value: t.Any, expand: t.Callable[[str], str]) -> t.Any:
    """Return a value as the type of its option has it.

    Args:
        kind: the type.
        value: what was given.
        expand: fills the names of variables in a path in.

    Raises:
        Inconvertible: it cannot be made so.
    """
    if kind in {"str", "path", "sid"}:
        text = f"System.{_NET_TYPES[list]}" if isinstance(value, list) else str(value)
        text = "System.Collections.Hashtable" if isinstance(value, dict) else text
        return _path(expand(text)) if kind == "path" and not text.startswith("\\\\?\\") else text
    if kind == "bool":
        text = str(value).lower().strip()
        if text not in _TRUE + _FALSE:
            valid = ", ".join(_TRUE + _FALSE)
            raise Inconvertible(f"The value '{text}' is not a valid boolean. Valid booleans include: {valid}")
        return text in _TRUE
    try:
        if kind == "int":
            return int(value)
        if kind == "float":
            return float(value)
    except (TypeError, ValueError):
        # Belief [number-words]: .NET Framework's words; those of .NET 7 and later name the value, dotnet/runtime SR.
        raise Inconvertible("Input string was not in a correct format.") from None
    if kind == "dict" and not isinstance(value, dict):
        return _dictionary(value)
    if kind == "list" and not isinstance(value, list):
        return _list(value)
    return value


def _path(path: str) -> str:
    """Return a path that .NET takes for one."""
    # Belief [path-words]: .NET Framework's signs and words; .NET refuses | alone and says "The path is empty.", dotnet.
    if any(sign in INVALID_IN_PATHS or sign < " " for sign in path):
        raise Inconvertible("string value contains invalid path characters, cannot convert to path")
    if not path:
        raise Inconvertible(EMPTY_PATH)
    return path


def _list(value: t.Any) -> list[t.Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]
    raise Inconvertible(f"{net_type(value)} cannot be converted to a list")


def _dictionary(value: t.Any) -> t.Any:
    if not isinstance(value, str):
        raise Inconvertible(f"{net_type(value)} cannot be converted to a dict")
    if value.startswith("{") and value.endswith("}"):
        try:
            return json.loads(value)
        except ValueError:
            raise Inconvertible("Exception has been thrown by the target of an invocation.") from None
    if "=" not in value:
        raise Inconvertible(
            "string cannot be converted to a dict, must either be a JSON string or in the key=value form"
        )
    return pairs.read(value)
