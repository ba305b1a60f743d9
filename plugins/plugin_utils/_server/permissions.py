# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rights of the agent's identity on its folders: missing entries are added, surplus ones removed. Docs:
win_im_permissions.yml.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.folders import Folders
from .._core import probe
from .._core.plan import Diff, Operation, Plan, Refused, write
from .._core.probe import Ask, Query
from .._core.touched import Touched
from .._core.warned import Warned, WarningKind
from .._windows import sddl, windows_path
from .._windows.identity import FORMER_SPEC, IDENTITY_SPEC, Identity
from .._windows.sddl import Security
from . import broad_rights

MODULE = "ansible.windows.win_acl"
PROFILES: dict[str, dict[str, str]] = {
    # Our decision between the vendor's contradicting tables (docs/hosting.md, "Folders and rights").
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
        "broad": {"type": "str", "choices": [broad_rights.RESTRICT, broad_rights.REPORT]},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Who has to have which rights.

    Attributes:
        identity: the agent's identity.
        former: identities that had rights before and lose them.
        rights: the name of a right for each folder's path, in order; None for a folder that only inherits.
        folders: the working directory and its folders.
        inherited: the name of the right that its folders inherit from it; None for none.
        grant: ``explicit``, or ``when_missing``: rights through a group are enough.
        remove_surplus: whether entries of the identity that grant more than wanted are removed.
        deny: whether deny entries of the identity are removed or kept.
        broad: whether broad groups are restricted or only reported; None: by whose working directory it is.
    """

    identity: Identity
    former: tuple[Identity, ...]
    rights: tuple[tuple[str, str | None], ...]
    folders: Folders
    inherited: str | None
    grant: str
    remove_surplus: bool
    deny: str
    broad: str | None

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
            if right not in sddl.NAMES:
                raise Refused(f"rights: {name}: found {right!r}, wanted one of {', '.join(sddl.NAMES)}")
            table[name] = right
        found: dict[str, str | None] = {folders.root: table.get("")}
        for name in folders.names():
            path = folders.path(name)
            right = table.get(name)
            if right is None and not windows_path.is_under(path, folders.root):
                right = table.get("")  # a folder elsewhere does not inherit from the working directory
            found[path] = right
        return cls(
            identity=Identity.of(arguments["identity"]),
            former=tuple(Identity.of(former) for former in arguments["former_identities"]),
            rights=tuple(found.items()),
            folders=folders,
            inherited=table.get(""),
            grant=arguments["grant"],
            remove_surplus=arguments["remove_surplus"],
            deny=arguments["deny"],
            broad=arguments["broad"],
        )


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        _rights_question(wanted),
        *broad_rights.questions(wanted.folders),
        *(query for identity in (wanted.identity, *wanted.former) for query in identity.questions()),
    )


def _rights_question(wanted: Wanted) -> Query:
    return probe.acl(*(path for path, _right in wanted.rights))


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused for a missing folder, except in check mode, where an earlier step
    would create it.
    """
    sid = wanted.identity.sid(ask)
    paths = [path for path, _right in wanted.rights]
    found = dict(zip(paths, ask(_rights_question(wanted)), strict=True))
    for path in paths:
        if found[path] is None and not check:
            raise Refused(f"found no folder {path} on the server; run win_im_working_directory first")
    texts = {path: answer["sddl"] if answer else None for path, answer in found.items()}
    chosen = broad_rights.mode(wanted.broad, wanted.folders, ask)
    planned = broad_rights.of_folders(wanted.folders, texts, chosen)
    secrets, warnings = broad_rights.of_secrets(wanted.folders, sid, chosen, ask)
    restrictions = [*(operation for path in paths for operation in planned[path].operations), *secrets]
    warnings = [*(text for path in paths for text in planned[path].warnings), *warnings]
    warnings += broad_rights.of_those_above(wanted.folders, ask)
    operations: list[Operation] = []
    before: list[str] = []
    after: list[str] = []
    formers = [(former.name, found) for former in wanted.former for found in former.known_sid(ask) if found != sid]
    for path, right in wanted.rights:
        security = sddl.parse(planned[path].text, path)
        part = _part(wanted, path, _needed(wanted, right, security), sid, security, formers)
        operations += part.operations
        before += part.before
        after += part.after
        warnings += _conditional(path, security)
    restart = (f"the rights of {wanted.identity.name} changed",) if operations else ()
    limited = "".join(f"{operation.does}\n" for operation in restrictions)
    return Plan(
        (*restrictions, *operations),
        (
            Diff(f"rights of {wanted.identity.name}", "".join(before), "".join(after)),
            Diff("rights of others", "", limited),
        ),
        tuple(warnings),
        restart=restart,
        facts={**_present(wanted, sid, texts), "identity_sid": sid},
    )


@dataclasses.dataclass(frozen=True)
class _Part:
    """One folder's part of the plan: what is done for the identities, and their rights before and after as rows."""

    operations: tuple[Operation, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


def _part(
    wanted: Wanted, path: str, right: str | None, sid: str, security: Security, formers: t.Iterable[tuple[str, str]]
) -> _Part:
    """Return a folder's part.

    Args:
        wanted: the task.
        path: the folder.
        right: what the identity needs there; None for what it inherits.
        sid: of the identity.
        security: the folder's rights as they will be but for what is done here.
        formers: name and SID of the identities that lose theirs.
    """
    own = security.of(sid, inherited=False)
    changes = _operations(wanted, path, right, sid, security)
    operations, before = list(changes), []
    for name, former_sid in formers:
        aces = security.of(former_sid, inherited=False)
        operations += _removals(path, former_sid, aces)
        before += [_row(path, name, _words(aces))] if aces else []
    has = _words(own) or _inherited_words(security, sid) or "nothing"
    before.append(_row(path, wanted.identity.name, has))
    will = _words_after(wanted, right, own, security, sid) if changes else has
    return _Part(tuple(operations), tuple(before), (_row(path, wanted.identity.name, will),))


def _present(wanted: Wanted, sid: str, texts: t.Mapping[str, str | None]) -> dict[str, t.Any]:
    """Return who may do what before this plan, by folder, and what the identity may do without an entry of its own."""
    effective: dict[str, dict[str, str]] = {}
    by_groups: dict[str, str] = {}
    for path, text in texts.items():
        security = sddl.parse(text, path) if text is not None else Security("", ())
        effective[path] = {
            sddl.name(s): sddl.words(security.granted({s})) for s in sorted({a.sid for a in security.aces if a.here})
        }
        by_groups[path] = _by_groups(security, wanted.identity.token(sid) - {sid})
    return {"effective_rights": effective, "rights_by_groups": by_groups}


def _needed(wanted: Wanted, right: str | None, security: Security) -> str | None:
    """Return the right that a folder has to grant itself; None where it inherits."""
    return wanted.inherited if right is None and security.protected else right


def _conditional(path: str, security: Security) -> list[Warned]:
    """Return a warning of each entry of which this collection does not know whether it counts."""
    return [
        Warned(
            f"{path}: found an entry that {'allows' if a.allows else 'denies'} {sddl.name(a.sid)}"
            f" {sddl.words(a.rights)} only under a condition, which is not evaluated here and left as it is: check on"
            " the server what it means for the agent",
            WarningKind.CONDITIONAL_RIGHTS,
            f"{path}, {a.sid}",
        )
        for a in security.conditional
    ]


def _by_groups(security: Security, groups: t.Collection[str]) -> str:
    """Return what the identity may do without an entry of its own, and through whom (the check of the guide)."""
    granted = security.granted(groups)
    through = sorted({sddl.name(a.sid) for a in security.aces if a.here and a.allows and a.sid in groups})
    return f"{sddl.words(granted)} through {', '.join(through)}" if granted else "none"


def _row(path: str, name: str, rights: str) -> str:
    return f"{path:40} {name:40} {rights}\n"


def _words(aces: t.Iterable[sddl.Ace]) -> str:
    return ", ".join(f"{'allow' if a.allows else 'deny'} {sddl.words(a.rights)}" for a in aces)


def _inherited_words(security: Security, sid: str) -> str:
    found = _words(a for a in security.of(sid, inherited=True) if a.here)
    return f"{found} (inherited)" if found else ""


def _words_after(wanted: Wanted, right: str | None, own: tuple[sddl.Ace, ...], security: Security, sid: str) -> str:
    kept = [f"deny {sddl.words(a.rights)}" for a in own if not a.allows and wanted.deny == "keep"]
    if right is None:
        return ", ".join(kept) or _inherited_words(security, sid) or "what is inherited"
    return ", ".join([*kept, f"allow {right}"])


def _operations(wanted: Wanted, path: str, right: str | None, sid: str, security: Security) -> list[Operation]:
    """Return the operations on one folder: entries that go, then the entry that is missing."""
    own = security.of(sid, inherited=False)
    granted = [a for a in own if a.allows]
    removed = [a for a in own if not a.allows] if wanted.deny == "remove" else []
    if wanted.remove_surplus and not _can_be_extended(granted, right):
        removed += granted
    operations = _removals(path, sid, removed)
    if right is not None and not _is_granted(wanted, right, granted, sid, security):
        operations.append(_grant(wanted.identity.name, sid, right, path))
    return operations


def _can_be_extended(granted: t.Sequence[sddl.Ace], right: str | None) -> bool:
    """Tell whether adding the right to these entries ends in exactly that right.

    A right is only added: .NET merges the new entry with one that has the same inheritance flags and leaves all others.
    So fewer rights, other flags, or one entry instead of several are only to be had by removing the old ones first.
    """
    mask = sddl.NAMES[right] if right else 0
    return len(granted) == 1 and granted[0].whole and not granted[0].rights & ~mask


def _is_granted(wanted: Wanted, right: str, granted: t.Sequence[sddl.Ace], sid: str, security: Security) -> bool:
    """Tell whether a right needs no entry: the identity has its own, or a group's where that is enough."""
    mask = sddl.NAMES[right]
    if wanted.remove_surplus:
        has_own = len(granted) == 1 and granted[0].whole and granted[0].rights == mask
    else:
        has_own = any(a.whole and a.rights & mask == mask for a in granted)
    if has_own or granted or wanted.grant != "when_missing":
        return has_own
    return security.granted(wanted.identity.token(sid)) & mask == mask


def _grant(name: str, sid: str, right: str, path: str) -> Operation:
    granted = write(f"allow {name} {right} on {path}", "grant", path=path, sid=sid, rights=right)
    return dataclasses.replace(granted, touches=Touched(rights=(path,)))


def _removals(path: str, sid: str, aces: t.Iterable[sddl.Ace]) -> list[Operation]:
    """Return the removal of an account's own entries on a path.

    win_acl removes an entry only if it finds one that is exactly the same. When .NET removes an entry, it also takes
    its rights out of the others of that type (dotnet/runtime, ACL.cs, RemoveQualifiedAces), so that win_acl would not
    find the second one any more. Several entries of one type, and an entry that win_acl cannot name, are therefore
    removed by the writer.
    """
    operations = []
    for allows in (False, True):
        kind = [a for a in aces if a.allows is allows]
        if len(kind) == 1 and _is_nameable(kind[0]):
            operations.append(_remove_one(path, sid, kind[0]))
        elif kind:
            entries = "entry" if len(kind) == 1 else "entries"
            rights = ", ".join(sddl.words(a.rights) for a in kind)
            does = f"remove the {_type(kind[0])} {entries} ({rights}) of {sid} from {path}"
            operations.append(write(does, "clear_access", path=path, sid=sid, type=_type(kind[0])))
    return operations


def _type(ace: sddl.Ace) -> str:
    return "allow" if ace.allows else "deny"


def _is_nameable(ace: sddl.Ace) -> bool:
    """Tell whether win_acl can name an entry, that is, whether .NET's rule for its rights is the entry as it is stored.

    FileSystemAccessRule adds Synchronize to what is allowed, and removes it from what is denied, unless everything is
    denied, or everything but DeleteSubdirectoriesAndFiles. An entry for the folders below only may hold generic rights,
    which have no names.
    """
    synchronizes = bool(ace.rights & SYNCHRONIZE)
    denied_whole = ace.rights in {sddl.FULL, sddl.FULL & ~DELETE_BELOW}
    stored_alike = synchronizes if ace.allows else not synchronizes or denied_whole
    return stored_alike and ace.here and not ace.generic and not ace.rights & ~sddl.FULL


def _remove_one(path: str, sid: str, ace: sddl.Ace) -> Operation:
    """Return the removal of one entry by win_acl, with all that identifies the entry."""
    flags = [word for word, set_ in (("ContainerInherit", ace.folders), ("ObjectInherit", ace.files)) if set_]
    arguments = {
        "path": path,
        "user": sid,
        "rights": _right_words(ace.rights),
        "type": _type(ace),
        "inherit": ", ".join(flags) or "None",
        "propagation": "NoPropagateInherit" if ace.once else "None",
        "state": "absent",
    }
    does = f"remove the {_type(ace)} entry ({sddl.words(ace.rights)}) of {sid} from {path}"
    return Operation(does, MODULE, arguments)


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
    for name, known in sddl.NAMES.items():
        if mask == known:
            return name
    return ", ".join(name for bit, name in _BITS.items() if mask & bit)
