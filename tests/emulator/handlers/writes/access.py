"""Access lists, whole and single entries."""

from __future__ import annotations

import re

from ...windows import errors
from ...windows.errors import WindowsError
from ...windows.machine import Machine
from ...windows.security import access_rules, descriptors, file_rights
from ...windows.security.descriptors import Ace
from .operation import Operation, Result, text

KINDS = {"allow": "A", "deny": "D"}
PRIVATE = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"


def put(machine: Machine, path: str, sddl: str) -> None:
    """Set what a text speaks of: the access list, and the owner where it begins with one."""
    owner = machine.files.entry(path).owner
    machine.files.set_sddl(path, sddl)
    if not sddl.startswith("O:"):
        machine.files.entry(path).owner = owner


def is_so(machine: Machine, path: str, sddl: str) -> bool:
    """Tell whether something has the own entries, the protection and the owner that a text speaks of."""
    node, wanted = machine.files.entry(path), descriptors.parse(sddl)
    own = descriptors.ordered((a for a in wanted.aces if "ID" not in a.flags), ())
    same = (node.protected, descriptors.ordered(node.explicit, ())) == (wanted.protected, own)
    return same and (not sddl.startswith("O:") or node.owner == wanted.owner)


def own(machine: Machine, path: str) -> str:
    """Return the access list of what inherits nothing; of all else nothing."""
    if not machine.files.entry(path).protected:
        return ""
    return f"D:P{''.join(map(str, machine.files.descriptor(path).aces))}"


def private_folder(machine: Machine, path: str) -> None:
    """Make a folder for administrators and the system."""
    machine.files.make_folder(path)
    put(machine, path, PRIVATE)


def rights(machine: Machine, operation: Operation, check: bool) -> Result:
    """Give a file or folder an access list, and an owner where the text has one."""
    path, sddl = text(operation, "path"), text(operation, "sddl")
    if not machine.files.exists(path):
        raise errors.file_not_found(path)
    if is_so(machine, path, sddl):
        return {"changed": False}
    if not check:
        put(machine, path, sddl)
    return {"changed": True}


def _sid(operation: Operation) -> str:
    sid = text(operation, "sid")
    if not re.fullmatch(r"S-1(-\d+)+", sid, re.IGNORECASE):
        raise WindowsError("System.ArgumentException", "Value was invalid. (Parameter 'sddlForm')")
    return sid.upper()


def grant(machine: Machine, operation: Operation, check: bool) -> Result:
    """Allow a SID something on a folder and below it."""
    path, sid = text(operation, "path"), _sid(operation)
    mask = file_rights.flags(text(operation, "rights"), file_rights.RIGHTS, "FileSystemRights")
    if not machine.files.is_folder(path):
        raise WindowsError("System.IO.DirectoryNotFoundException", f"Could not find a part of the path '{path}'.")
    entries = list(machine.files.entry(path).explicit)
    rule = Ace("A", frozenset({"CI", "OI"}), mask | access_rules.SYNCHRONIZE, sid)
    changed = access_rules.add(entries, rule)
    if descriptors.ordered(changed, ()) == descriptors.ordered(access_rules.compact(entries), ()):
        return {"changed": False}
    if not check:
        machine.files.set_rights(path, changed)
    return {"changed": True}


def clear(machine: Machine, operation: Operation, check: bool) -> Result:
    """Remove the own entries of a SID and a kind."""
    path, sid, kind = text(operation, "path"), _sid(operation), text(operation, "type")
    if kind not in KINDS:
        raise WindowsError(
            "System.Management.Automation.RuntimeException",
            f'Cannot convert value "{kind}" to type "System.Security.AccessControl.AccessControlType".',
        )
    if not machine.files.exists(path):
        raise WindowsError(
            "System.Management.Automation.ItemNotFoundException",
            f"Cannot find path '{path}' because it does not exist.",
        )
    entries = machine.files.entry(path).explicit
    left = [a for a in entries if a.sid != sid or a.kind != KINDS[kind]]
    if len(left) == len(entries):
        return {"changed": False}
    if not check:
        machine.files.set_rights(path, access_rules.compact(left))
    return {"changed": True}
