"""ansible.windows.win_find: files and folders by name."""

from __future__ import annotations

import fnmatch
import hashlib
import ntpath
import re
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.files import Node


@handles("ansible.windows.win_find")
def win_find(call: Call) -> dict[str, t.Any]:
    """List what matches; a path that is absent gives nothing, as the module only warns of it."""
    arguments, found, examined = call.arguments, [], 0
    for option in ("age", "size", "follow"):
        if arguments.get(option):
            raise ModuleFailure(f"the emulator's win_find does not know the option {option}")
    for path in arguments["paths"]:
        if call.machine.files.is_file(path):
            raise ModuleFailure(f"Argument path '{path}' is a file, expecting a directory")
        if not call.machine.files.is_folder(path):
            continue
        for node in call.machine.files.walk(path):
            below = node.path[len(path.rstrip("\\")) + 1 :]
            if "\\" in below and not arguments.get("recurse"):
                continue
            examined += 1
            if _kind_fits(node, arguments.get("file_type") or "file") and _name_fits(node, arguments):
                found.append(_shown(call, node))
    found.sort(key=lambda file: str(file["path"]).lower())
    return {"changed": False, "examined": examined, "matched": len(found), "files": found}


def _kind_fits(node: Node, kind: str) -> bool:
    return kind == "any" or node.folder == (kind == "directory")


def _name_fits(node: Node, arguments: t.Mapping[str, t.Any]) -> bool:
    patterns = arguments.get("patterns")
    if not patterns:
        return True
    if arguments.get("use_regex"):
        return any(re.search(pattern, node.name, re.IGNORECASE) for pattern in patterns)
    return any(fnmatch.fnmatchcase(node.name.lower(), pattern.lower()) for pattern in patterns)


def _shown(call: Call, node: Node) -> dict[str, t.Any]:
    file: dict[str, t.Any] = {
        "path": node.path,
        "filename": node.name,
        "isdir": node.folder,
        "isreg": not node.folder,
        "islnk": False,
        "isreadonly": node.read_only,
        "lastwritetime": node.last_write.timestamp(),
        "owner": call.machine.accounts.name(node.owner) or node.owner,
    }
    if not node.folder:
        content = node.content or b""
        file |= {"size": len(content), "extension": ntpath.splitext(node.name)[1]}
        if call.arguments.get("get_checksum", True):
            algorithm = call.arguments.get("checksum_algorithm") or "sha1"
            file["checksum"] = hashlib.new(algorithm, content).hexdigest()
    return file
