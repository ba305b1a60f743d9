# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Owner and access entries of files in SDDL, after [MS-DTYP] 2.5.1, and what they let whom do."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import struct
import typing as t

READ = 0x120089
READ_EXECUTE = 0x1200A9
MODIFY = 0x1301BF
FULL = 0x1F01FF
NAMES = {"Read": READ, "ReadAndExecute": READ_EXECUTE, "Modify": MODIFY, "FullControl": FULL}
"""The rights that are granted, by the names of .NET's FileSystemRights; SYNCHRONIZE included."""

SERVICE, ALL_SERVICES = "S-1-5-6", "S-1-5-80-0"
EVERYONE, AUTHENTICATED, USERS, IIS_USERS = "S-1-1-0", "S-1-5-11", "S-1-5-32-545", "S-1-5-32-568"
WELL_KNOWN = {
    EVERYONE: "Everyone",
    AUTHENTICATED: "Authenticated Users",
    USERS: "Users",
    IIS_USERS: "IIS_IUSRS",
    "S-1-5-18": "SYSTEM",
    "S-1-5-19": "LOCAL SERVICE",
    "S-1-5-20": "NETWORK SERVICE",
    "S-1-5-32-544": "Administrators",
    "S-1-3-0": "CREATOR OWNER",
}
_ALIASES = {
    "AN": "S-1-5-7",
    "AU": AUTHENTICATED,
    "BA": "S-1-5-32-544",
    "BG": "S-1-5-32-546",
    "BU": USERS,
    "CG": "S-1-3-1",
    "CO": "S-1-3-0",
    "IS": IIS_USERS,
    "IU": "S-1-5-4",
    "LS": "S-1-5-19",
    "NS": "S-1-5-20",
    "NU": "S-1-5-2",
    "OW": "S-1-3-4",
    "PU": "S-1-5-32-547",
    "SU": "S-1-5-6",
    "SY": "S-1-5-18",
    "WD": EVERYONE,
}
_WORDS = {
    "FA": FULL,
    "FR": READ,
    "FW": 0x120116,
    "FX": 0x1200A0,
    "GA": 0x10000000,
    "GR": 0x80000000,
    "GW": 0x40000000,
    "GX": 0x20000000,
    "CC": 0x1,
    "DC": 0x2,
    "LC": 0x4,
    "SW": 0x8,
    "RP": 0x10,
    "WP": 0x20,
    "DT": 0x40,
    "LO": 0x80,
    "CR": 0x100,
    "SD": 0x10000,
    "RC": 0x20000,
    "WD": 0x40000,
    "WO": 0x80000,
}
_GENERIC = {0x80000000: READ, 0x40000000: 0x120116, 0x20000000: 0x1200A0, 0x10000000: FULL}
_ACE = re.compile(r"\(([^()]*)\)")


class BadSddl(ValueError):
    """A text that is no SDDL."""


@dataclasses.dataclass(frozen=True)
class Ace:
    """One access entry.

    Attributes:
        allows: False for a denial.
        sid: whom it is about.
        rights: the access mask, generic rights replaced by those of files.
        inherited: it comes from a folder above.
        here: it counts for the thing itself, not only for what is below.
        folders: it is passed on to folders below.
        files: it is passed on to files below.
        once: it is passed on to one level only.
    """

    allows: bool
    sid: str
    rights: int
    inherited: bool
    here: bool
    folders: bool
    files: bool
    once: bool = False

    @property
    def whole(self) -> bool:
        """Tell whether it counts for the thing itself and everything below."""
        return self.here and self.folders and self.files and not self.once


