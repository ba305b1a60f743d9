# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the agent runs as: the own identity of an application pool or a service, or an account of the server or its
domain.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import _questions, _sddl
from ._plan import Refused
from ._questions import Ask, Query

IDENTITY_SPEC: dict[str, t.Any] = {
    "type": "dict",
    "required": True,
    "options": {"pool": {"type": "str"}, "service": {"type": "str"}, "account": {"type": "str"}},
    "mutually_exclusive": [["pool", "service", "account"]],
    "required_one_of": [["pool", "service", "account"]],
}


FORMER_SPEC: dict[str, t.Any] = {
    **{key: value for key, value in IDENTITY_SPEC.items() if key != "required"},
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
        """Return the identity of an option checked by ``IDENTITY_SPEC``."""
        return cls(option.get("pool") or "", option.get("account") or "", option.get("service") or "")

    @property
    def name(self) -> str:
        """Return the name that people know it by."""
        return self.account or (f"NT SERVICE\\{self.service}" if self.service else f"IIS APPPOOL\\{self.pool}")

    def questions(self) -> tuple[Query, ...]:
        """Return what has to be asked for its SID: nothing for a pool or service, whose SID follows from its
        name.
        """
        return () if not self.account or self.account.startswith("S-1-") else (_questions.account(self.account),)

    def sid(self, ask: Ask) -> str:
        """Return its SID; raises Refused for an account that the server cannot find."""
        if self.pool:
            return _sddl.pool_sid(self.pool)
        if self.service:
            return _sddl.service_sid(self.service)
        if self.account.startswith("S-1-"):
            return self.account
        found = ask(_questions.account(self.account))[0]
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
            return _sddl.pool_groups(self.pool)
        if self.service:
            return _sddl.service_groups(self.service)
        return frozenset({sid, _sddl.IIS_USERS, _sddl.USERS, _sddl.AUTHENTICATED, _sddl.EVERYONE})
