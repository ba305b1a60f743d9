# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups that are as good as anybody on a server, and access lists in which they read and no longer write.

learn.microsoft.com "Well-known SIDs"; the order of entries is [MS-DTYP] 2.4.5's canonical one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import sddl, sddl_text
from .sddl import Ace, Security

BROAD = {
    "S-1-1-0": "Everyone",
    "S-1-2-0": "LOCAL",
    "S-1-2-1": "CONSOLE LOGON",
    "S-1-5-1": "DIALUP",
    "S-1-5-2": "NETWORK",
    "S-1-5-3": "BATCH",
    "S-1-5-4": "INTERACTIVE",
    "S-1-5-6": "SERVICE",
    "S-1-5-7": "ANONYMOUS LOGON",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-13": "TERMINAL SERVER USER",
    "S-1-5-14": "REMOTE INTERACTIVE LOGON",
    "S-1-5-15": "This Organization",
    "S-1-5-17": "IUSR",
    "S-1-5-80-0": "ALL SERVICES",
    "S-1-5-113": "Local account",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-32-547": "Power Users",
    "S-1-5-32-555": "Remote Desktop Users",
    "S-1-5-32-568": "IIS_IUSRS",
    "S-1-15-2-1": "ALL APPLICATION PACKAGES",
    "S-1-15-2-2": "ALL RESTRICTED APPLICATION PACKAGES",
    "DU": "Domain Users",
    "DG": "Domain Guests",
    "DC": "Domain Computers",
}
_OF_A_DOMAIN = {"513": "DU", "514": "DG", "515": "DC"}
_CREATORS = frozenset({"S-1-3-0", "S-1-3-1"})
_OWNERS = frozenset({"S-1-5-18", "S-1-5-32-544", "LA", "DA", "EA"})
_OWNERS_OF_A_DOMAIN = frozenset({"500", "512", "519"})
TRUSTED_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
NEW_FOLDER = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
"""The rights of a folder that is created for the agent: everybody on the server reads programs, as IIS's IUSR must."""
PRIVATE_FOLDER = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
_REMOVES = 0x40 | 0x40000 | 0x80000
"""FILE_DELETE_CHILD, WRITE_DAC and WRITE_OWNER."""
_SAYS_NOTHING = 0x120000
"""READ_CONTROL and SYNCHRONIZE, which are no right to a file's content."""


@dataclasses.dataclass(frozen=True)
class Restricted:
    """A folder's rights as they will be.

    Attributes:
        change: what has to be set, as SDDL; empty where nothing has to be.
        after: the whole of it afterwards, as SDDL.
        writers: who could write before and no longer can: broad groups, and an owner that is not trusted, by name.
    """

    change: str
    after: str
    writers: tuple[str, ...]


def broad_name(sid: str) -> str:
    """Return the name of a broad group; empty for anybody else."""
    if sid.startswith("S-1-5-21-"):
        sid = _OF_A_DOMAIN.get(sid.rpartition("-")[2], "")
    return BROAD.get(sid, "")


def is_trusted_owner(sid: str) -> bool:
    """Tell whether who owns something, and may therefore change its rights, is an administrator or the system."""
    number = sid.rpartition("-")[2] if sid.startswith("S-1-5-21-") else ""
    return sid in _OWNERS or sid == TRUSTED_INSTALLER or number in _OWNERS_OF_A_DOMAIN


def _writes(ace: Ace) -> bool:
    return ace.allows and not ace.conditional and bool(broad_name(ace.sid)) and bool(ace.rights & ~sddl.READ_EXECUTE)


def writers(security: Security) -> tuple[str, ...]:
    """Return the names of the broad groups that may create, change or delete something here or below, and of an owner
    that may give these rights.
    """
    names = dict.fromkeys(broad_name(ace.sid) for ace in security.aces if _writes(ace))
    owner = [] if is_trusted_owner(security.owner) else [f"the owner {sddl.name(security.owner)}"]
    return (*names, *owner)


