# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pages tell of a fleet: of each server all that did not pass, and of the rest the numbers."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..catalogue import RULES
from ..record import Record
from ..rule import Rule, Severity, State

Fields = dict[str, t.Any]
COUNTED = (State.PASS.value, State.NOT_APPLICABLE.value)
"""States of which the pages only tell how many there are."""
UNREACHED = "unreached"


def severity(rule: str) -> str:
    """Return a rule's severity; of one that this version does not know, low."""
    return str(RULES[rule].severity if rule in RULES else Severity.LOW)


def subject(rule: str) -> str:
    """Return a rule's subject; of one that this version does not know, the beginning of its id."""
    return RULES[rule].subject if rule in RULES else rule.partition(".")[0]


def of_record(record: Record, digest: str) -> Fields:
    """Return what the pages tell of one server."""
    states = collections.Counter(one["state"] for one in record["findings"])
    told = [_shown(one) for one in record["findings"] if one["state"] not in COUNTED]
    told.sort(key=lambda one: (_ORDER[one["state"]], Severity(one["severity"]).rank, one["rule"], one.get("about", "")))
    failed = [one for one in told if one["state"] == State.FAIL.value]
    counts = collections.Counter(one["severity"] for one in failed)
    matrix: dict[str, str] = {}
    for one in record["findings"]:
        name = subject(one["rule"])
        now = _cell(one)
        if name not in matrix or _CELLS.index(now) < _CELLS.index(matrix[name]):
            matrix[name] = now
    return {
        "server": record["server"],
        "time": record["time"],
        "operator": record.get("operator", ""),
        "sequence": record.get("sequence", 0),
        "digest": digest,
        "signed": "signature" in record,
        "unaudited": record.get("unaudited", ""),
        "windows": (record.get("windows") or {}).get("product_name") or "",
        "states": {str(state): states.get(state.value, 0) for state in State},
        "failed": {str(one): counts.get(str(one), 0) for one in Severity},
        "worst": failed[0]["severity"] if failed else "",
        "changes": record.get("changes") or {"new": 0, "resolved": 0, "drift": 0},
        "history": record.get("history") or [],
        "certificates": record.get("certificates") or [],
        "matrix": matrix,
        "findings": told,
    }


_ORDER = {State.FAIL.value: 0, State.UNKNOWN.value: 1, State.WAIVED.value: 2}
_CELLS = (*map(str, Severity), State.UNKNOWN.value, State.WAIVED.value, *COUNTED)


def _shown(one: Fields) -> Fields:
    kept = {name: value for name, value in one.items() if not name.endswith("_print")}
    return {**kept, "severity": severity(one["rule"]), "subject": subject(one["rule"])}


def _cell(one: Fields) -> str:
    return severity(one["rule"]) if one["state"] == State.FAIL.value else str(one["state"])


def of_fleet(servers: list[Fields], made: str, warnings: t.Sequence[str]) -> Fields:
    """Return what the pages tell of all servers.

    Args:
        servers: of each what ``of_record`` returns.
        made: when, UTC.
        warnings: what the reader has to know, such as waivers that end.
    """
    servers = sorted(servers, key=lambda one: one["server"])
    audited = [one for one in servers if not one["unaudited"]]
    totals: Fields = {
        "servers": len(servers),
        "unreached": len(servers) - len(audited),
        "sound": sum(not one["worst"] and not one["states"]["unknown"] for one in audited),
        "with_findings": sum(bool(one["worst"]) for one in audited),
        "undecided": sum(not one["worst"] and bool(one["states"]["unknown"]) for one in audited),
        "states": {str(state): sum(one["states"][state] for one in servers) for state in State},
        "failed": {str(one): sum(server["failed"][one] for server in servers) for one in Severity},
        "changes": {name: sum(one["changes"][name] for one in servers) for name in ("new", "resolved", "drift")},
    }
    totals["worst"] = next((str(one) for one in Severity if totals["failed"][one]), "")
    named = {one["rule"] for server in servers for one in server["findings"]}
    subjects = list(dict.fromkeys(rule.subject for rule in RULES.values()))
    return {
        "schema": 1,
        "made": made,
        "warnings": list(warnings),
        "totals": totals,
        "history": _history(audited),
        "subjects": subjects,
        "rules": {name: _rule(RULES[name]) for name in RULES if name in named},
        "servers": servers,
    }


def _rule(rule: Rule) -> Fields:
    return {name: str(value) for name, value in dataclasses.asdict(rule).items()}


def _history(servers: list[Fields]) -> list[Fields]:
    """Return the numbers of the whole fleet: what each server's last record said, and the one before, and so on."""
    longest = max((len(one["history"]) for one in servers), default=0)
    found = []
    for back in range(longest, 0, -1):
        numbers = [one["history"][-back] for one in servers if len(one["history"]) >= back]
        told = {str(one): sum(number[one] for number in numbers) for one in Severity}
        found.append({"time": max(number["time"] for number in numbers), **told})
    now = {str(one): sum(server["failed"][one] for server in servers) for one in Severity}
    return [*found, {"time": max((one["time"] for one in servers), default=""), **now}]


def fails(fleet: Fields, fail_on: str) -> str:
    """Return why the play fails, empty where it does not.

    Args:
        fleet: what ``of_fleet`` returns.
        fail_on: the least severity that fails it, or ``never``.
    """
    if fail_on == "never":
        return ""
    least = Severity(fail_on).rank
    found = {str(one): fleet["totals"]["failed"][one] for one in Severity if one.rank <= least}
    numbers = ", ".join(f"{number} {name}" for name, number in found.items() if number)
    parts = [f"found {numbers} findings"] if numbers else []
    if fleet["totals"]["unreached"]:
        parts.append(f"{fleet['totals']['unreached']} servers were not audited")
    return f"{' and '.join(parts)}, wanted none of severity {fail_on} or worse" if parts else ""
