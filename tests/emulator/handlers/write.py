"""The model of `win_im_write`: the same operations on an emulated server. docs/probe-and-writer.md is the contract."""

from __future__ import annotations

import typing as t

from ..model.call import Call, handles
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from .writes import access, archives, certificates, files, locks, tools
from .writes.operation import Operation, Result

_OPERATIONS: dict[str, t.Callable[[Machine, Operation, bool], Result]] = {
    "folder": files.folder,
    "file": files.write,
    "protect": tools.protect,
    "compose": tools.compose,
    "copy": files.copy,
    "remove": files.remove,
    "sweep": files.sweep,
    "extract": archives.extract,
    "compare": archives.compare,
    "certificate": certificates.add,
    "uncertificate": certificates.remove,
    "clear_access": access.clear,
    "rights": access.rights,
    "lock": locks.lock,
}


@handles("imops.identity_manager.win_im_write")
def write(call: Call) -> dict[str, t.Any]:
    """Do the operations in order; the first that fails, or finds that another run was there, ends the run."""
    answer: dict[str, t.Any] = {"protocol": 1, "changed": False, "results": []}
    for operation in call.arguments.get("operations") or []:
        kind = operation.get("operation") or ""
        path = str(operation.get("path") or "")
        try:
            if kind not in _OPERATIONS:
                raise WindowsError("UnknownOperation", f"no such operation: '{kind}'")
            result = _OPERATIONS[kind](call.machine, operation, call.check)
        except WindowsError as error:
            message = f"{kind} '{path}': {call.machine.language.said(error.message)}"
            return answer | {"failed": True, "type": error.type_name, "msg": message}
        answer["results"].append(result | {"operation": kind, "path": path})
        answer["changed"] = answer["changed"] or result["changed"]
        if result.get("contested"):
            break
    return answer
