"""Security descriptors of files: SDDL, access control entries, SIDs, NTFS's inheritance and what it lets whom do.

After [MS-DTYP] 2.5.1 (SDDL) and 2.5.3 (access check).
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import struct
import typing as t

ALIASES = {
    "AN": "S-1-5-7",
    "AU": "S-1-5-11",
    "BA": "S-1-5-32-544",
    "BG": "S-1-5-32-546",
    "BO": "S-1-5-32-551",
    "BU": "S-1-5-32-545",
    "CG": "S-1-3-1",
    "CO": "S-1-3-0",
    "IS": "S-1-5-32-568",
    "IU": "S-1-5-4",
    "LS": "S-1-5-19",
    "NS": "S-1-5-20",
    "NU": "S-1-5-2",
    "OW": "S-1-3-4",
    "RC": "S-1-5-12",
    "SU": "S-1-5-6",
    "SY": "S-1-5-18",
    "WD": "S-1-1-0",
    "AC": "S-1-15-2-1",
    "PU": "S-1-5-32-547",
}
_ALIAS_OF = {sid: alias for alias, sid in ALIASES.items() if alias != "IS"}
TRUSTED_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

FULL = 0x1F01FF
MODIFY = 0x1301BF
READ_EXECUTE = 0x1200A9
READ = 0x120089
WRITE = 0x100116
DENIALS = frozenset({"D", "XD", "OD"})
READ_DATA, WRITE_DATA, APPEND_DATA = 0x1, 0x2, 0x4
_GENERIC = {0x80000000: READ, 0x40000000: 0x120116, 0x20000000: 0x1200A0, 0x10000000: FULL}
_RIGHT_WORDS = {
    "FA": FULL,
    "FR": READ,
    "FW": 0x120116,
    "FX": 0x1200A0,
    "GA": 0x10000000,
    "GR": 0x80000000,
    "GW": 0x40000000,
    "GX": 0x20000000,
    "KA": 0xF003F,
    "KR": 0x20019,
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
_SHOWN = {FULL: "FA", READ: "FR", 0x120116: "FW", 0x1200A0: "FX", 0x10000000: "GA", 0x80000000: "GR"}
_SHOWN |= {0x40000000: "GW", 0x20000000: "GX", 0xA0000000: "GXGR", 0xE0010000: "SDGXGWGR"}


@dataclasses.dataclass(frozen=True)
class Ace:
    """One entry of an access list.

    Attributes:
        kind: ``A`` allows, ``D`` denies; ``XA`` and ``XD`` do so under a condition, ``OA`` and ``OD`` for one kind of
            object, which files do not have, [MS-DTYP] 2.4.4.
        flags: a set of ``OI``, ``CI``, ``NP``, ``IO``, ``ID``.
        rights: the access mask.
        sid: whom it concerns.
        objects: the two GUIDs of an object entry, with the semicolon between them.
        condition: of a conditional entry, in its parentheses.
    """

    kind: str
    flags: frozenset[str]
    rights: int
    sid: str
    objects: str = ";"
    condition: str = ""

    def __str__(self) -> str:
        flags = "".join(flag for flag in ("OI", "CI", "NP", "IO", "ID") if flag in self.flags)
        condition = f";{self.condition}" if self.condition else ""
        sid = _ALIAS_OF.get(self.sid, self.sid)
        return f"({self.kind};{flags};{rights_text(self.rights)};{self.objects};{sid}{condition})"


def rights_text(rights: int) -> str:
    """Return an access mask as SDDL writes it for files."""
    return _SHOWN.get(rights, f"0x{rights:x}")


def rights_of(text: str) -> int:
    """Read an access mask of SDDL."""
    if text.lower().startswith("0x"):
        return int(text, 16)
    mask = 0
    for word in re.findall("..", text):
        mask |= _RIGHT_WORDS[word]
    return mask


@dataclasses.dataclass(frozen=True)
class Descriptor:
    """Owner, and the entries of the DACL with whether it is protected from inheritance."""

    owner: str
    aces: tuple[Ace, ...]
    protected: bool = False

    def sddl(self) -> str:
        """Return it as Windows shows owner and DACL of a file."""
        owner, entries = _ALIAS_OF.get(self.owner, self.owner), "".join(map(str, self.aces))
        return f"O:{owner}D:{'P' if self.protected else ''}AI{entries}"


def parse(sddl: str) -> Descriptor:
    """Read SDDL: owner, group (left out) and DACL.

    Raises:
        ValueError: it is none.
    """
    owner = re.search(r"O:(S-[0-9-]+|[A-Z]{2})", sddl)
    dacl = re.search(r"D:([A-Z]*)(.*)", sddl, re.DOTALL)
    if not dacl:
        raise ValueError(f"no DACL in {sddl!r}")
    aces = []
    for body in _entries(dacl[2]):
        kind, flags, rights, one, two, sid, *condition = body.split(";", 6)
        words = frozenset(re.findall("..", flags))
        aces.append(Ace(kind, words, rights_of(rights), ALIASES.get(sid, sid), f"{one};{two}", "".join(condition)))
    name = owner[1] if owner else "BA"
    return Descriptor(ALIASES.get(name, name), tuple(aces), "P" in dacl[1].replace("AI", "").replace("AR", ""))


def _entries(text: str) -> t.Iterator[str]:
    """Yield what is in the parentheses at the beginning of a text; a condition has parentheses of its own."""
    depth = begin = 0
    for at, sign in enumerate(text):
        if depth == 0 and sign != "(":
            return
        if sign == "(":
            depth, begin = depth + 1, at + 1 if depth == 0 else begin
        elif sign == ")":
            depth -= 1
            if depth == 0:
                yield text[begin:at]


def inherited(parent: t.Iterable[Ace], *, folder: bool, owner: str) -> tuple[Ace, ...]:
    """Return the entries that a child gets from its parent's effective ones, as NTFS works them out.

    An entry of CREATOR OWNER, or with generic rights, is split into one that counts here and one that is only passed
    on. The first is left out where an earlier one says it already.
    """
    entries: list[Ace] = []
    for ace in parent:
        passes = ("CI" in ace.flags) if folder else ("OI" in ace.flags)
        goes_on = folder and "NP" not in ace.flags and bool({"CI", "OI"} & ace.flags)
        if not passes and not (folder and "OI" in ace.flags and "NP" not in ace.flags):
            continue
        below = frozenset(ace.flags & {"CI", "OI"}) if goes_on else frozenset()
        if not passes:  # a folder only hands OI entries on
            entries.append(dataclasses.replace(ace, flags=frozenset({*below, "IO", "ID"})))
            continue
        here = owner if ace.sid == "S-1-3-0" else ace.sid
        concrete = _concrete(ace.rights)
        if here == ace.sid and concrete == ace.rights:
            entries.append(dataclasses.replace(ace, flags=frozenset({*below, "ID"})))
            continue
        if not any(_says(entry, ace.kind, concrete, here) for entry in entries):
            entries.append(Ace(ace.kind, frozenset({"ID"}), concrete, here))
        if below:
            entries.append(Ace(ace.kind, frozenset({*below, "IO", "ID"}), ace.rights, ace.sid))
    return tuple(entries)


def _says(entry: Ace, kind: str, rights: int, sid: str) -> bool:
    return (entry.kind, entry.sid) == (kind, sid) and "IO" not in entry.flags and entry.rights & rights == rights


def _concrete(rights: int) -> int:
    for generic, meaning in _GENERIC.items():
        if rights & generic:
            rights = rights & ~generic | meaning
    return rights


def ordered(explicit: t.Iterable[Ace], from_above: t.Iterable[Ace]) -> tuple[Ace, ...]:
    """Return entries in canonical order: own denials, own grants, then what is inherited."""
    own = list(explicit)
    return (*(a for a in own if a.kind in DENIALS), *(a for a in own if a.kind not in DENIALS), *from_above)


def effective(descriptor: Descriptor, sids: t.Collection[str]) -> int:
    """Return the rights that somebody with these SIDs has ([MS-DTYP] 2.5.3.2): the first entry that names a right
    decides.
    """
    granted = denied = 0
    for ace in descriptor.aces:
        if "IO" in ace.flags or ace.sid not in sids or ace.kind not in {"A", "D"}:
            continue
        rights = _concrete(ace.rights)
        if ace.kind == "D":
            denied |= rights & ~granted
        else:
            granted |= rights & ~denied
    return granted


def pool_sid(name: str) -> str:
    """Return the SID of ``IIS APPPOOL\\name``: SHA-1 of the lower-cased name in UTF-16LE, as five numbers after
    S-1-5-82.
    """
    return _hashed("S-1-5-82", name.lower())


def service_sid(name: str) -> str:
    """Return the SID of ``NT SERVICE\\name``: SHA-1 of the upper-cased name in UTF-16LE, as five numbers after
    S-1-5-80. Windows changes one character to one: what grows in Unicode's full mapping stays ("RtlUpcaseUnicodeChar").
    """
    return _hashed("S-1-5-80", "".join(upper if len(upper := c.upper()) == 1 else c for c in name))


def _hashed(prefix: str, name: str) -> str:
    digest = hashlib.sha1(name.encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join([prefix, *map(str, struct.unpack("<5I", digest))])
