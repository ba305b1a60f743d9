# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that somebody has decided not to follow on some servers: with a reason, a name and an end."""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import re
import typing as t

from .._core.plan import Refused
from .record import Record
from .rule import State

SOON = 14
"""Days before its end on which a waiver is warned of."""
KEYS = {"rule", "hosts", "reason", "approved_by", "until"}
OPTIONAL = {"about"}


@dataclasses.dataclass(frozen=True)
class Waiver:
    """One waiver.

    Attributes:
        rule: the rule's id.
        hosts: patterns of servers' names, such as ``*.paris.contoso.com``.
        reason: why the rule is not followed.
        approved_by: who decided that.
        until: the last day on which it holds, in UTC.
        about: a pattern of what it is about; ``*`` for everything that the rule finds.
    """

    rule: str
    hosts: tuple[str, ...]
    reason: str
    approved_by: str
    until: datetime.date
    about: str = "*"

    def covers(self, server: str, finding: t.Mapping[str, t.Any]) -> bool:
        """Tell whether a server's finding is one that it is about, expired or not."""
        named = finding["rule"] == self.rule and fnmatch.fnmatchcase(finding.get("about", ""), self.about)
        return named and any(fnmatch.fnmatchcase(server.lower(), pattern.lower()) for pattern in self.hosts)

    def has_expired(self, now: datetime.datetime) -> bool:
        """Tell whether its last day, in UTC, is over."""
        return now.astimezone(datetime.UTC).date() > self.until


def of(given: t.Any, rules: t.Container[str], servers: t.Collection[str]) -> tuple[Waiver, ...]:
    """Return waivers.

    Args:
        given: as the inventory has them.
        rules: the ids of all rules.
        servers: the names of all servers of the inventory.

    Raises:
        Refused: with everything that is wrong with them.
    """
    if not isinstance(given, list):
        raise Refused(f"waivers: found {type(given).__name__}, wanted a list")
    made: list[Waiver] = []
    wrong: list[str] = []
    for number, one in enumerate(given, 1):
        found = list(_wrong(one, rules, servers))
        wrong += [f"entry {number}: {text}" for text in found]
        if not found:
            hosts = (one["hosts"],) if isinstance(one["hosts"], str) else tuple(one["hosts"])
            until = _date(one["until"]) or datetime.date.min
            made.append(Waiver(one["rule"], hosts, one["reason"], one["approved_by"], until, one.get("about", "*")))
    if wrong:
        raise Refused(f"waivers: nothing was written. {'; '.join(wrong)}")
    return tuple(made)


def _wrong(one: t.Any, rules: t.Container[str], servers: t.Collection[str]) -> t.Iterator[str]:
    if not isinstance(one, dict):
        yield f"found {type(one).__name__}, wanted a dictionary with {', '.join(sorted(KEYS))}"
        return
    missing = sorted(key for key in KEYS if not one.get(key))
    unknown = sorted(map(str, one.keys() - KEYS - OPTIONAL))
    if missing:
        yield f"found no {', '.join(missing)}, wanted all of {', '.join(sorted(KEYS))}"
    if unknown:
        yield f"found {', '.join(unknown)}, wanted only {', '.join(sorted(KEYS | OPTIONAL))}"
    if one.get("rule") and one["rule"] not in rules:
        yield f"found the rule {one['rule']!r}, wanted one of docs/rules.md"
    if one.get("until") and not _date(one["until"]):
        yield f"until: found {one['until']!r}, wanted a date such as 2027-03-31"
    hosts = one.get("hosts") or ()
    for pattern in [hosts] if isinstance(hosts, str) else hosts:
        if not any(fnmatch.fnmatchcase(server.lower(), str(pattern).lower()) for server in servers):
            yield f"hosts: found the pattern {pattern!r}, which no server of the inventory fits"


def _date(given: t.Any) -> datetime.date | None:
    if isinstance(given, datetime.datetime):
        return given.date()
    if isinstance(given, datetime.date):
        return given
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(given)):
        return None
    try:
        return datetime.date.fromisoformat(str(given))
    except ValueError:
        return None


def applied(record: Record, waivers: t.Iterable[Waiver], now: datetime.datetime) -> Record:
    """Return a record in which the findings that a waiver covers are waived; an expired one is named."""
    own = list(waivers)
    found = [
        _applied(one, [waiver for waiver in own if waiver.covers(record["server"], one)], now)
        if one["state"] == State.FAIL.value
        else one
        for one in record["findings"]
    ]
    return {**record, "findings": found}


def _applied(one: dict[str, t.Any], covering: list[Waiver], now: datetime.datetime) -> dict[str, t.Any]:
    holds = next((waiver for waiver in covering if not waiver.has_expired(now)), None)
    if holds:
        told = {"reason": holds.reason, "approved_by": holds.approved_by, "until": holds.until.isoformat()}
        return {**one, "state": State.WAIVED.value, "waiver": told}
    if covering:
        last = max(covering, key=lambda waiver: waiver.until)
        expired = f"the waiver of {last.approved_by} expired on {last.until}"
        return {**one, "reason": "; ".join(filter(None, (one.get("reason"), expired)))}
    return one


def warnings(waivers: t.Iterable[Waiver], now: datetime.datetime) -> t.Iterator[str]:
    """Yield which waivers end soon, and which have ended."""
    for one in waivers:
        left = (one.until - now.astimezone(datetime.UTC).date()).days
        what = f"the waiver of {one.rule} on {', '.join(one.hosts)}, approved by {one.approved_by},"
        if left < 0:
            yield f"{what} expired on {one.until}: correct what it is about, or renew it"
        elif left <= SOON:
            yield f"{what} ends on {one.until}, in {left} days"
