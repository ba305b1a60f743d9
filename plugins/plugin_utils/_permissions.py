# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rights of the agent's identity on its folders: what is missing is added, what is too much is taken. Docs:
win_im_permissions.yml.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import _questions, _sddl, _windows_path
from ._folders import Folders
from ._identity import FORMER_SPEC, IDENTITY_SPEC, Identity
from ._plan import Diff, Operation, Plan, Refused, write
from ._questions import Ask, Query
from ._sddl import Security

MODULE = "ansible.windows.win_acl"
PROFILES: dict[str, dict[str, str]] = {
    # The verdict on the vendor's contradicting tables (docs/hosting.md, "Folders and rights").
    "recommended": {"": "ReadAndExecute", "Temp": "Modify", "Work": "Modify", "Mails": "Modify"},
    # "Set the Working Directory's Permissions" of the user guide.
    "guide": {"": "ReadAndExecute", "Temp": "FullControl", "Work": "FullControl", "Mails": "FullControl"},
    # "Agent requirements": modify on the whole working directory, its binaries included.
    "requirements": {"": "Modify"},
}
SYNCHRONIZE, DELETE_BELOW = 0x100000, 0x40

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "working_directory": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "identity": IDENTITY_SPEC,
        "former_identities": FORMER_SPEC,
        "profile": {"type": "str", "choices": list(PROFILES), "default": "recommended"},
        "rights": {"type": "dict", "default": {}},
        "grant": {"type": "str", "choices": ["explicit", "when_missing"], "default": "explicit"},
        "remove_surplus": {"type": "bool", "default": True},
        "deny": {"type": "str", "choices": ["keep", "remove"], "default": "remove"},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Who shall have which rights.

    Attributes:
        identity: whom it is about.
        former: who had rights before and loses them.
        rights: a right's name for each folder's path, in order; a folder without one only inherits.
        grant: explicit, or when_missing: rights through a group are enough.
        remove_surplus: whether entries of the identity that are not wanted go.
        deny: whether denials of the identity go or stay.
    """

    identity: Identity
    former: tuple[Identity, ...]
    rights: tuple[tuple[str, str | None], ...]
    root: str
    grant: str
    remove_surplus: bool
    deny: str

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        folders = Folders.of(arguments["working_directory"], arguments["folders"])
        table: dict[str, str | None] = dict(PROFILES[arguments["profile"]])
        for name, right in arguments["rights"].items():
            if name not in {"", *folders.names()}:
                raise Refused(
                    f"rights: found {name!r}, wanted one of {', '.join(folders.names())}, or '' for the working"
                    " directory"
                )
            if right not in _sddl.NAMES:
                raise Refused(f"rights: {name}: found {right!r}, wanted one of {', '.join(_sddl.NAMES)}")
            table[name] = right
        found: dict[str, str | None] = {folders.root: table.get("")}
        for name in folders.names():
            path = folders.path(name)
            right = table.get(name)
            if right is None and not _windows_path.is_under(path, folders.root):
                right = table.get("")  # nothing is inherited on another disk
            found[path] = right
        return cls(
            Identity.of(arguments["identity"]),
            tuple(Identity.of(former) for former in arguments["former_identities"]),
            tuple(found.items()),
            folders.root,
            arguments["grant"],
            arguments["remove_surplus"],
            arguments["deny"],
        )


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        _rights_question(wanted),
        *(query for identity in (wanted.identity, *wanted.former) for query in identity.questions()),
    )


def _rights_question(wanted: Wanted) -> Query:
    return _questions.acl(*(path for path, _right in wanted.rights))


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused for a missing folder, unless an earlier step of a check-mode run would
    make it.
    """
    sid = wanted.identity.sid(ask)
    answers = ask(_rights_question(wanted))
    operations: list[Operation] = []
    before, after = [], []
    effective: dict[str, dict[str, str]] = {}
    by_groups: dict[str, str] = {}
    formers = [(former.name, found) for former in wanted.former for found in former.known_sid(ask) if found != sid]
    for (path, right), answer in zip(wanted.rights, answers, strict=True):
        if answer is None and not check:
            raise Refused(f"found no folder {path} on the server; run win_im_working_directory first")
        security = _sddl.parse(answer["sddl"]) if answer else Security("", ())
        own = security.of(sid, inherited=False)
        done = _operations(wanted, path, right, sid, security)
        operations += done
        for name, former_sid in formers:
            aces = security.of(former_sid, inherited=False)
            operations += _removals(path, former_sid, aces)
            before += [_row(path, name, _words(aces))] if aces else []
        has = _words(own) or _inherited_words(security, sid) or "nothing"
        before.append(_row(path, wanted.identity.name, has))
        after.append(_row(path, wanted.identity.name, _words_after(wanted, right, own, security, sid) if done else has))
        effective[path] = {
            _sddl.name(s): _sddl.words(security.granted({s})) for s in sorted({a.sid for a in security.aces if a.here})
        }
        groups = wanted.identity.token(sid) - {sid}
        by_groups[path] = _by_groups(security, groups)
    title = f"rights of {wanted.identity.name}"
    facts = {"effective_rights": effective, "rights_by_groups": by_groups, "identity_sid": sid}
    restart = (f"the rights of {wanted.identity.name} changed",) if operations else ()
    return Plan(tuple(operations), (Diff(title, "".join(before), "".join(after)),), restart=restart, facts=facts)


