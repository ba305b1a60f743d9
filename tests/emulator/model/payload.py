"""Ansible's payload: which module, with which arguments, wrapped in what. For ansible-core 2.19 to 2.21."""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

SEPARATOR = "\0\0\0\0"
Kind = t.Literal["module", "script", "put_file", "fetch_file", "mkdtemp", "expand_user", "raw"]
_ACTIONS: dict[str, Kind] = {
    "psrp_put_file.ps1": "put_file",
    "winrm_put_file.ps1": "put_file",
    "psrp_fetch_file.ps1": "fetch_file",
    "winrm_fetch_file.ps1": "fetch_file",
    "powershell_mkdtemp.ps1": "mkdtemp",
    "powershell_expand_user.ps1": "expand_user",
}


@dataclasses.dataclass(frozen=True)
class Become:
    """Whom a module becomes."""

    user: str
    password: str | None


@dataclasses.dataclass(frozen=True)
class Invocation:
    """What a pipeline asks for.

    Attributes:
        kind: a module, a file transfer, a helper of the connection, or ``raw`` for a script that is not Ansible's.
        name: the module's full name, or the raw script.
        script: the text of the module.
        arguments: of the module, with ``_ansible_*``; or the parameters of the helper.
        data: further input lines (a file's content).
        become: whom it becomes.
        asynchronous: the async wrapper's parameters.
        utilities: text of module_utils by name.
    """

    kind: Kind
    name: str
    script: str = ""
    arguments: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    data: tuple[str, ...] = ()
    become: Become | None = None
    asynchronous: dict[str, t.Any] | None = None
    utilities: dict[str, str] = dataclasses.field(default_factory=dict)


def decode(script: str, lines: t.Sequence[str]) -> Invocation:
    """Return what a pipeline asks for."""
    parts = "\n".join(lines).split(SEPARATOR)
    first = parts[0].strip()
    if len(parts) < 2 or (
        not first.startswith('{"name": "exec_wrapper') and not first.startswith('{"name":"exec_wrapper')
    ):
        return Invocation("raw", script, data=tuple(lines))
    manifest = json.loads(parts[1])
    data = tuple(line for line in parts[2].strip("\n").split("\n")) if len(parts) > 2 else ()
    become, asynchronous = None, None
    for action in manifest["actions"]:
        name, parameters = action["name"], action.get("params") or {}
        if name == "become_wrapper.ps1":
            become = Become(parameters["BecomeUser"], (action.get("secure_params") or {}).get("BecomePassword"))
        elif name in {"async_wrapper.ps1", "async_watchdog.ps1"}:
            asynchronous = {**(asynchronous or {}), **parameters}
        elif name in _ACTIONS:
            return Invocation(_ACTIONS[name], name, arguments=parameters, data=data, become=become)
        elif name == "module_wrapper.ps1":
            return _module(manifest["scripts"], parameters, data, become, asynchronous)
    raise ValueError(f"no module in {[action['name'] for action in manifest['actions']]}")


def _module(
    scripts: dict[str, t.Any],
    parameters: dict[str, t.Any],
    data: tuple[str, ...],
    become: Become | None,
    asynchronous: dict[str, t.Any] | None,
) -> Invocation:
    path = parameters["Script"]
    text = _script(scripts, path)
    name = path.removesuffix(".ps1").removeprefix("ansible_collections.").replace(".plugins.modules.", ".")
    if not parameters.get("ForModule"):
        return Invocation("script", name, text, data=data, become=become)
    variables = {variable["Name"]: variable["Value"] for variable in parameters.get("Variables") or ()}
    needed = parameters.get("PowerShellModules") or ()
    utilities = {module: _script(scripts, module) for module in needed if module in scripts}
    return Invocation("module", name, text, variables["complex_args"], data, become, asynchronous, utilities)


def _script(scripts: dict[str, t.Any], name: str) -> str:
    return base64.b64decode(scripts[name]["script"]).decode("utf-8-sig")
