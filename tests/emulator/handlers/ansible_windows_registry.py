"""win_regedit and win_reg_stat of ansible.windows."""

from __future__ import annotations

import re
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.registry import value_data as values
from ..windows.registry.keys import Registry, Value

_PATH = re.compile(r"HK(CC|CR|CU|LM|U):\\", re.IGNORECASE)
_LONGEST = 255


@handles("ansible.windows.win_reg_stat")
def win_reg_stat(call: Call) -> dict[str, t.Any]:
    """Say what a registry key or value holds."""
    path, name = call.arguments["path"] or "", call.arguments.get("name")
    if not _PATH.match(path):
        raise ModuleFailure(f"path: {path} is not a valid registry path, see module documentation for examples.")
    _check_length(path)
    key = call.machine.registry.key(path)
    if key is None:
        return {"changed": False, "exists": False}
    if name is None:
        shown = {written: _property(call, value, written) for written, value in key.values.values()}
        return {"changed": False, "exists": True, "properties": shown, "sub_keys": key.key_names()}
    found = key.values.get(name.lower())
    if found is None:
        return {"changed": False, "exists": False}
    return {"changed": False, "exists": True, **_property(call, found[1], name)}


def _property(call: Call, value: Value, name: str) -> dict[str, t.Any]:
    """Return a value as the module does: bytes as numbers, and raw as texts. To the module the key's own value is a
    text, so that its bytes are numbers in both.
    """
    kind = value.type if name else "String"
    held: t.Any = list(value.data) if isinstance(value.data, bytes) else value.data
    if kind in {"Binary", "None"}:
        return {"type": values.NAMES[kind], "value": held, "raw_value": [f"0x{byte:02x}" for byte in held]}
    shown = call.machine.environment.expand(held) if value.type == "ExpandString" else held
    if kind in {"DWord", "QWord"}:
        shown = value.data % 2 ** (32 if kind == "DWord" else 64)
        return {"type": values.NAMES[kind], "value": shown, "raw_value": shown}
    return {"type": values.NAMES.get(kind, f"Unknown - {kind}"), "value": shown, "raw_value": held}


def _check_length(path: str) -> None:
    if any(len(part) > _LONGEST for part in path.split("\\")[1:]):
        raise WindowsError(
            "System.Management.Automation.MethodInvocationException",
            f'Exception calling "OpenSubKey" with "2" argument(s): "{values.KEY_TOO_LONG}"',
        )


@handles("ansible.windows.win_regedit")
def win_regedit(call: Call) -> dict[str, t.Any]:
    """Make, change or remove a key or a value."""
    arguments, changes = call.arguments, {"data_changed": False, "data_type_changed": False}
    path, name, kind = arguments["path"], arguments["name"], arguments["type"].lower()
    result: dict[str, t.Any] = {"changed": False, **changes}
    if name is None and kind != "string":
        result["warnings"] = [
            "the data type when name is not specified can only be 'string', the type has automatically been converted"
        ]
        kind = "string"
    failing = result | ({"diff": {"before": "", "after": ""}} if call.diff else {})
    if not _PATH.match(path):
        message = f"path: {path} is not a valid powershell path, see module documentation for examples."
        raise ModuleFailure(message, **failing)
    if not path[path.index("\\") :].strip("\\"):
        message = "Cannot bind argument to parameter 'Path' because it is an empty string."
        raise WindowsError("System.Management.Automation.ParameterBindingException", message)
    try:
        data = values.wanted(kind, arguments["data"], named=bool(name))
    except values.Refused as why:
        raise ModuleFailure(str(why), **failing) from None
    if arguments["hive"]:
        if call.machine.files.exists(arguments["hive"]):
            raise ModuleFailure("the emulator's win_regedit loads no hives")
        message = f"hive at path '{arguments['hive']}' is not valid or accessible, cannot load hive"
        raise ModuleFailure(message, **failing)
    _check_length(path)
    if arguments["state"].lower() == "present":
        diff = _present(call, values.KINDS[kind], data, result)
    else:
        diff = _absent(call, result)
    return result | ({"diff": diff} if call.diff else {})


def _present(call: Call, kind: str, data: t.Any, result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Make the key and set the value; note in ``result`` what changed, and return the diff."""
    registry: Registry = call.machine.registry
    path, name = call.arguments["path"], call.arguments["name"] or ""
    key = registry.key(path)
    diff: dict[str, t.Any] = {"before": {path: {}}, "after": {path: {}}}
    if key is None:
        result["changed"], diff["before"] = True, {}
        if call.check:
            return diff
        key = registry.make(path)
    if data is None:
        return diff
    present = key.values.get(name.lower())
    shown = values.shown(kind, data)
    if present is not None:
        value = present[1]
        result["data_type_changed"] = value.type != kind
        result["data_changed"] = values.differ(value.data, data)
        before = values.shown(value.type, value.data)
        diff["before"][path][name] = before
        if not (result["data_type_changed"] or result["data_changed"]):
            diff["after"][path][name] = before
            return diff
    result["changed"] = True
    diff["after"][path][name] = shown
    if not call.check:
        registry.set(path, name, kind, values.text(data) if kind in {"String", "ExpandString"} else data)
    return diff


def _absent(call: Call, result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Remove the key or the value, and return the diff."""
    registry, path, name = call.machine.registry, call.arguments["path"], call.arguments["name"] or ""
    diff: dict[str, t.Any] = {"before": "", "after": ""}
    key = registry.key(path)
    if key is None:
        return diff
    if call.arguments["delete_key"] and not name:
        result["changed"] = True
        if not call.check:
            registry.delete(path)
        return {"before": {path: {}}, "after": {}}
    found = key.values.get(name.lower())
    if found is None:
        return diff
    result["changed"], value = True, found[1]
    data = call.machine.environment.expand(value.data) if value.type == "ExpandString" else value.data
    if not call.check:
        registry.delete_value(path, name)
    return {"before": {path: {name: values.shown(value.type, data)}}, "after": {path: {}}}