def _by_groups(security: Security, groups: t.Collection[str]) -> str:
    """Return what the identity may do without an entry of its own, and through whom (the check of the guide)."""
    granted = security.granted(groups)
    through = sorted({_sddl.name(a.sid) for a in security.aces if a.here and a.allows and a.sid in groups})
    return f"{_sddl.words(granted)} through {', '.join(through)}" if granted else "none"


def _row(path: str, name: str, rights: str) -> str:
    return f"{path:40} {name:40} {rights}\n"


def _words(aces: t.Iterable[_sddl.Ace]) -> str:
    return ", ".join(f"{'allow' if a.allows else 'deny'} {_sddl.words(a.rights)}" for a in aces)


def _inherited_words(security: Security, sid: str) -> str:
    found = _words(a for a in security.of(sid, inherited=True) if a.here)
    return f"{found} (inherited)" if found else ""


def _words_after(wanted: Wanted, right: str | None, own: tuple[_sddl.Ace, ...], security: Security, sid: str) -> str:
    kept = [f"deny {_sddl.words(a.rights)}" for a in own if not a.allows and wanted.deny == "keep"]
    if right is None:
        return ", ".join(kept) or _inherited_words(security, sid) or "what is inherited"
    return ", ".join([*kept, f"allow {right}"])


def _operations(wanted: Wanted, path: str, right: str | None, sid: str, security: Security) -> list[Operation]:
    own = security.of(sid, inherited=False)
    mask = _sddl.NAMES[right] if right else 0
    present = [a for a in own if a.allows]
    exact = len(present) == 1 and present[0].rights == mask and present[0].whole
    denials = [a for a in own if not a.allows] if wanted.deny == "remove" else []
    # win_acl only adds, and merges with an entry of the same flags: less, or other flags, is had by taking the
    # old away first.
    fits = bool(right) and len(present) == 1 and present[0].whole and not present[0].rights & ~mask
    surplus = present if wanted.remove_surplus and not exact and not fits else []
    operations = _removals(path, sid, (*denials, *surplus))
    covered = not wanted.remove_surplus and any(a.whole and a.rights & mask == mask for a in present)
    if right is None or exact or covered:
        return operations
    if wanted.grant == "when_missing" and not present and security.granted(wanted.identity.token(sid)) & mask == mask:
        return operations
    arguments = {
        "path": path,
        "user": sid,
        "rights": right,
        "type": "allow",
        "inherit": "ContainerInherit, ObjectInherit",
        "propagation": "None",
        "state": "present",
    }
    return [*operations, Operation(f"allow {wanted.identity.name} {right} on {path}", MODULE, arguments)]


def _removals(path: str, sid: str, aces: t.Iterable[_sddl.Ace]) -> list[Operation]:
    """Return what takes these entries away: all that somebody has of their kind on the path.

    .NET's removal of one entry takes rights from the others of its kind as well (dotnet/runtime, ACL.cs,
    RemoveQualifiedAces), so that win_acl, which asks for an entry exactly as it stands, no longer finds them: more than
    one goes by the writer, and so does one that win_acl cannot name.
    """
    operations = []
    for allows in (False, True):
        kind = [a for a in aces if a.allows is allows]
        if len(kind) == 1 and _is_nameable(kind[0]):
            operations.append(_win_acl(path, sid, kind[0]))
        elif kind:
            type_ = "allow" if allows else "deny"
            does = f"take {_words(kind)} of {sid} on {path} away"
            operations.append(write(does, "clear_access", path=path, sid=sid, type=type_))
    return operations


def _is_nameable(ace: _sddl.Ace) -> bool:
    """Tell whether win_acl can ask for an entry: .NET adds Synchronize to what is allowed, and takes it from what is
    denied short of everything, or of everything but DeleteSubdirectoriesAndFiles (FileSystemAccessRule); what counts
    below alone may hold generic rights.
    """
    waits = bool(ace.rights & SYNCHRONIZE)
    said = waits if ace.allows else not waits or ace.rights in {_sddl.FULL, _sddl.FULL & ~DELETE_BELOW}
    return said and ace.here and not ace.rights & ~_sddl.FULL


def _win_acl(path: str, sid: str, ace: _sddl.Ace) -> Operation:
    """Return the removal of one entry of its own, exactly as it stands."""
    flags = [word for word, set_ in (("ContainerInherit", ace.folders), ("ObjectInherit", ace.files)) if set_]
    propagation = "NoPropagateInherit" if ace.once else "None"
    arguments = {
        "path": path,
        "user": sid,
        "rights": _right_words(ace.rights),
        "type": "allow" if ace.allows else "deny",
        "inherit": ", ".join(flags) or "None",
        "propagation": propagation,
        "state": "absent",
    }
    return Operation(
        f"take {'allow' if ace.allows else 'deny'} {_sddl.words(ace.rights)} of {sid} on {path} away", MODULE, arguments
    )


_BITS = {
    0x1: "ReadData",
    0x2: "WriteData",
    0x4: "AppendData",
    0x8: "ReadExtendedAttributes",
    0x10: "WriteExtendedAttributes",
    0x20: "ExecuteFile",
    0x40: "DeleteSubdirectoriesAndFiles",
    0x80: "ReadAttributes",
    0x100: "WriteAttributes",
    0x10000: "Delete",
    0x20000: "ReadPermissions",
    0x40000: "ChangePermissions",
    0x80000: "TakeOwnership",
    0x100000: "Synchronize",
}


def _right_words(mask: int) -> str:
    """Return a mask as names of .NET's FileSystemRights, as few as possible."""
    for name, known in _sddl.NAMES.items():
        if mask == known:
            return name
    return ", ".join(name for bit, name in _BITS.items() if mask & bit)
