# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the agent runs as: the own identity of an application pool or a service, or an account of the server or its
domain.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, Query
from . import account_name, sddl
from .account_name import Form

IDENTITY_SPEC: dict[str, t.Any] = {
    "type": "dict",
    "required": True,
    "options": {"pool": {"type": "str"}, "service": {"type": "str"}, "account": {"type": "str"}},
    "mutually_exclusive": [["pool", "service", "account"]],
    "required_one_of": [["pool", "service", "account"]],
}


OPTIONAL_IDENTITY_SPEC: dict[str, t.Any] = {key: value for key, value in IDENTITY_SPEC.items() if key != "required"}
FORMER_SPEC: dict[str, t.Any] = {
    **OPTIONAL_IDENTITY_SPEC,
    "type": "list",
    "elements": "dict",
    "default": [],
}


@dataclasses.dataclass(frozen=True)
class Identity:
    r"""A pool's name, a service's, or an account's (``DOMAIN\user``, ``user@domain``, ``.\user``, a SID)."""

    pool: str = ""
    account: str = ""
    service: str = ""

    @classmethod
    def of(cls, option: t.Mapping[str, t.Any]) -> Identity:
        """Return the identity of an option checked by ``IDENTITY_SPEC``; a virtual account is its pool or service."""
        account = account_name.of(option.get("account") or "")
        if account.form is Form.SERVICE and account.owner:
            return cls(service=account.owner)
        if account.form is Form.POOL and account.owner:
            return cls(pool=account.owner)
        return cls(option.get("pool") or "", account.text, option.get("service") or "")

    @property
    def name(self) -> str:
        """Return the name that people know it by."""
        if self.account:
            return self.account
        return account_name.of_service(self.service) if self.service else account_name.of_pool(self.pool)

    def questions(self) -> tuple[Query, ...]:
        """Return what has to be asked for its SID: nothing where the SID follows from the name."""
        return () if not self.account or account_name.of(self.account).sid else (probe.account(self.account),)

    def sid(self, ask: Ask) -> str:
        """Return its SID; raises Refused for an account that the server cannot find."""
        if self.pool:
            return sddl.pool_sid(self.pool)
        if self.service:
            return sddl.service_sid(self.service)
        known = account_name.of(self.account).sid
        if known:
            return known
        found = ask(probe.account(self.account))[0]
        if found is None:
            raise Refused(
                f"the server knows no account {self.account!r}: wanted DOMAIN\\user, user@domain, .\\user or"
                " DOMAIN\\name$ of a gMSA; check the spelling and that the server reaches its domain"
            )
        return str(found["sid"])

    def known_sid(self, ask: Ask) -> tuple[str, ...]:
        """Return its SID, or nothing for an account that is gone."""
        try:
            return (self.sid(ask),)
        except Refused:
            return ()

    def token(self, sid: str) -> frozenset[str]:
        """Return the SIDs that its process carries at least."""
        if self.pool:
            return sddl.pool_groups(self.pool)
        if self.service:
            return sddl.service_groups(self.service)
        return frozenset({sid, sddl.IIS_USERS, sddl.USERS, sddl.AUTHENTICATED, sddl.EVERYONE})
