"""What a restart of an agent under IIS consists of: the look for its jobs, and the orders to its application pool."""

from __future__ import annotations

import typing as t

from ...windows import clock
from ...windows.errors import WindowsError
from ...windows.iis.server import Iis
from ...windows.machine import Machine
from .. import probe_processes
from .operation import Operation, Result, text

_NOT_ALLOWED = (
    "Filename: redirection.config\r\nError: Cannot read configuration file due to insufficient permissions\r\n"
)


def jobs(machine: Machine, operation: Operation, check: bool) -> Result:
    """Answer once no such program runs, or the time is over."""
    query: dict[str, t.Any] = {"folder": text(operation, "path"), "prefix": text(operation, "prefix")}
    query |= {"except": operation.get("except") or []}
    query |= {"wait": {"seconds": 0 if check else int(operation.get("seconds") or 0)}}
    found = probe_processes.processes(machine, query)
    return {"changed": False, **found, "time": clock.stamp(machine.clock.now())}


def pool(machine: Machine, operation: Operation, check: bool) -> Result:
    """Order a pool to stop or to start, and wait until it has."""
    iis = machine.iis
    if iis is None:
        raise WindowsError("NoServer", "there is no IIS on this server")
    name, state, seconds = text(operation, "name"), text(operation, "state"), int(operation.get("seconds") or 0)
    if not machine.caller.elevated:
        raise WindowsError("System.UnauthorizedAccessException", _NOT_ALLOWED)
    if not iis.has_pool(name):
        raise WindowsError("NoPool", f"there is no application pool '{name}'")
    found = _now(iis, name)
    changed = found["pools"][0]["state"] != state
    if not check:
        _order(iis, name, found["pools"][0]["state"], state)
    reached, waited = check or not seconds or _reached(found, state), 0
    while not reached:
        found = _now(iis, name)
        reached = _reached(found, state)
        if reached or waited >= seconds:
            break
        machine.clock.wait()
        waited += 1
    return {**found, "changed": changed, "reached": reached, "waited": waited}


def _order(iis: Iis, name: str, now: str, state: str) -> None:
    if state == "Stopped" and now not in {"Stopped", "Stopping"}:
        iis.stop_pool(name)
    elif state == "Started" and now not in {"Started", "Starting"}:
        iis.start_pool(name)


def _now(iis: Iis, name: str) -> dict[str, t.Any]:
    workers = [{"pool": w.pool, "process_id": w.process_id} for w in iis.workers() if w.pool.lower() == name.lower()]
    return {"pools": [{"name": name, "state": iis.pool_state(name)}], "workers": workers}


def _reached(found: dict[str, t.Any], state: str) -> bool:
    return found["pools"][0]["state"] == state and not (state == "Stopped" and found["workers"])
