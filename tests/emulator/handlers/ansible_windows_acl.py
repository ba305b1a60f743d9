"""ansible.windows.win_acl, as its script does it: files and folders, and private keys by ``Cert:\\`` paths."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows import security
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from ..windows.security import Ace

RIGHTS = {
    "FullControl": security.FULL,
    "Modify": security.MODIFY,
    "ReadAndExecute": security.READ_EXECUTE,
    "Read": security.READ,
    "Write": 0x116,
    "ReadData": 0x1,
    "WriteData": 0x2,
    "AppendData": 0x4,
    "ListDirectory": 0x1,
    "CreateFiles": 0x2,
    "CreateDirectories": 0x4,
    "Delete": 0x10000,
    "DeleteSubdirectoriesAndFiles": 0x40,
    "ExecuteFile": 0x20,
    "Traverse": 0x20,
    "ReadAttributes": 0x80,
    "WriteAttributes": 0x100,
    "ReadExtendedAttributes": 0x8,
    "WriteExtendedAttributes": 0x10,
    "ReadPermissions": 0x20000,
    "ChangePermissions": 0x40000,
    "TakeOwnership": 0x80000,
    "Synchronize": 0x100000,
}
SYNCHRONIZE = 0x100000
INHERIT = {"ContainerInherit": "CI", "ObjectInherit": "OI"}
PROPAGATE = {"None": (), "InheritOnly": ("IO",), "NoPropagateInherit": ("NP",)}


def _rights(text: str, known: t.Mapping[str, int]) -> int:
    mask = 0
    for word in text.split(","):
        found = {name.lower(): value for name, value in known.items()}.get(word.strip().lower())
        if found is None:
            raise WindowsError(
                "System.Management.Automation.RuntimeException",
                f'Cannot convert value "{text}" to type "System.Security.AccessControl.FileSystemRights".',
            )
        mask |= found
    return mask


def _sid(machine: Machine, user: str) -> str:
    authority, _, short = user.rpartition("\\")
    if authority == "IIS APPPOOL":
        if machine.iis is None:
            raise ModuleFailure(
                "Unhandled exception while executing module: The specified module 'WebAdministration' was not loaded"
                " because no valid module file was found in any module directory."
            )
        if not machine.iis.has_pool(short):
            raise ModuleFailure(
                f"Unhandled exception while executing module: Cannot find path 'IIS:\\AppPools\\{short}' because it"
                " does not exist."
            )
        return security.pool_sid(short)
    if user.upper().startswith("S-1-"):
        return user.upper()
    found = machine.accounts.sid(user)
    if found is None:
        raise ModuleFailure(
            f"Unhandled exception while executing module: account_name {user} is not a valid account, cannot get SID"
        )
    return found


@handles("ansible.windows.win_acl")
def win_acl(call: Call) -> dict[str, t.Any]:
    """Add or remove one entry; a different one of the same identity is merged with, never reduced."""
    machine, arguments = call.machine, call.arguments
    path, user, kind = arguments["path"], arguments["user"], arguments["type"]
    state, rights = arguments.get("state") or "present", arguments["rights"]
    certificate = path.lower().startswith("cert:\\")
    target = _key_file(machine, path) if certificate else path
    if target is None or (not certificate and not machine.files.exists(path)):
        raise ModuleFailure(f"{path} file or directory does not exist on the host")
    sid = _sid(machine, user)
    inherit = arguments.get("inherit")
    if certificate or machine.files.is_file(target):
        inherit = "None"
    elif inherit is None:
        inherit = "ContainerInherit, ObjectInherit"
    flags = {INHERIT[word.strip()] for word in inherit.split(",") if word.strip() in INHERIT}
    flags |= set(PROPAGATE[arguments.get("propagation") or "None"])
    try:
        known = {"Read": 0x120089, "FullControl": 0x1F01FF} if certificate else RIGHTS
        mask = _rights(rights, known)
        if kind == "allow":
            mask |= SYNCHRONIZE
        elif mask != security.FULL:
            mask &= ~SYNCHRONIZE
        wanted = Ace("A" if kind == "allow" else "D", frozenset(flags), mask, sid)
        own = list(machine.files.entry(target).explicit)
        # Of a private key's entries the real module compares everything but the rights (AccessMask is not
        # public there).
        match = any(
            (a.kind, a.flags, a.sid) == (wanted.kind, wanted.flags, wanted.sid)
            and (certificate or a.rights == wanted.rights)
            for a in own
        )
        if (state == "present") == match:
            return {
                "changed": False,
                "msg": "the specified rule already exists" if match else "the specified rule does not exist",
            }
        if not call.check:
            machine.files.set_rights(target, _add(own, wanted) if state == "present" else _take(own, wanted))
    except WindowsError as error:
        raise ModuleFailure(
            f"an error occurred when attempting to {state} {rights} permission(s) on {path} for {user} -"
            f" {error.message}",
            changed=False,
        ) from None
    return {"changed": True}


def _key_file(machine: Machine, path: str) -> str | None:
    _, location, store, thumbprint, *_ = [*path.split("\\"), "", "", ""]
    stored = machine.certificates.find(location, store, thumbprint)
    return stored.key_path if stored else None


def _add(own: list[Ace], wanted: Ace) -> list[Ace]:
    """Merge like .NET's AddAccessRule: an entry with the same identity, kind and flags gets the rights added."""
    for i, ace in enumerate(own):
        if (ace.kind, ace.flags, ace.sid) == (wanted.kind, wanted.flags, wanted.sid):
            return [*own[:i], Ace(ace.kind, ace.flags, ace.rights | wanted.rights, ace.sid), *own[i + 1 :]]
    return [*own, wanted]


def _take(own: list[Ace], wanted: Ace) -> list[Ace]:
    """Take rights away like .NET's RemoveAccessRule."""
    left = []
    for ace in own:
        if (ace.kind, ace.flags, ace.sid) == (wanted.kind, wanted.flags, wanted.sid):
            rights = ace.rights & ~wanted.rights
            if rights & ~SYNCHRONIZE:
                left.append(Ace(ace.kind, ace.flags, rights, ace.sid))
        else:
            left.append(ace)
    return left
