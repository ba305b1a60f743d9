# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the fleet's page tells of rollouts: of each its record, whose form is in docs/schema/rollout_record.json."""

from __future__ import annotations

import typing as t

Fields = dict[str, t.Any]
SCHEMA = 1
MOST = 10
"""Of how many rollouts the page tells: the newest ones. The records of all of them stay in their folders."""
_STATES = ("done", "failed", "rolled_back", "lost", "cut", "running", "held", "waiting", "was_down")


def told(record: t.Any) -> Fields:
    """Return what the page tells of a record.

    Raises:
        ValueError: it is not a record of this version.
    """
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        found = record.get("schema") if isinstance(record, dict) else type(record).__name__
        raise ValueError(f"found schema {found}, wanted {SCHEMA}")
    servers = [_server(one) for one in _list(record, "servers")]
    totals = {name: sum(one["state"] == name for one in servers) for name in _STATES}
    budget = record.get("budget")
    return {
        **{name: str(record.get(name, "")) for name in ("rollout", "kind", "began", "ended")},
        "budget": _texts(budget, "given") if isinstance(budget, dict) else [],
        "window": _texts(record, "window"),
        "operators": sorted({str(one.get("operator", "")) for one in _list(record, "jobs")} - {""}),
        "waves": [
            {
                "number": str(one.get("number", "")),
                "upto": str(one.get("upto", "")),
                "servers": len(_texts(one, "servers")),
            }
            | {name: str(one.get(name, "")) for name in ("began", "ended")}
            for one in _list(record, "waves")
        ],
        "servers": servers,
        "totals": {name: number for name, number in totals.items() if number},
        "longest": max((one["outage"] for one in servers if one["outage"] is not None), default=None),
    }


def newest(rollouts: t.Sequence[Fields]) -> list[Fields]:
    """Return the newest of some rollouts, the newest first."""
    return sorted(rollouts, key=lambda one: (one["began"], one["rollout"]), reverse=True)[:MOST]


def _server(one: Fields) -> Fields:
    outage = one.get("outage")
    names = ("server", "state", "why", "began", "ended", "from_version", "to_version")
    return {
        **{name: str(one.get(name, "")) for name in names},
        "wave": str(one.get("wave", "")),
        "outage": outage if isinstance(outage, int) else None,
        "changed": bool(one.get("changed")),
    }


def _list(fields: Fields, name: str) -> list[Fields]:
    found = fields.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{name}: wanted a list of objects")
    return found


def _texts(fields: Fields, name: str) -> list[str]:
    found = fields.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []
