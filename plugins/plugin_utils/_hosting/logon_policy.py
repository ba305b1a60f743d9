# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a group policy keeps the agent's account from logging on as a service or as a batch job.

learn.microsoft.com "Log on as a service", "Deny log on as a service", "Log on as a batch job" and "Deny log on as a
batch job". What the server's own security policy gives or denies is not known: only the local security authority tells
it, whose functions a script cannot call without compiling.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import probe
from .._core.plan import Plan, Refused
from .._core.probe import Ask, NotAnswered, Query
from .._core.warned import Warned, WarningKind
from .._windows import account_name, sddl
from .._windows.account_name import Form

_EVERYBODY = frozenset({sddl.USERS, sddl.AUTHENTICATED, sddl.EVERYONE})


@dataclasses.dataclass(frozen=True)
class Logon:
    """A kind of logon.

    Attributes:
        title: the policy that allows it, as its English name goes on after "Log on".
        allow: the right.
        deny: the right that comes before it.
        group: the SID of the group that has it on every Windows, and to which the account belongs.
        group_name: its name.
        fails: what happens without the right.
    """

    title: str
    allow: str
    deny: str
    group: str
    group_name: str
    fails: str

    @property
    def question(self) -> Query:
        """Ask what group policies make of it."""
        return probe.policy_rights(self.allow, self.deny)

    def questions(self, account: str) -> tuple[Query, ...]:
        """Return what is asked about an account: nothing about one of Windows' own, whose rights are its own."""
        known = account_name.of(account)
        if not account or known.form is Form.WINDOWS:
            return ()
        return (self.question,) if known.sid else (self.question, probe.account(account))


SERVICE = Logon(
    *("as a service", "SeServiceLogonRight", "SeDenyServiceLogonRight", sddl.ALL_SERVICES, "NT SERVICE\\ALL SERVICES"),
    "the service does not start (event 7041)",
)
BATCH = Logon(
    *("as a batch job", "SeBatchLogonRight", "SeDenyBatchLogonRight", sddl.IIS_USERS, "IIS_IUSRS"),
    "the application pool stops (event 5021)",
)


def judged(logon: Logon, account: str, planned: Plan, ask: Ask, *, runs: bool) -> Plan:
    """Return a plan with what group policies mean for the account; raises Refused where an agent that runs would be
    stopped and could not start again. What they assign may be older than they are, so nothing else is refused for it.

    Args:
        logon: how it logs on.
        account: its name.
        planned: the plan.
        ask: gives the answers to ``logon.questions(account)``.
        runs: whether the agent runs now.
    """
    sid = _sid(logon, account, ask)
    if not sid:
        return planned
    try:
        assigned: t.Mapping[str, t.Any] = ask(logon.question) or {}
    except NotAnswered:
        return planned
    virtual = account_name.of(account).form is Form.SERVICE
    groups = {logon.group} if virtual or logon is BATCH else set()
    denial = _denial(logon, account, assigned.get(logon.deny), _EVERYBODY | groups | {sid})
    allowed = assigned.get(logon.allow)
    missing = "" if denial else _missing(logon, account, allowed, groups | {sid}, virtual=virtual)
    if runs and "restarted_because" in planned.facts and (denial or (missing and virtual and _all_known(allowed))):
        raise Refused(denial or missing)
    warned = tuple(Warned(text, WarningKind.LOGON_POLICY) for text in (denial, missing) if text)
    if not warned:
        return planned
    return dataclasses.replace(planned, warnings=(*planned.warnings, *warned))


def _sid(logon: Logon, account: str, ask: Ask) -> str:
    """Return the SID of an account whose logon is judged, or nothing; an unknown one is refused elsewhere."""
    if not logon.questions(account):
        return ""
    known = account_name.of(account).sid
    found = None if known else ask(probe.account(account))[0]
    return known or (str(found["sid"]) if found else "")


def _denial(logon: Logon, account: str, denied: t.Mapping[str, t.Any] | None, token: t.Container[str]) -> str:
    names = [_name(*one) for one in _listed(denied) if _sid_of(*one) in token]
    if not denied or not names:
        return ""
    return (
        f'found {", ".join(names)} in the list "Deny log on {logon.title}" ({logon.deny}) of the group policy'
        f" {denied['policy']!r}, wanted no denial of {account}: {logon.fails}, whoever else allows it. Take it from"
        " that list, or choose another account; then run gpupdate /force on the server"
    )


def _missing(
    logon: Logon, account: str, allowed: t.Mapping[str, t.Any] | None, enough: t.Collection[str], *, virtual: bool
) -> str:
    listed = list(_listed(allowed))
    if not allowed or any(_sid_of(*one) in {*enough, *_EVERYBODY} for one in listed):
        return ""
    wanted = f"{account} or {logon.group_name}" if logon.group in enough else account
    then = "then run gpupdate /force on the server"
    found = (
        f'found {", ".join(_name(*one) for one in listed) or "nobody"} in the list "Log on {logon.title}"'
        f" ({logon.allow}) of the group policy {allowed['policy']!r}, wanted {wanted}"
    )
    if virtual:
        return f"{found}: {logon.fails}. Add it to that list; {then}"
    return (
        f"{found}, unless it is in a group of that list: what a run grants is taken back when the policy is applied"
        f" again, and then {logon.fails}. Add it to that list; {then}"
    )


def _listed(assigned: t.Mapping[str, t.Any] | None) -> t.Iterator[tuple[str, t.Mapping[str, t.Any] | None]]:
    """Yield what a policy lists, as its text, and as the account that the server knows by it."""
    if assigned:
        yield from zip(assigned["listed"], assigned["accounts"], strict=True)


def _all_known(assigned: t.Mapping[str, t.Any] | None) -> bool:
    """Tell whether the server knows all that a policy lists; another one may be a group with the account in it."""
    return all(account is not None for _text, account in _listed(assigned))


def _name(text: str, account: t.Mapping[str, t.Any] | None) -> str:
    return str(account["name"]) if account else text


def _sid_of(text: str, account: t.Mapping[str, t.Any] | None) -> str:
    return str(account["sid"]) if account else text.upper()


def why_not_started(account: str, result: t.Mapping[str, t.Any]) -> str:
    """Return where the reason of a service's start that failed stands, which the module does not pass on."""
    del result
    return (
        "The System log (Service Control Manager) has the reason: 7038 is a wrong password; 7041 a group policy, or"
        f' one of the server\'s own, that lists who may "Log on as a service" without {account} or'
        f" {SERVICE.group_name}, or that denies it: add one of them to that policy, since what a run grants is taken"
        " back when a group policy is applied again"
    )
