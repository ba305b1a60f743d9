"""Who may do what with a file, worked out from a server's dump: the access check of [MS-DTYP] 2.5.3.2 on lists that are
put together as NTFS does it ([MS-DTYP] 2.5.3.4), own denials and grants before those from above.

It reads texts only, and shares no code with what keeps the rights of an emulated server.
"""

from __future__ import annotations

import ntpath
import re
import typing as t

_SIDS = {
    "AC": "S-1-15-2-1",
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
    "PU": "S-1-5-32-547",
    "RC": "S-1-5-12",
    "SU": "S-1-5-6",
    "SY": "S-1-5-18",
    "WD": "S-1-1-0",
}
READ_DATA = 0x1
CHANGES = 0x2 | 0x4 | 0x10 | 0x40 | 0x100 | 0x10000 | 0x40000 | 0x80000
"""Create or write, append, attributes, delete what is below, delete, change rights, take ownership."""
_MASKS = {"FA": 0x1F01FF, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200A0}
_MASKS |= {"GA": 0x1F01FF, "GR": 0x120089, "GW": 0x120116, "GX": 0x1200A0}
_MASKS |= {"CC": 1, "DC": 2, "LC": 4, "SW": 8, "RP": 0x10, "WP": 0x20, "DT": 0x40, "LO": 0x80, "CR": 0x100}
_MASKS |= {"SD": 0x10000, "RC": 0x20000, "WD": 0x40000, "WO": 0x80000}
_GENERIC = ((0x10000000, 0x1F01FF), (0x80000000, 0x120089), (0x40000000, 0x120116), (0x20000000, 0x1200A0))

Files = t.Mapping[str, t.Mapping[str, t.Any]]
Entry = tuple[str, frozenset[str], int, str]
"""Kind, flags, mask and SID."""


def granted(files: Files, path: str, token: t.Collection[str]) -> int:
    """Return what somebody may do with a file or folder of a dump; ``token``: the SIDs that they carry."""
    entries, owner = _entries(files, path), files[path]["owner"]
    limited = any(sid == _SIDS["OW"] and "IO" not in flags for _kind, flags, _mask, sid in entries)
    carried = {*token, *([_SIDS["OW"]] if owner in token else [])}
    allowed = 0x60000 if owner in token and not limited else 0  # the owner reads and changes the rights
    denied = 0
    for kind, flags, mask, sid in entries:
        if "IO" in flags or sid not in carried or kind not in {"A", "D"}:
            continue
        if kind == "A":
            allowed |= mask & ~denied
        else:
            denied |= mask & ~allowed
    return allowed


def _entries(files: Files, path: str) -> list[Entry]:
    item = files[path]
    own = [_entry(text) for text in item.get("rights", ())]
    ordered = [*(e for e in own if e[0] == "D"), *(e for e in own if e[0] != "D")]
    above = ntpath.dirname(path)
    if item.get("protected") or above == path:
        return ordered
    is_folder = "size" not in item
    handed = [_handed_down(entry, item["owner"], is_folder=is_folder) for entry in _entries(files, above)]
    return [*ordered, *(entry for some in handed for entry in some)]


def _handed_down(entry: Entry, owner: str, *, is_folder: bool) -> list[Entry]:
    kind, flags, mask, sid = entry
    counts = ("CI" if is_folder else "OI") in flags
    goes_on = is_folder and "NP" not in flags and flags & {"OI", "CI"}
    here: list[Entry] = [(kind, frozenset(), mask, owner if sid == _SIDS["CO"] else sid)] if counts else []
    below: list[Entry] = [(kind, frozenset({*(flags & {"OI", "CI"}), "IO"}), mask, sid)] if goes_on else []
    return [*here, *below]


def _entry(text: str) -> Entry:
    kind, flags, rights, _object, _inherited, sid = text.strip("()").split(";")[:6]
    mask = int(rights, 16) if rights.startswith("0x") else 0
    for word in re.findall("..", rights) if not mask else ():
        mask |= _MASKS[word]
    for generic, meaning in _GENERIC:
        mask |= meaning if mask & generic else 0
    return kind, frozenset(re.findall("..", flags)), mask, sid if sid.startswith("S-") else _SIDS[sid]
