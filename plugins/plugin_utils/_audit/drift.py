# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changed since the former record of a server, and whether somebody wanted it."""

from __future__ import annotations

import enum
import typing as t

from .._core.mask import MASK
from .plan_findings import AS_WANTED
from .record import Record
from .rule import Severity, State

KEPT = 12
"""Earlier records whose numbers a record carries, for the plots of the page."""


class Drift(enum.StrEnum):
    """Why something is not as it is wanted."""

    INTENDED = "intended"
    """What is wanted has changed, and the server has not followed yet."""
    DRIFT = "drift"
    """What is wanted is the same, and the server has changed."""
    UNKNOWN = "unknown"
    """There is no former record, or neither says."""


Fields = dict[str, t.Any]


def compared(record: Record, former: Record | None, severities: t.Mapping[str, Severity]) -> Record:
    """Return a record with what changed since the former one that was audited.

    Args:
        record: the new one, waivers applied.
        former: the newest that has findings; None where there is none.
        severities: of the rules.
    """
    old = {_key(one): one for one in (former or {}).get("findings", ())}
    open_states = {State.FAIL.value, State.WAIVED.value}
    time = record["time"]
    found = [
        {**one, **_seen(one, old.get(_key(one)), former, time)} if one["state"] in open_states else one
        for one in record["findings"]
    ]
    now = {_key(one) for one in found if one["state"] in open_states}
    before = {key for key, one in old.items() if one["state"] in open_states}
    audited = {key for key in before if "unaudited" not in record}
    changes = {"new": len(now - before) if former else 0, "resolved": len(audited - now)}
    changes["drift"] = sum(one.get("drift") == Drift.DRIFT for one in found if one["state"] == State.FAIL.value)
    history = [*(former or {}).get("history", ()), *([_numbers(former, severities)] if former else [])][-KEPT:]
    return {**record, "findings": found, "changes": changes, "history": history}


def _numbers(record: Record, severities: t.Mapping[str, Severity]) -> Fields:
    numbers: Fields = {"time": record["time"], **dict.fromkeys(map(str, Severity), 0)}
    for one in record["findings"]:
        if one["state"] == State.FAIL.value:
            numbers[str(severities.get(one["rule"], Severity.LOW))] += 1
    return numbers


def _key(one: Fields) -> tuple[str, str]:
    return one["rule"], one.get("about", "")


def _seen(one: Fields, old: Fields | None, former: Record | None, now: str) -> Fields:
    """Return why something is not as wanted, and since when."""
    if former is None:
        return {"drift": Drift.UNKNOWN.value, "first_seen": now, "last_seen": now}
    was_open = old is not None and old["state"] in {State.FAIL.value, State.WAIVED.value}
    if old is not None and was_open and _same(old, one, "actual") is not False and _same(old, one, "expected"):
        since = old.get("first_seen", former["time"])
        return {"drift": old.get("drift", Drift.UNKNOWN.value), "first_seen": since, "last_seen": now}
    return {
        "last_seen": now,
        "drift": _why(one, old, former).value,
        "first_seen": old.get("first_seen", now) if old and was_open else now,
    }


def _why(one: Fields, old: Fields | None, former: Record) -> Drift:
    if old is None:
        said = {other["state"] for other in former["findings"] if other["rule"] == one["rule"]}
        if not said & {State.PASS.value, State.FAIL.value, State.WAIVED.value}:
            return Drift.UNKNOWN
        # A property that nobody wanted before, or a thing that was not there before.
        is_wanted = one["rule"].endswith(f".{AS_WANTED}") and one.get("expected") != "absent"
        return Drift.INTENDED if is_wanted else Drift.DRIFT
    if old["state"] in {State.UNKNOWN.value, State.NOT_APPLICABLE.value}:
        return Drift.UNKNOWN
    same = _same(old, one, "expected")
    if same is None:
        return Drift.UNKNOWN
    return Drift.DRIFT if same else Drift.INTENDED


def _same(old: Fields, new: Fields, what: str) -> bool | None:
    """Tell whether a value is what it was, None where it is masked and has no fingerprint."""
    name = "wanted_print" if what == "expected" else "actual_print"
    prints = _print(old, name), _print(new, name)
    if all(prints):
        return prints[0] == prints[1]
    texts = _text(old, what), _text(new, what)
    return None if any(MASK in text for text in texts) else texts[0] == texts[1]


def _print(one: Fields, name: str) -> str:
    found = one.get(name, "")
    return str(found or (one.get("wanted_print", "") if one["state"] == State.PASS.value else ""))


def _text(one: Fields, what: str) -> str:
    found = one.get(what, "")
    return str(found or (one.get("expected", "") if one["state"] == State.PASS.value else ""))