def removers(security: Security) -> tuple[str, ...]:
    """Return the names of the broad groups that may delete or rename what lies in a folder, whatever rights that has
    itself ("FILE_DELETE_CHILD", learn.microsoft.com "File Access Rights Constants"), or may give themselves that right.
    """
    entries = (ace for ace in security.aces if ace.here and ace.allows and not ace.conditional)
    return tuple(dict.fromkeys(broad_name(ace.sid) for ace in entries if ace.rights & _REMOVES and broad_name(ace.sid)))


def restricted(text: str, where: str, above: Restricted | None) -> Restricted:
    """Return a folder's rights with broad groups reading only.

    Args:
        text: its rights now.
        where: its path, for messages.
        above: what becomes of the agent's folder that it lies in; None where what it inherits comes from elsewhere, and
            is therefore made its own where a broad group would write by it.

    Raises:
        BadSddl: the text cannot be read.
    """
    security = sddl.parse(text, where)
    entries = list(zip(sddl_text.split(text).entries, security.aces, strict=False))
    owner = "" if is_trusted_owner(security.owner) else "O:BA"
    if not entries and security.aces:  # no access list at all: everybody may do everything
        return Restricted(NEW_FOLDER, NEW_FOLDER, writers(security))
    inherits = above is not None and not security.protected
    considered = [pair for pair in entries if not (inherits and pair[1].inherited)]
    from_above = [raw for raw, ace in entries if ace.inherited] if inherits else []
    if inherits and above is not None and above.change:
        from_above = _handed_down(above.after)
    if not any(_writes(ace) for _raw, ace in considered):
        own = [raw for raw, ace in entries if not ace.inherited]
        flag = "PAI" if security.protected else ""
        change = f"{owner}D:{flag}{_text(own)}" if owner else ""
        head = f"O:{'BA' if owner else security.owner}D:{'P' if security.protected else ''}AI"
        kept = from_above if inherits else [raw for raw, ace in entries if ace.inherited]
        return Restricted(change, f"{head}{_text([*own, *kept])}", writers(security) if owner else ())
    kept = [reduced for raw, ace in _canonical(considered) if (reduced := _reduced(raw, ace, security.owner))]
    kept = list(dict.fromkeys(kept))
    flag = "" if inherits else "PAI"
    after = f"O:{'BA' if owner else security.owner}D:{flag or 'AI'}{_text([*kept, *from_above])}"
    return Restricted(f"{owner}D:{flag}{_text(kept)}", after, writers(security))


def created(above: Restricted | None) -> Restricted:
    """Return the rights of a folder that is to be created; ``above``: the agent's folder that it lies in."""
    if above is None:
        return Restricted("", NEW_FOLDER, ())
    return Restricted("", f"O:BAD:AI{_text(_handed_down(above.after))}", ())


def _canonical(entries: t.Iterable[tuple[str, Ace]]) -> list[tuple[str, Ace]]:
    return sorted(entries, key=lambda pair: pair[1].allows)


def _text(entries: t.Iterable[str]) -> str:
    return "".join(f"({entry})" for entry in entries)


def _reduced(raw: str, ace: Ace, owner: str) -> str:
    """Return an entry as one of its own, with what a broad group may write taken out; empty where nothing is left.

    An inherited entry of the owner is that of CREATOR OWNER from above.
    """
    kind, flags, rights, rest = raw.split(";", 3)
    flags = flags.replace("ID", "")
    creator = ace.sid in _CREATORS or (ace.inherited and ace.sid == owner and not is_trusted_owner(owner))
    if creator and ace.allows:
        return ""
    if not _writes(ace):
        return f"{kind};{flags};{rights};{rest}"
    left = ace.rights & sddl.READ_EXECUTE
    return f"{kind};{flags};0x{left:x};{rest}" if left & ~_SAYS_NOTHING else ""


def _handed_down(text: str) -> list[str]:
    """Return the entries that a folder below inherits."""
    found = []
    for raw, ace in zip(sddl_text.split(text).entries, sddl.parse(text).aces, strict=False):
        kind, _flags, rest = raw.split(";", 2)
        below = "" if ace.once else f"{'OI' if ace.files else ''}{'CI' if ace.folders else ''}"
        if ace.folders:
            found.append(f"{kind};{below}ID;{rest}")
        elif ace.files and below:
            found.append(f"{kind};{below}IOID;{rest}")
    return found
