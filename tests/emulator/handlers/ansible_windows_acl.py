"""ansible.windows.win_acl, as its script does it: files and folders, and private keys by ``Cert:\\`` paths."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from ..windows.security import access_rules, descriptors, file_rights
from ..windows.security.access_rules import SYNCHRONIZE
from ..windows.security.descriptors import Ace

KEY_RIGHTS = {"Read": descriptors.READ, "FullControl": descriptors.FULL}
INHERIT = {"None": 0, "ContainerInherit": 1, "ObjectInherit": 2}
PROPAGATE = {"none": (), "inheritonly": ("IO",), "nopropagateinherit": ("NP",)}
KEEP_SYNCHRONIZE = {descriptors.FULL, descriptors.FULL & ~file_rights.RIGHTS["DeleteSubdirectoriesAndFiles"]}


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
    mask = file_rights.flags(arguments["rights"], KEY_RIGHTS if certificate else file_rights.RIGHTS, "FileSystemRights")
    inherit = "None" if simple else arguments["inherit"]
    inherited = 3 if inherit is None else file_rights.flags(inherit, INHERIT, "InheritanceFlags")
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
