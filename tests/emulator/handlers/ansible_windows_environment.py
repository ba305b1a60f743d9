"""win_environment of ansible.windows."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.registry.value_data import text

LONGEST_OF_A_USER = 254
NAME_WITH_EQUALS = "Environment variable name cannot contain equal character."
TOO_LONG = "Environment variable name or value is too long."


@handles("ansible.windows.win_environment")
def win_environment(call: Call) -> dict[str, t.Any]:
    """Set or remove variables of the machine, the user or the module's own process."""
    arguments, level = call.arguments, call.arguments["level"]
    variables = arguments["variables"]
    if variables is None:
        variables = {arguments["name"]: arguments["value"]}
    result: dict[str, t.Any] = {"changed": False, "values": {}, "env_values": {}}
    diff: dict[str, t.Any] = {"before": {level: {}}, "after": {level: {}}}
    state = (arguments["state"] or "").lower()
    for name, given in variables.items():
        value = "" if given is None else text(given)
        if state == "absent" and value:
            result["warnings"] = [
                f"When removing environment variable '{name}' it should not have a value '{value}' set"
            ]
        elif state == "present" and not value:
            raise ModuleFailure(
                "When state=present, value must be defined and not an empty string, if you wish to remove the envvar,"
                " set state=absent",
                **result,
                **({"diff": diff} if call.diff else {}),
            )
        status = _set(call, name, value, state or ("present" if value else "absent"))
        for when in ("before", "after"):
            if status[when]:
                diff[when][level][name] = status[when]
        result["values"][name] = result["env_values"][name] = status
        result["changed"] = result["changed"] or status["changed"]
        result["before_value"], result["value"] = status["before"], status["after"]
    return result | ({"diff": diff} if call.diff else {})


def _set(call: Call, name: str, value: str, state: str) -> dict[str, t.Any]:
    """Set or remove one variable. The value is shown as it was given, when it is to be removed as well."""
    if not name:
        message = "Cannot bind argument to parameter 'Name' because it is an empty string."
        raise WindowsError("System.Management.Automation.ParameterBindingException", message)
    environment, level = call.machine.environment, call.arguments["level"].lower()
    before = environment.stored(name, level)
    holds = before is not None and (state == "absent" or before.lower() == value.lower())
    changed = holds == (state == "absent")
    if changed and not call.check:
        _check_name(name, level)
        environment.store(name, value if state == "present" else None, level)
    return {"changed": changed, "before": before, "after": value}


def _check_name(name: str, level: str) -> None:
    why = NAME_WITH_EQUALS if "=" in name else None
    if level == "user" and len(name) > LONGEST_OF_A_USER:
        why = TOO_LONG
    if why:
        message = f'Exception calling "SetEnvironmentVariable" with "3" argument(s): "{why}"'
        raise WindowsError("System.Management.Automation.MethodInvocationException", message)
