# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values as Ansible converts them, and lists that are written as JSON, as a survey or ``-e name=value`` give them."""

from __future__ import annotations

import ast
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

_NAME = "value"
_PYTHON: t.Mapping[str, type] = {"bool": bool, "int": int, "str": str}
"""What a type of Ansible's options is in Python: such a value needs no conversion."""


def converted(value: t.Any, kind: str, elements: str = "") -> tuple[t.Any, bool]:
    """Return a value as a type of Ansible's options, and whether that is possible; the value itself where it is not.

    Args:
        value: the value; none stays none.
        kind: the type, such as ``dict``.
        elements: the type of a list's entries; empty for any.
    """
    if value is None:
        return None, True
    if isinstance(value, dict if kind == "dict" else list) and kind in {"dict", "list"} and not elements:
        return value, True  # itself, with Ansible's tags of the values inside
    inside = value if isinstance(value, list) else ()
    if (kind == "str" and isinstance(value, dict | list)) or (
        elements == "str" and any(isinstance(item, dict | list) for item in inside)
    ):
        return value, False  # Ansible makes a text of them, which nobody wants
    if isinstance(value, _PYTHON.get(kind, ())) and (kind == "bool" or not isinstance(value, bool)):
        return value, True
    spec = {"type": kind, **({"elements": elements} if elements else {})}
    given = as_list(value) if kind == "list" else value
    result = ArgumentSpecValidator({_NAME: spec}).validate({_NAME: given})
    return (value, False) if result.error_messages else (result.validated_parameters[_NAME], True)


def as_list(value: t.Any) -> t.Any:
    """Return the list that a text is the JSON of; anything else as it is. Ansible would part the text at its commas."""
    if not isinstance(value, str) or not value.lstrip().startswith("["):
        return value
    for read in (json.loads, ast.literal_eval):  # the second as Ansible does it for dictionaries
        try:
            found = read(value.strip())
        except (ValueError, SyntaxError):
            continue
        if isinstance(found, list):
            return found
    return value


def prepared(arguments: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a task's arguments without those that are none, which counts as not given, and with lists in the place of
    texts that are the JSON of one, where a list is wanted.

    Args:
        arguments: the task's arguments.
        spec: the module's options.
    """
    return {
        name: as_list(value) if spec.get(name, {}).get("type") == "list" else value
        for name, value in arguments.items()
        if value is not None
    }


def plain(value: t.Any) -> t.Any:
    """Return a value without the tags that Ansible puts on texts: copies of tagged ones take most of the time that a
    check of options takes.
    """
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str.__str__(value) if isinstance(value, str) else value
