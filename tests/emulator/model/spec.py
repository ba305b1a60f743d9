"""A module's argument spec, read from the .ps1 that travels in the payload."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from . import legacy
from .literals import Literals


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a module takes.

    Attributes:
        options: by name; None for a plain script that takes what it gets.
        legacy: read by Get-AnsibleParam, so that unknown options pass unseen: its parameters.
        open: takes any option besides, as it is: setup does.
        supports_check_mode: whether it may run in check mode.
        rules: mutually_exclusive, required_together, required_one_of, required_if, required_by.
    """

    options: dict[str, dict[str, t.Any]] | None
    legacy: tuple[legacy.Parameter, ...] = ()
    supports_check_mode: bool = True
    rules: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    open: bool = False


@functools.cache
def read(source: str, utilities: str = "") -> Spec:
    """Return the spec that a module's script states.

    Args:
        source: the text of the .ps1.
        utilities: the text of WebRequest.psm1, whose options some modules add.
    """
    if "AnsibleModule]::Create" not in source:
        if "Get-AnsibleParam" not in source:
            return Spec(None)
        checks = bool(re.search(r"supports_check_mode\s+\$true", source, re.IGNORECASE))
        return Spec(None, legacy.parameters(source), supports_check_mode=checks)
    reader = Literals(source)
    made = re.search(r"AnsibleModule\]::Create\(\s*\$args\s*,\s*\$(\w+)(.*?)\)\s*$", source, re.MULTILINE)
    table = reader.variable(made[1]) if made else reader.variable("spec")
    if not isinstance(table, dict):
        return Spec(None)
    if made and "WebRequestSpec" in made[2] and utilities:
        table = _merged(table, Literals(utilities).returned("Get-AnsibleWindowsWebRequestSpec"))
    options = table.get("options") or {}
    rules = {key: value for key, value in table.items() if key not in {"options", "supports_check_mode"}}
    return Spec(
        options if isinstance(options, dict) else None,
        (),
        bool(table.get("supports_check_mode")),
        rules,
        re.search(r"\$spec\.options\.\S+\s*=\s*@\{\s*type\s*=\s*'raw'", source) is not None,
    )


def _merged(table: dict[str, t.Any], more: t.Any) -> dict[str, t.Any]:
    if not isinstance(more, dict):
        return table
    options = {name: dict(option) for name, option in (more.get("options") or {}).items()}
    for name, option in (table.get("options") or {}).items():
        options[name] = {**options.get(name, {}), **option}
    return {**table, "options": options}


def hidden(spec: Spec, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the arguments as Ansible.Basic writes them to the event log: only options declared no_log are masked."""
    return {
        name: (
            "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" if (spec.options or {}).get(name, {}).get("no_log") is True else value
        )
        for name, value in arguments.items()
        if not name.startswith("_ansible_") and value is not None
    }
