"""The file system of an emulated server: case-insensitive Windows paths, contents, times and rights with NTFS's
inheritance.
"""

from __future__ import annotations

import dataclasses
import hashlib
import ntpath
import typing as t

from .. import errors
from ..clock import Clock, stamp
from ..security import descriptors
from ..security.descriptors import Ace, Descriptor
from . import fresh
from .nodes import Drive, Node, normal
from .other_programs import OtherProgram


class FileSystem:
    """All drives of a server.

    Attributes:
        others: programs that see what is done to files, and may be in the way.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._nodes: dict[str, Node] = {}
        self._children: dict[str, dict[str, str]] = {}
        self.drives: dict[str, Drive] = {}
        self.locked: set[str] = set()
        self.denied: set[str] = set()
        self.others: list[OtherProgram] = []
        self.add_drive("C")
        for path in (*fresh.PROTECTED, *fresh.PLAIN):
            self.make_folder(path)
        for path, sddl in fresh.PROTECTED.items():
            descriptor = descriptors.parse(sddl)
            node = self._nodes[path.lower()]
            node.owner, node.explicit, node.protected = descriptor.owner, descriptor.aces, True

    def add_drive(self, letter: str, **settings: t.Any) -> None:
        """Add a volume, with the rights of a fresh one."""
        letter = letter.upper()
        self.drives[letter] = Drive(**settings)
        root = Node(f"{letter}:\\", None, self._clock.now(), protected=True)
        descriptor = descriptors.parse(fresh.PROTECTED["C:\\"])
        root.owner, root.explicit = descriptor.owner, descriptor.aces
        self._nodes[root.path.lower()] = root
        self._children[root.path.lower()] = {}

    # What is there

    def find(self, path: str) -> Node | None:
        """Return what is at a path, or None."""
        return self._nodes.get(normal(path).lower())

    def exists(self, path: str) -> bool:
        """Tell whether something is at a path."""
        return self.find(path) is not None

    def is_file(self, path: str) -> bool:
        """Tell whether a file is at a path."""
        node = self.find(path)
        return node is not None and not node.folder

    def is_folder(self, path: str) -> bool:
        """Tell whether a folder is at a path."""
        node = self.find(path)
        return node is not None and node.folder

    def entry(self, path: str) -> Node:
        """Return what is at a path; raises FileNotFoundException."""
        node = self.find(path)
        if node is None:
            raise errors.file_not_found(path)
        return node

    def children(self, path: str) -> list[str]:
        """Return the names in a folder, in NTFS's order: that of their capital letters."""
        node = self.find(path)
        if node is None or not node.folder:
            raise errors.folder_not_found(path)
        names = self._children[node.path.lower()]
        return [self._nodes[names[key]].name for key in sorted(names, key=str.upper)]

    def walk(self, path: str) -> t.Iterator[Node]:
        """Yield everything below a folder, parents first."""
        for name in self.children(path):
            node = self.entry(ntpath.join(path, name))
            yield node
            if node.folder:
                yield from self.walk(node.path)

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        self._check_faults(path, reading=True)
        node = self.find(path)
        if node is None:
            parent = ntpath.dirname(normal(path))
            raise errors.file_not_found(path) if self.is_folder(parent) else errors.folder_not_found(path)
        if node.content is None:
            raise errors.access_denied(path)
        return node.content

    def text(self, path: str) -> str:
        """Return a file's text (UTF-8, byte order mark dropped)."""
        return self.read(path).decode("utf-8-sig")

    # Changing it

    def write(self, path: str, content: bytes | str) -> None:
        """Write a file's whole content; its folder must be there."""
        data = content.encode() if isinstance(content, str) else content
        path = normal(path)
        self._check_faults(path)
        node = self.find(path)
        if node is not None:
            if node.folder or node.read_only:
                raise errors.access_denied(path)
            self._take_room(path, len(data) - len(node.content or b""))
            open_still = any(other.keeps_time(path) for other in self.others)
            node.content, node.last_write = data, node.last_write if open_still else self._clock.now()
        else:
            self._take_room(path, len(data))
            self._add(Node(path, data, self._clock.now()))
        for other in self.others:
            other.written(path)

    def make_folder(self, path: str) -> None:
        """Make a folder and its parents; one that is there stays."""
        path = normal(path)
        node = self.find(path)
        if node is not None:
            if not node.folder:
                raise errors.already_exists(path)
            return
        parent = ntpath.dirname(path)
        if parent in {path, ""}:
            raise errors.folder_not_found(path)
        self.make_folder(parent)
        self._check_faults(path)
        self._take_room(path, 0)
        self._add(Node(path, None, self._clock.now()))

    def remove(self, path: str, recurse: bool = False, *, force: bool = False) -> None:
        """Remove a file, an empty folder, or with ``recurse`` a whole one; with ``force`` read-only files as well."""
        node = self.find(path)
        if node is None:
            raise errors.file_not_found(path)
        self._check_faults(path)
        if node.folder:
            names = self.children(path)
            if names and not recurse:
                raise errors.WindowsError(
                    "System.IO.IOException", f"The directory is not empty.\r\n : '{path}'", -2147024751
                )
            for name in names:
                self.remove(ntpath.join(node.path, name), recurse=True, force=force)
        elif node.read_only and not force:
            raise errors.access_denied(path)
        key = node.path.lower()
        del self._nodes[key]
        self._children.pop(key, None)
        self._children[ntpath.dirname(node.path).lower()].pop(node.name.lower(), None)
        self._stamp_parent(node.path)

    def move(self, source: str, target: str) -> None:
        """Move a file or folder; its rights go with it, the inherited ones as they were at the old place."""
        node = self.entry(source)
        target = normal(target)
        self._check_faults(source)
        self._check_faults(target)
        if self.exists(target):
            raise errors.already_exists(target)
        below = [node, *(self.walk(node.path) if node.folder else ())]
        if node.folder:
            for other in self.others:
                other.folder_moved(node.path, tuple(one.path for one in below[1:]))
        old = node.path
        kept = [(n, n.path) for n in below]
        names = self._children.pop(old.lower(), None)
        for n, path in kept:
            del self._nodes[path.lower()]
            if n is not node:
                self._children.pop(path.lower(), None)
        self._children[ntpath.dirname(old).lower()].pop(ntpath.basename(old).lower(), None)
        self._stamp_parent(old)
        del names
        for n, path in kept:
            n.path = target + path[len(old) :]
            self._add(n)

    def copy(self, source: str, target: str, *, force: bool = False) -> None:
        """Copy one file over or beside another; the new one inherits at its place, and has the time of writing and the
        attributes of the old one. With ``force`` a read-only file is written over.
        """
        content, there = self.read(source), self.find(target)
        if there is not None and force:
            there.read_only = False
        self.write(target, content)
        made, copied = self.entry(target), self.entry(source)
        made.last_write, made.read_only = copied.last_write, copied.read_only

    def replace(self, new: str, old: str, backup: str | None = None) -> None:
        """Put the content of ``new`` in the place of ``old``, whose access list it gets; ``old`` itself gets the name
        ``backup`` and keeps its own (learn.microsoft.com "ReplaceFileW").
        """
        self._check_faults(old)
        node = self.entry(old)
        if node.read_only:
            raise errors.access_denied(old)
        for other in self.others:
            other.replaced(new, old, backup)
        if backup:
            if self.exists(backup):
                self.remove(backup)
            self._take_room(backup, len(node.content or b""))
            self._add(dataclasses.replace(node, path=normal(backup), last_write=self._clock.now()))
        node.content, node.last_write = self.read(new), self.entry(new).last_write
        self.remove(new)

    # Rights

    def descriptor(self, path: str) -> Descriptor:
        """Return owner and effective access list of what is at a path."""
        node = self.entry(path)
        parent = ntpath.dirname(node.path)
        if node.protected or parent == node.path:
            return Descriptor(node.owner, ordered_protected(node), protected=True)
        above = descriptors.inherited(self.descriptor(parent).aces, folder=node.folder, owner=node.owner)
        return Descriptor(node.owner, descriptors.ordered(node.explicit, above))

    def sddl(self, path: str) -> str:
        """Return owner and DACL as Windows shows them."""
        return self.descriptor(path).sddl()

    def set_rights(self, path: str, explicit: t.Iterable[Ace], *, protected: bool | None = None) -> None:
        """Set the entries of its own, and whether it takes more from above; another's open handle is not in the way."""
        self._check_faults(path, shared=True)
        node = self.entry(path)
        node.explicit = tuple(dataclasses.replace(ace, flags=ace.flags - {"ID"}) for ace in explicit)
        if protected is not None:
            node.protected = protected

    def set_sddl(self, path: str, sddl: str) -> None:
        """Set owner and entries; inherited ones in the text count only for a protected list."""
        descriptor = descriptors.parse(sddl)
        own = descriptor.aces if descriptor.protected else [a for a in descriptor.aces if "ID" not in a.flags]
        self.set_rights(path, own, protected=descriptor.protected)
        self.entry(path).owner = descriptor.owner

    def allowed(self, path: str, sids: t.Collection[str], rights: int) -> bool:
        """Tell whether somebody with these SIDs has all of ``rights`` on what is at a path."""
        return descriptors.effective(self.descriptor(path), sids) & rights == rights

    # Faults

    def lock(self, path: str) -> None:
        """Let another process hold a file open."""
        self.locked.add(normal(path).lower())

    def deny(self, path: str) -> None:
        """Let every write at or below a path be denied."""
        self.denied.add(normal(path).lower())

    def _check_faults(self, path: str, *, reading: bool = False, shared: bool = False) -> None:
        key = normal(path).lower()
        if key in self.locked:
            raise errors.in_use(path)
        for other in () if shared else self.others:
            (other.read if reading else other.changed)(normal(path))
        if reading:
            return
        drive = self.drives.get(key[:1].upper()) if key[1:2] == ":" else None
        if drive is None:
            raise errors.folder_not_found(path)
        if drive.read_only:
            raise errors.WindowsError("System.IO.IOException", "The media is write protected.\r\n", -2147024877)
        if any(key == denied or key.startswith(denied.rstrip("\\") + "\\") for denied in self.denied):
            raise errors.access_denied(path)

    def _take_room(self, path: str, size: int) -> None:
        drive = self.drives[path[0].upper()]
        if size > drive.free_bytes:
            raise errors.disk_full()
        drive.free_bytes -= size

    def _add(self, node: Node) -> None:
        parent = ntpath.dirname(node.path)
        above = self.find(parent)
        if above is None or not above.folder:
            raise errors.folder_not_found(node.path)
        node.path = ntpath.join(above.path, ntpath.basename(node.path))
        key = node.path.lower()
        self._nodes[key] = node
        if node.folder:
            self._children.setdefault(key, {})
        self._children[above.path.lower()][node.name.lower()] = key
        above.last_write = self._clock.now()

    def _stamp_parent(self, path: str) -> None:
        """Note that a folder's list of names changed."""
        above = self.find(ntpath.dirname(path))
        if above is not None:
            above.last_write = self._clock.now()

    def dump(self) -> dict[str, t.Any]:
        """Return everything as JSON-able data: text of small files, hashes of others."""
        shown: dict[str, t.Any] = {}
        for key in sorted(self._nodes):
            node = self._nodes[key]
            item: dict[str, t.Any] = {"last_write": stamp(node.last_write), "owner": node.owner}
            if node.explicit:
                item["rights"] = [str(ace) for ace in node.explicit]
            if node.protected:
                item["protected"] = True
            if node.read_only:
                item["read_only"] = True
            if node.content is not None:
                item |= {"size": len(node.content), "sha256": hashlib.sha256(node.content).hexdigest()}
                if len(node.content) <= 65536:
                    try:
                        item["text"] = node.content.decode()
                    except UnicodeDecodeError:
                        item["binary"] = True
            shown[node.path] = item
        return shown


def ordered_protected(node: Node) -> tuple[Ace, ...]:
    """Return a protected node's own entries in canonical order."""
    return descriptors.ordered(node.explicit, ())
