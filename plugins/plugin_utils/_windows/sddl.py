# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Owner and access entries of files in SDDL, after [MS-DTYP] 2.5.1, and what they let whom do."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import struct
import typing as t

from . import sddl_text, sid_aliases
from .sddl_text import BadSddl

_PAIR = re.compile("..")
_SID = re.compile(r"S-1-(\d+|0x[0-9A-Fa-f]+)(-\d+)+")
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
_ALLOWS = {"A": True, "XA": True, "OA": True, "ZA": True, "D": False, "XD": False, "OD": False}
_FLAGS = {"CI", "OI", "NP", "IO", "ID", "SA", "FA", "TP", "CR"}


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
        conditional: it counts only under a condition, or for one kind of object of a directory. Whether it counts is
            not known here, so it is told and never reckoned with.
        generic: it is stored with generic rights, which .NET's FileSystemRights have no names for.
    """

    allows: bool
    sid: str
    rights: int
    inherited: bool
    here: bool
    folders: bool
    files: bool
    once: bool = False
    conditional: bool = False
    generic: bool = False

    @property
    def whole(self) -> bool:
        """Tell whether it counts for the thing itself and everything below."""
        return self.here and self.folders and self.files and not self.once


@dataclasses.dataclass(frozen=True)
class Security:
    """Owner and entries of a file or folder, in the order in which they count.

    Attributes:
        owner: SID.
        aces: the entries. Without a list everybody may do everything; then there is one entry that says so.
        protected: whether it inherits nothing.
    """

    owner: str
    aces: tuple[Ace, ...]
    protected: bool = False

    def of(self, sid: str, *, inherited: bool | None = None) -> tuple[Ace, ...]:
        """Return the entries about somebody that count always: all, only inherited, or only its own."""
        return tuple(
            a
            for a in self.aces
            if sid_aliases.is_same(a.sid, sid) and not a.conditional and (inherited is None or a.inherited is inherited)
        )

    @property
    def conditional(self) -> tuple[Ace, ...]:
        """Return the entries of which it is not known whether they count."""
        return tuple(a for a in self.aces if a.conditional)

    def granted(self, sids: t.Collection[str]) -> int:
        """Return what somebody with these SIDs may do: for each right the first entry that names it decides ([MS-DTYP]
        2.5.3.2). Conditional entries are left out.
        """
        granted = denied = 0
        for ace in self.aces:
            if ace.here and not ace.conditional and sid_aliases.is_any(ace.sid, sids):
                if ace.allows:
                    granted |= ace.rights & ~denied
                else:
                    denied |= ace.rights & ~granted
        return granted


def parse(text: str, where: str = "") -> Security:
    """Read owner and access list, the whole text ([MS-DTYP] 2.5.1.1).

    Args:
        text: the security descriptor.
        where: the path that it belongs to, for the message.

    Raises:
        BadSddl: it has no access list, breaks off, or has a part that cannot be read.
    """
    try:
        parts = sddl_text.split(text)
        aces = tuple(map(_ace, parts.entries))
        owner = _sid(parts.owner or "BA")
    except BadSddl as error:
        raise BadSddl(f"the rights of {where} cannot be read: {error}" if where else str(error)) from None
    if "NO_ACCESS_CONTROL" in parts.flags:
        everybody = Ace(allows=True, sid=EVERYONE, rights=FULL, inherited=False, here=True, folders=False, files=False)
        aces = (everybody,)
    return Security(owner, aces, "P" in parts.flags)


def _ace(body: str) -> Ace:
    kind, flags, rights, kind_of_object, inherited_by, sid = [*body.split(";", 6), "", "", "", "", "", ""][:6]
    if kind not in _ALLOWS or not sid:
        raise BadSddl(f"cannot read the access entry ({body})")
    found = _PAIR.findall(flags)
    if "".join(found) != flags or not _FLAGS.issuperset(found):
        raise BadSddl(f"cannot read the flags {flags!r} of the access entry ({body})")
    mask, generic = _rights(rights)
    return Ace(
        allows=_ALLOWS[kind],
        sid=_sid(sid),
        rights=mask,
        inherited="ID" in found,
        here="IO" not in found,
        folders="CI" in found,
        files="OI" in found,
        once="NP" in found,
        conditional=kind[0] in "XZ" or bool(kind_of_object or inherited_by),
        generic=generic,
    )


def _sid(text: str) -> str:
    if text in sid_aliases.OF_A_DOMAIN:
        return text
    if text in sid_aliases.ALIASES:
        return sid_aliases.ALIASES[text]
    if not _SID.fullmatch(text):
        raise BadSddl(f"cannot read the SID {text!r}")
    return text


def _rights(text: str) -> tuple[int, bool]:
    """Return a mask of files' rights, and whether it was stored with generic ones."""
    found = re.findall("..", text)
    try:
        mask = int(text, 0) if text[:1].isdigit() else sum({_WORDS[word] for word in found})
    except (KeyError, ValueError):
        raise BadSddl(f"cannot read the rights {text!r}") from None
    if not text[:1].isdigit() and "".join(found) != text:
        raise BadSddl(f"cannot read the rights {text!r}")
    stored = mask
    for generic, meaning in _GENERIC.items():
        if mask & generic:
            mask = mask & ~generic | meaning
    return mask, mask != stored


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
    if sid in sid_aliases.OF_A_DOMAIN:
        return sid_aliases.OF_A_DOMAIN[sid][1]
    return WELL_KNOWN.get(sid, sid)


def _by_character(text: str, change: t.Callable[[str], str]) -> str:
    """Return a text in another case as Windows changes it: one character for one, so that one whose other case has more
    letters stays ("ß" has no capital; learn.microsoft.com "RtlUpcaseUnicodeString").
    """
    return "".join(other if len(other := change(c)) == 1 else c for c in text)


def pool_sid(pool: str) -> str:
    r"""Return the SID of ``IIS APPPOOL\pool``: SHA-1 of the lower-cased name in UTF-16LE, as five numbers after
    S-1-5-82.

    It is the same before the pool exists. Belief [pool-sid]: names beyond ASCII are lower-cased as Python does it; not
    seen.
    """
    digest = hashlib.sha1(_by_character(pool, str.lower).encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(["S-1-5-82", *map(str, struct.unpack("<5I", digest))])


def pool_groups(pool: str) -> frozenset[str]:
    """Return the SIDs that a worker process of a pool with its own identity carries."""
    return frozenset({pool_sid(pool), IIS_USERS, USERS, AUTHENTICATED, EVERYONE})


def service_sid(service: str) -> str:
    r"""Return the SID of ``NT SERVICE\service``: SHA-1 of the upper-cased name in UTF-16LE, as five numbers after
    S-1-5-80. Belief [service-sid]: so for every name, learn.microsoft.com "Well-known SIDs".
    """
    digest = hashlib.sha1(_by_character(service, str.upper).encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(["S-1-5-80", *map(str, struct.unpack("<5I", digest))])


def service_groups(service: str) -> frozenset[str]:
    """Return the SIDs that a service's process with its own virtual account carries."""
    return frozenset({service_sid(service), ALL_SERVICES, SERVICE, USERS, AUTHENTICATED, EVERYONE})
