"""Accounts of an emulated server: names, SIDs, group membership, passwords and user rights."""

from __future__ import annotations

import dataclasses
import typing as t

from . import descriptors, group_policy
from .group_policy import GroupPolicy

MACHINE = "S-1-5-21-3623811015-3361044348-30300820"
DOMAIN = "S-1-5-21-1180699209-877415012-3182924384"
BUILT_IN = {
    "Everyone": "S-1-1-0",
    "CREATOR OWNER": "S-1-3-0",
    "NT AUTHORITY\\ANONYMOUS LOGON": "S-1-5-7",
    "NT AUTHORITY\\Authenticated Users": "S-1-5-11",
    "NT AUTHORITY\\INTERACTIVE": "S-1-5-4",
    "NT AUTHORITY\\SERVICE": "S-1-5-6",
    "NT AUTHORITY\\SYSTEM": "S-1-5-18",
    "NT AUTHORITY\\LOCAL SERVICE": "S-1-5-19",
    "NT AUTHORITY\\NETWORK SERVICE": "S-1-5-20",
    "NT SERVICE\\ALL SERVICES": "S-1-5-80-0",
    "BUILTIN\\Administrators": "S-1-5-32-544",
    "BUILTIN\\Users": "S-1-5-32-545",
    "BUILTIN\\Guests": "S-1-5-32-546",
    "BUILTIN\\IIS_IUSRS": "S-1-5-32-568",
}
EVERYBODY = ("S-1-1-0", "S-1-5-11")


@dataclasses.dataclass
class Account:
    """One account or group.

    Attributes:
        name: with its authority, ``CONTOSO\\svc``.
        sid: its SID.
        kind: user, group, gmsa or alias (a local group).
        password: of a user.
        groups: SIDs of local groups that hold it.
    """

    name: str
    sid: str
    kind: str = "user"
    password: str | None = None
    groups: tuple[str, ...] = ()


