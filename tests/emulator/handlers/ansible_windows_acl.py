"""ansible.windows.win_acl, as its script does it: files and folders, and private keys by ``Cert:\\`` paths."""

from __future__ import annotations

import re
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from ..windows.security import access_rules, descriptors
from ..windows.security.access_rules import SYNCHRONIZE
from ..windows.security.descriptors import Ace

RIGHTS = {
    "ReadData": 0x1,
    "ListDirectory": 0x1,
    "WriteData": 0x2,
    "CreateFiles": 0x2,
    "AppendData": 0x4,
    "CreateDirectories": 0x4,
    "ReadExtendedAttributes": 0x8,
    "WriteExtendedAttributes": 0x10,
    "ExecuteFile": 0x20,
    "Traverse": 0x20,
    "DeleteSubdirectoriesAndFiles": 0x40,
    "ReadAttributes": 0x80,
    "WriteAttributes": 0x100,
    "Write": 0x116,
    "Delete": 0x10000,
    "ReadPermissions": 0x20000,
    "Read": 0x20089,
    "ReadAndExecute": 0x200A9,
    "Modify": 0x301BF,
    "ChangePermissions": 0x40000,
    "TakeOwnership": 0x80000,
    "Synchronize": SYNCHRONIZE,
    "FullControl": descriptors.FULL,
}
KEY_RIGHTS = {"Read": descriptors.READ, "FullControl": descriptors.FULL}
INHERIT = {"None": 0, "ContainerInherit": 1, "ObjectInherit": 2}
PROPAGATE = {"none": (), "inheritonly": ("IO",), "nopropagateinherit": ("NP",)}
KEEP_SYNCHRONIZE = {descriptors.FULL, descriptors.FULL & ~RIGHTS["DeleteSubdirectoriesAndFiles"]}


def _flags(text: str, known: t.Mapping[str, int], kind: str) -> int:
    """Read a text as PowerShell reads an enumeration of flags: names, beginnings of one name, or a number."""
    if re.fullmatch(r"\s*-?\d+\s*", text):
        return int(text)
    mask = 0
    for word in (part.strip() for part in text.split(",")):
        exact = [name for name in known if name.lower() == word.lower()]
        found = exact or [name for name in known if name.lower().startswith(word.lower())]
        if len(found) == 1:
            mask |= known[found[0]]
            continue
        why = (
            f"The identifier name {word} cannot be processed because it is either too similar or identical to the"
            f" following enumerator names: {', '.join(found)}. Use a more specific identifier name."
            if found
            else f"Unable to match the identifier name {text} to a valid enumerator name. Specify one of the following"
            f" enumerator names and try again:\r\n{', '.join(known)}"
        )
        raise WindowsError(
            "System.Management.Automation.RuntimeException",
            f'Cannot convert value "{text}" to type "System.Security.AccessControl.{kind}". Error: "{why}"',
        )
    return mask


def _sid(machine: Machine, user: str) -> str:
    authority, *rest = user.split("\\")
    if rest and authority.lower() == "iis apppool":
        message, short = None, rest[0]
        if machine.iis is None:
            message = (
                "The specified module 'WebAdministration' was not loaded because no valid module file was found in any"
                " module directory."
            )
        elif not short:
            raise ModuleFailure(f"{user} is not a valid user or group on the host machine or domain")
        elif not machine.iis.has_pool(short):
            message = f"Cannot find path 'IIS:\\AppPools\\{short}' because it does not exist."
        if message:
            raise WindowsError("System.Management.Automation.ActionPreferenceStopException", message)
        return descriptors.pool_sid(short)
    if user.upper().startswith("S-1-"):
        return user.upper()
    found = machine.accounts.sid(user)
    if found is None:
        raise ModuleFailure(
            f'account_name {user} is not a valid account, cannot get SID: Exception calling "Translate" with "1"'
            ' argument(s): "Some or all identity references could not be translated."'
        )
    return found


@handles("ansible.windows.win_acl")
def win_acl(call: Call) -> dict[str, t.Any]:
    """Add or remove one entry; a different one of the same identity is merged with, never reduced."""
    machine, arguments = call.machine, call.arguments
    path, user, state, rights = (arguments[name] for name in ("path", "user", "state", "rights"))
    if not path:
        message = (
            f"Cannot bind argument to parameter 'Path' because it is {'null' if path is None else 'an empty string'}."
        )
        raise WindowsError("System.Management.Automation.ParameterBindingException", message)
    certificate = path.lower().startswith("cert:\\")
    target = _key_file(machine, path) if certificate else path
    if target is None or (not certificate and not machine.files.exists(path)):
        raise ModuleFailure(f"{path} file or directory does not exist on the host")
    sid = _sid(machine, user)
    try:
        wanted = _rule(call, sid, simple=certificate or machine.files.is_file(target), certificate=certificate)
        own = list(machine.files.entry(target).explicit)
        # Of a private key's entries the real module compares everything but the rights (AccessMask is not
        # public there).
        match = any(
            (a.kind, a.flags, a.sid) == (wanted.kind, wanted.flags, wanted.sid)
            and (certificate or a.rights == wanted.rights)
            for a in own
        )
        if (state.lower() == "present") == match:
            return {"changed": False}
        if not call.check:
            changed = access_rules.remove(own, wanted) if match else access_rules.add(own, wanted)
            machine.files.set_rights(target, changed)
    except WindowsError as error:
        raise ModuleFailure(
            f"an error occurred when attempting to {state} {rights} permission(s) on {path} for {user} -"
            f" {error.message}"
        ) from None
    return {"changed": True}


def _rule(call: Call, sid: str, *, simple: bool, certificate: bool) -> Ace:
    """Return the entry that is asked for. One of a file (simple) is passed on to nothing."""
    arguments, kind = call.arguments, "A" if call.arguments["type"].lower() == "allow" else "D"
    mask = _flags(arguments["rights"], KEY_RIGHTS if certificate else RIGHTS, "FileSystemRights")
    inherit = "None" if simple else arguments["inherit"]
    inherited = 3 if inherit is None else _flags(inherit, INHERIT, "InheritanceFlags")
    flags = {flag for bit, flag in ((1, "CI"), (2, "OI")) if inherited & bit}
    if flags:
        flags |= set(PROPAGATE[arguments["propagation"].lower()])
    if kind == "A":
        mask |= SYNCHRONIZE
    elif mask not in KEEP_SYNCHRONIZE:
        mask &= ~SYNCHRONIZE
    return Ace(kind, frozenset(flags), mask, sid)


def _key_file(machine: Machine, path: str) -> str | None:
    _, location, store, thumbprint, *_ = [*path.split("\\"), "", "", ""]
    stored = machine.certificates.find(location, store, thumbprint)
    return stored.key_path if stored else None
