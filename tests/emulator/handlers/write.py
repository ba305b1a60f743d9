"""The model of `win_im_write`: the same operations on an emulated server. docs/probe-and-writer.md is the contract."""

from __future__ import annotations

import typing as t

from ..engine import OthersFirst
from ..model.call import Call, handles
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from .writes import access, archives, certificates, files, launch, locks, pools, tools, versions
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
    "swap": versions.swap,
    "prune": versions.prune,
    "certificate": certificates.add,
    "uncertificate": certificates.remove,
    "clear_access": access.clear,
    "grant": access.grant,
    "rights": access.rights,
    "lock": locks.lock,
    "jobs": pools.jobs,
    "pool": pools.pool,
    "launch": launch.launch,
}


def _must_wait(machine: Machine) -> t.Callable[[Operation], bool]:
    return lambda operation: operation.get("operation") == "lock" and locks.is_held(machine, operation)


@handles("imops.identity_manager.win_im_write")
def write(call: Call) -> dict[str, t.Any]:
    """Do the operations in order; the first that fails, finds that another run was there, or waits in vain, ends the
    run.
    """
    answer: dict[str, t.Any] = {"protocol": 1, "changed": False, "results": []}
    operations = call.arguments.get("operations") or []
    if call.machine.lets_others_go_on and not call.check and any(map(_must_wait(call.machine), operations)):
        raise OthersFirst
    for operation in operations:
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
        if result.get("contested") or result.get("reached") is False:
            break
    return answer
