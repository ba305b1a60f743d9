"""Rights on files and folders by the names that .NET has for them, as PowerShell reads them."""

from __future__ import annotations

import re
import typing as t

from ..errors import WindowsError
from . import descriptors
from .access_rules import SYNCHRONIZE

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


def flags(text: str, known: t.Mapping[str, int], kind: str) -> int:
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
