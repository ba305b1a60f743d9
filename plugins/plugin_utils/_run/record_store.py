# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder of records on the controller: a folder for each server, in it a file for each record."""

from __future__ import annotations

import contextlib
from pathlib import Path

from .._audit import chain
from .._audit.record import Record
from .._core.plan import Refused
from . import whole_file

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MODE = 0o640
LOOK_BACK = 50
"""Records in which the newest one with findings is looked for."""


class Store:
    """The records of a folder.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def servers(self) -> list[str]:
        """Return the servers with a folder."""
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        # What begins with a dot is a run's own: the names of servers never do.
        return sorted(chain.server(path.name) for path in found if path.is_dir() and not path.name.startswith("."))

    def files(self, server: str) -> dict[str, Path]:
        """Return a server's files, by name; what is being written is none."""
        folder = self.folder / chain.folder(server)
        return (
            {path.name: path for path in folder.iterdir() if path.suffix != whole_file.SUFFIX}
            if folder.is_dir()
            else {}
        )

    def contents(self, server: str) -> dict[str, bytes]:
        """Return the content of all files of a server."""
        return {name: path.read_bytes() for name, path in self.files(server).items()}

    def head(self, server: str) -> tuple[int, bytes | None]:
        """Return the number and the content of the newest record; 0 and None without one."""
        files = self.files(server)
        last = max(map(chain.sequence, files), default=0)
        return last, files[chain.file(last)].read_bytes() if last else None

    def former(self, server: str) -> Record | None:
        """Return the newest record that has findings."""
        files = self.files(server)
        for number in sorted(map(chain.sequence, files), reverse=True)[:LOOK_BACK]:
            found = chain.read(files[chain.file(number)].read_bytes()) if number else None
            if found and found.get("findings"):
                return found
        return None

    def add(self, record: Record, key: Ed25519PrivateKey | None) -> bytes:
        """Write a record as the newest of its server, whole or not at all, and return its content."""
        folder = self.folder / chain.folder(str(record["server"]))
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            last, former = self.head(str(record["server"]))
            content = chain.linked(record, last + 1, former, key)
            with contextlib.suppress(FileExistsError):  # another run has written one meanwhile: this one follows it
                place(folder / chain.file(last + 1), content, replace=False)
                return content


def place(path: Path, content: bytes | Path, *, replace: bool) -> None:
    """Write a file so that everybody sees the old or the new one.

    Args:
        path: the file.
        content: its content, or a file beside it that takes its place.
        replace: whether there may be one already.

    Raises:
        FileExistsError: there is one already, and none may be.
        Refused: it cannot be written.
    """
    try:
        if isinstance(content, Path):
            content.chmod(MODE)
            content.replace(path)
            return
        with whole_file.beside(path, content, MODE) as temporary:
            if replace:
                temporary.replace(path)
            else:
                path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError as error:
        raise Refused(f"folder: cannot write {path}: {error.strerror or error}") from None