@dataclasses.dataclass(frozen=True)
class Security:
    """Owner and entries of a file or folder, in the order in which they are looked at."""

    owner: str
    aces: tuple[Ace, ...]
    protected: bool = False

    def of(self, sid: str, *, inherited: bool | None = None) -> tuple[Ace, ...]:
        """Return the entries about somebody: all, only inherited, or only its own."""
        return tuple(a for a in self.aces if a.sid == sid and (inherited is None or a.inherited is inherited))

    def granted(self, sids: t.Collection[str]) -> int:
        """Return what somebody with these SIDs may do: for each right the first entry that names it decides ([MS-DTYP]
        2.5.3.2).
        """
        granted = denied = 0
        for ace in self.aces:
            if ace.here and ace.sid in sids:
                if ace.allows:
                    granted |= ace.rights & ~denied
                else:
                    denied |= ace.rights & ~granted
        return granted


def parse(sddl: str) -> Security:
    """Read owner and DACL.

    Raises:
        BadSddl: it has no DACL, or an entry that cannot be read.
    """
    dacl = re.search(r"D:([A-Z]*)((?:\([^()]*\))*)", sddl)
    if not dacl:
        raise BadSddl(f"no access list in {sddl!r}")
    owner = re.search(r"O:(S-[0-9-]+|[A-Z]{2})", sddl)
    aces = []
    for body in _ACE.findall(dacl[2]):
        kind, flags, rights, _object, _inherited, sid = [*body.split(";"), "", "", "", "", "", ""][:6]
        if kind not in {"A", "D"} or not sid:
            raise BadSddl(f"cannot read the access entry ({body})")
        words = set(re.findall("..", flags))
        passed = ("CI" in words, "OI" in words, "NP" in words)
        aces.append(Ace(kind == "A", _sid(sid), _rights(rights), "ID" in words, "IO" not in words, *passed))
    name = owner[1] if owner else "BA"
    return Security(_sid(name), tuple(aces), "P" in dacl[1].replace("AI", "").replace("AR", ""))


def _sid(text: str) -> str:
    if text.startswith("S-1-"):
        return text
    if text not in _ALIASES:
        return text  # an alias that matters to nobody here
    return _ALIASES[text]


def _rights(text: str) -> int:
    try:
        mask = int(text, 16) if text[:2].lower() == "0x" else sum({_WORDS[word] for word in re.findall("..", text)})
    except (KeyError, ValueError):
        raise BadSddl(f"cannot read the rights {text!r}") from None
    for generic, meaning in _GENERIC.items():
        if mask & generic:
            mask = mask & ~generic | meaning
    return mask


def words(rights: int) -> str:
    """Return rights in words: the named ones that are whole, then what is left over in hex."""
    if not rights:
        return "none"
    for name, mask in reversed(NAMES.items()):
        if rights & mask == mask:
            more = rights & ~mask
            return name if not more else f"{name} + 0x{more:x}"
    return f"0x{rights:x}"


def name(sid: str) -> str:
    """Return a well-known SID's name, or the SID."""
    return WELL_KNOWN.get(sid, sid)


def pool_sid(pool: str) -> str:
    r"""Return the SID of ``IIS APPPOOL\pool``: SHA-1 of the lower-cased name in UTF-16LE, as five numbers after
    S-1-5-82.

    It is the same before the pool exists. Belief [pool-sid]: names beyond ASCII are lower-cased as Python does it; not
    seen.
    """
    digest = hashlib.sha1(pool.lower().encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(["S-1-5-82", *map(str, struct.unpack("<5I", digest))])


def pool_groups(pool: str) -> frozenset[str]:
    """Return the SIDs that a worker process of a pool with its own identity carries."""
    return frozenset({pool_sid(pool), IIS_USERS, USERS, AUTHENTICATED, EVERYONE})


def service_sid(service: str) -> str:
    r"""Return the SID of ``NT SERVICE\service``: SHA-1 of the upper-cased name in UTF-16LE, as five numbers after
    S-1-5-80. Belief [service-sid]: so for every name, learn.microsoft.com "Well-known SIDs".
    """
    digest = hashlib.sha1(service.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(["S-1-5-80", *map(str, struct.unpack("<5I", digest))])


def service_groups(service: str) -> frozenset[str]:
    """Return the SIDs that a service's process with its own virtual account carries."""
    return frozenset({service_sid(service), ALL_SERVICES, SERVICE, USERS, AUTHENTICATED, EVERYONE})
