"""Files, folders, volumes and paths."""

from __future__ import annotations

import dataclasses
import datetime
import ntpath

from ..security.descriptors import Ace

ADMINISTRATORS = "S-1-5-32-544"


@dataclasses.dataclass
class Node:
    """A file (content) or folder (content is None), with what NTFS keeps of it.

    Attributes:
        path: as it was first written.
        content: the bytes, or None for a folder.
        last_write: UTC.
        owner: SID.
        explicit: its own entries; the inherited ones are worked out when asked for.
        protected: whether it takes no entries from above.
        read_only: the attribute.
        created: UTC; at first the time of the first write.
        last_access: UTC; reading does not move it, as on a fresh server.
    """

    path: str
    content: bytes | None
    last_write: datetime.datetime
    owner: str = ADMINISTRATORS
    explicit: tuple[Ace, ...] = ()
    protected: bool = False
    read_only: bool = False
    created: datetime.datetime | None = None
    last_access: datetime.datetime | None = None

    def __post_init__(self) -> None:
        """Take the first write for the creation."""
        self.created = self.created or self.last_write
        self.last_access = self.last_access or self.last_write

    @property
    def folder(self) -> bool:
        """Tell whether it is a folder."""
        return self.content is None

    @property
    def name(self) -> str:
        """Return the last part of its path."""
        return ntpath.basename(self.path) or self.path


@dataclasses.dataclass
class Drive:
    """A volume: how much room is left and whether it can be written."""

    free_bytes: int = 60 * 2**30
    read_only: bool = False

    @property
    def size(self) -> int:
        """Return how large it is: most of it is used."""
        return 4 * self.free_bytes + 2**30


def normal(path: str) -> str:
    """Return an absolute path with backslashes and no dots; drive letters upper-case, no separator at the end but a
    drive's.
    """
    path = ntpath.normpath(path.replace("/", "\\"))
    if len(path) >= 2 and path[1] == ":":
        path = path[0].upper() + path[1:]
    return path + "\\" if len(path) == 2 else path
