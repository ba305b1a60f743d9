"""A record of a rollout, made up."""

from __future__ import annotations

import typing as t


def server(name: str, wave: int = 1, state: str = "done", **more: t.Any) -> dict[str, t.Any]:
    return {
        "server": name,
        "wave": wave,
        "state": state,
        "why": "",
        "began": "2027-01-10T22:00:00Z",
        "ended": "2027-01-10T22:05:00Z",
        "outage": 12,
        "changed": True,
        "from_version": "6.1.1",
        "to_version": "6.1.2",
        "job": "j1",
        "attempt": 1,
        **more,
    }


def rollout(*servers: dict[str, t.Any], name: str = "january", day: int = 10, **more: t.Any) -> dict[str, t.Any]:
    return {
        "schema": 1,
        "collection": {"name": "imops.identity_manager", "version": "1.1.0"},
        "rollout": name,
        "kind": "upgrade",
        "began": f"2027-01-{day:02}T22:00:00Z",
        "ended": "",
        "budget": {"given": ["1", "10% after 20"], "allowed": 1, "spent": 1, "running": 0},
        "window": ["mon-fri 22:00-04:00 Europe/Paris"],
        "soak": 0,
        "jobs": [{"job": "j1", "operator": "anna", "controller": "c", "began": "2027-01-10T22:00:00Z", "ended": ""}],
        "waves": [
            {
                "number": 1,
                "upto": "1",
                "servers": [one["server"] for one in servers],
                "began": "2027-01-10T22:00:00Z",
                "ended": "",
                "soaked": "",
            }
        ],
        "servers": list(servers),
        "totals": {"servers": len(servers)},
        **more,
    }