class Accounts:
    """All accounts that the server can name."""

    def __init__(self, machine: str, domain: str | None) -> None:
        self._machine = machine.split(".", maxsplit=1)[0].upper()
        self._domain = domain.split(".")[0].upper() if domain else None
        self._accounts: dict[str, Account] = {}
        self._english: dict[str, str] = {}
        self._authorities: tuple[str, ...] = ()
        self.rights: dict[str, set[str]] = {
            "SeBatchLogonRight": {"S-1-5-32-544", "S-1-5-32-568"},
            "SeServiceLogonRight": {"S-1-5-80-0"},
        }
        self.policies: tuple[GroupPolicy, ...] = ()
        for name, sid in BUILT_IN.items():
            self._put(Account(name, sid, "alias" if sid.startswith("S-1-5-32-") else "group"))
        self._put(Account(f"{self._machine}\\Administrator", f"{MACHINE}-500", groups=("S-1-5-32-544",)))
        self._next = 1104

    def _put(self, account: Account) -> None:
        self._accounts[account.name.lower()] = account

    def add(
        self,
        name: str,
        kind: str = "user",
        password: str | None = None,
        groups: t.Sequence[str] = (),
        sid: str | None = None,
    ) -> Account:
        """Add an account; a name without authority is local. Its SID is made where none is given."""
        authority, _, short = name.rpartition("\\")
        authority = authority if authority not in {"", "."} else self._machine
        prefix = MACHINE if authority.upper() == self._machine else DOMAIN
        account = Account(f"{authority}\\{short}", sid or f"{prefix}-{self._next}", kind, password, tuple(groups))
        self._next += 1
        self._put(account)
        return account

    def add_pool(self, name: str) -> None:
        """Make ``IIS APPPOOL\\name`` known, as IIS does for each pool."""
        self._put(Account(f"IIS APPPOOL\\{name}", descriptors.pool_sid(name), "virtual", groups=("S-1-5-32-568",)))

    def remove_pool(self, name: str) -> None:
        """Forget a pool's account."""
        self._accounts.pop(f"iis apppool\\{name}".lower(), None)

    def promote(self, domain: str) -> None:
        """Make the server a domain controller: its own accounts are the domain's, names without authority too."""
        former, self._machine = self._machine, domain.split(".", maxsplit=1)[0].upper()
        self._domain = self._machine
        for key, account in list(self._accounts.items()):
            authority, _, short = account.name.partition("\\")
            if authority == former:
                del self._accounts[key]
                self._put(dataclasses.replace(account, name=f"{self._machine}\\{short}"))

    def translate(self, names: t.Mapping[str, str]) -> None:
        """Give built-in accounts other names, by SID; of the former ones only those of NT AUTHORITY are understood.

        Nothing that we know of says so; a server in that language would tell.
        """
        for sid, name in names.items():
            for key, account in list(self._accounts.items()):
                if account.sid != sid:
                    continue
                del self._accounts[key]
                self._put(dataclasses.replace(account, name=name))
                if key.startswith("nt authority\\"):
                    self._english[key] = name.lower()
        self._authorities = tuple(dict.fromkeys(name.partition("\\")[0] for name in names.values() if "\\" in name))

    def find(self, name: str) -> Account | None:
        """Return an account by name (authority may be absent, ``.\\x``, ``x@domain``) or by SID; None when unknown."""
        if name.upper().startswith("S-1-"):
            return next((a for a in self._accounts.values() if a.sid == name.upper()), None)
        lowered = name.replace("/", "\\").lower()
        if lowered.startswith("nt service\\") and lowered not in self._accounts:
            short = name.replace("/", "\\").split("\\", 1)[1]
            return Account(f"NT SERVICE\\{short}", descriptors.service_sid(short), "virtual")
        if "@" in lowered:
            short, domain = lowered.split("@", 1)
            lowered = f"{domain.split('.')[0]}\\{short}"
        if lowered.startswith(".\\"):
            lowered = f"{self._machine.lower()}{lowered[1:]}"
        lowered = self._english.get(lowered, lowered)
        if lowered in self._accounts:
            return self._accounts[lowered]
        for authority in (self._machine, "BUILTIN", "NT AUTHORITY", *self._authorities, self._domain):
            found = self._accounts.get(f"{authority}\\{lowered}".lower()) if authority else None
            if found:
                return found
        return None

    def sid(self, name: str) -> str | None:
        """Return a name's SID, or None."""
        found = self.find(name)
        return found.sid if found else None

    def name(self, sid: str) -> str | None:
        """Return a SID's name, or None."""
        found = self.find(sid)
        return found.name if found else None

    def token(self, name: str) -> frozenset[str]:
        """Return the SIDs that a process of this account carries."""
        found = self.find(name)
        if found is None:
            return frozenset(EVERYBODY)
        users = () if found.sid in {"S-1-5-18"} else ("S-1-5-32-545",)
        extra = ("S-1-5-32-544",) if found.sid == "S-1-5-18" else ()
        return frozenset({found.sid, *found.groups, *users, *extra, *EVERYBODY})

    def service_token(self, name: str) -> frozenset[str]:
        """Return the SIDs that a service's process of this account carries."""
        if name.lower() == "localsystem":
            name = "NT AUTHORITY\\SYSTEM"
        return self.token(name) | {"S-1-5-6"} | ({"S-1-5-80-0"} if name.lower().startswith("nt service\\") else set())

    def apply_policies(self) -> None:
        """Give the rights that group policies assign to whom they list, and to nobody else."""
        for right, (_policy, names) in group_policy.deciding(self.policies).items():
            sids = (name[1:] if name.startswith("*") else self.sid(name) for name in names)
            self.rights[right] = {sid for sid in sids if sid}

    def denied(self, right: str, token: t.Collection[str]) -> bool:
        r"""Tell whether a right that denies is somebody's who carries these SIDs; it comes before what allows.

        learn.microsoft.com "Deny log on as a service", "Deny log on as a batch job".
        """
        return bool(self.rights.get(right, set()).intersection(token))

    def check(self, name: str, password: str) -> bool:
        """Tell whether a password is right."""
        found = self.find(name)
        return found is not None and found.password is not None and found.password == password

    def dump(self) -> dict[str, t.Any]:
        """Return accounts and rights as JSON-able data, without passwords."""
        shown: dict[str, t.Any] = {
            a.name: {"sid": a.sid, "kind": a.kind, "groups": list(a.groups)} for _, a in sorted(self._accounts.items())
        }
        return {"accounts": shown, "rights": {name: sorted(sids) for name, sids in sorted(self.rights.items())}}
