"""What the probe tells of the processes of a folder's programs."""

from __future__ import annotations

import typing as t

from ..windows import clock
from ..windows.machine import Machine
from .probe_query import Query, number, text


def processes(machine: Machine, query: Query) -> dict[str, t.Any]:
    """Answer once there is none of them, or the time is over."""
    limit, waited = number(query.get("wait") or {}, "seconds", 0), 0
    while _found(machine, query) and waited < limit:
        machine.clock.wait()
        waited += 1
    found = _found(machine, query)
    machine.running.looked()
    return {"processes": found, "reached": not found, "waited": waited}


def _found(machine: Machine, query: Query) -> list[dict[str, t.Any]]:
    folder, prefix = text(query, "folder").rstrip("\\").lower() + "\\", text(query, "prefix").lower()
    but, sees = {name.lower() for name in query.get("except") or ()}, machine.caller.sees_starts
    return [
        {
            "id": one.process_id,
            "name": one.name,
            "path": one.path if sees else None,
            "started": clock.stamp(one.started) if sees else None,
        }
        for one in (*machine.running.all(), *machine.service_agents.processes())
        if one.name.lower().startswith(prefix) and one.name.lower() not in but
        if not sees or one.path.lower().startswith(folder)
    ]
