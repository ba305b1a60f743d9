"""ansible.windows.win_find: files and folders by name, kind, age and size."""

from __future__ import annotations

import datetime
import hashlib
import ntpath
import re
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows import errors
from ..windows.errors import WindowsError
from ..windows.files.nodes import Node
from ..windows.text import wildcards
from .ansible_windows_commands import FOLDER
from .ansible_windows_files import described, extension, full

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_STAMPS = {"mtime": "last_write", "ctime": "created", "atime": "last_access"}


@handles("ansible.windows.win_find")
def win_find(call: Call) -> dict[str, t.Any]:
    """List what fits; what is no folder is skipped with a warning."""
    search = _Search(call)
    for path in call.arguments["paths"] or []:
        search.folder(path)
    found = sorted(search.found, key=lambda file: str(file["path"]).lower())
    warnings = {"warnings": search.warnings} if search.warnings else {}
    return {"changed": False, "examined": search.examined, "matched": len(found), "files": found, **warnings}


class _Search:
    """One search: what it looks for, and what it found so far."""

    def __init__(self, call: Call) -> None:
        self._call, self._arguments = call, call.arguments
        self.found: list[dict[str, t.Any]] = []
        self.warnings: list[str] = []
        self._seen: set[str] = set()
        self._age = self._amount("age", _SECONDS, "s")
        self._size = self._amount("size", _BYTES, "b")

    @property
    def examined(self) -> int:
        """Return how many files and folders it looked at."""
        return len(self._seen)

    def folder(self, path: str) -> None:
        """Search one of the paths."""
        files = self._call.machine.files
        if path[1:2] == ":" and path[0].upper() not in files.drives:
            why = errors.drive_not_found(path[0])
            raise WindowsError(
                why.type_name,
                f'Exception calling "GetUnresolvedProviderPathFromPSPath" with "1" argument(s): "{why.message}"',
            )
        path = full(ntpath.join(FOLDER, path.replace("/", "\\")))
        path = path[0].upper() + path[1:]
        node = files.find(path)
        if node is None:
            self.warnings.append(f"Argument path '{path}' does not exist or is not accessible, skipping")
        elif not node.folder:
            self.warnings.append(f"Argument path '{path}' is a file not a directory, skipping")
        else:
            self._search(path, self._arguments["depth"] or 0)

    def _search(self, folder: str, depth: int) -> None:
        files = self._call.machine.files
        for name in files.children(folder):
            path = ntpath.join(folder, name)
            node = files.entry(path)
            if node.folder and self._arguments["recurse"] and depth != 1:
                self._search(path, depth - 1)
            if path.lower() not in self._seen:
                self._seen.add(path.lower())
                if self._fits(node):
                    self.found.append(self._shown(path, node))

    def _amount(self, option: str, units: t.Mapping[str, int], usual: str) -> int | None:
        """Return an age in seconds or a size in bytes, None where none is asked for."""
        text = self._arguments[option]
        if text is None:
            return None
        found = re.fullmatch(f"(-?\\d+)([{''.join(units)}])?", text, re.IGNORECASE)
        if found is None:
            raise ModuleFailure(f"Invalid {option} pattern specified", examined=0, files=[], matched=0)
        return int(found[1]) * units[(found[2] or usual).lower()]

    def _fits(self, node: Node) -> bool:
        kind = (self._arguments["file_type"] or "").lower()
        of_kind = kind in {"any", "directory" if node.folder else "file"}
        return all((self._of_age(node), of_kind, self._named(node), self._of_size(node)))

    def _of_age(self, node: Node) -> bool:
        if self._age is None:
            return True
        moment = getattr(node, _STAMPS[self._arguments["age_stamp"].lower()])
        limit = self._call.machine.clock.now() - datetime.timedelta(seconds=abs(self._age))
        return bool(moment <= limit if self._age >= 0 else moment >= limit)

    def _named(self, node: Node) -> bool:
        patterns = self._arguments["patterns"]
        if patterns is None:
            return True
        if not self._arguments["use_regex"]:
            return any(wildcards.fits(pattern, node.name) for pattern in patterns)
        flags = 0 if self._arguments["case_sensitive"] else re.IGNORECASE
        return any(re.search(pattern, node.name, flags) for pattern in patterns)

    def _of_size(self, node: Node) -> bool:
        size = 1 if node.content is None else len(node.content)  # PowerShell gives any single thing the length 1
        return self._size is None or (size >= self._size if self._size >= 0 else size <= -self._size)

    def _shown(self, path: str, node: Node) -> dict[str, t.Any]:
        file: dict[str, t.Any] = {
            "path": path,
            "filename": node.name,
            **described(self._call.machine, node),
            **dict.fromkeys(("checksum", "extension", "size", "sharename", "lnk_source", "lnk_target")),
        }
        if node.content is not None:
            file |= {"size": len(node.content), "extension": extension(node.name)}
            if self._arguments["get_checksum"]:
                algorithm = self._arguments["checksum_algorithm"].lower()
                file["checksum"] = hashlib.new(algorithm, node.content, usedforsecurity=False).hexdigest()
        return file
