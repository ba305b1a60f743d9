# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file of the controller that is written whole or not at all: beside its place first, on the disk, and then moved."""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t
from pathlib import Path

SUFFIX = ".tmp"
"""How the name of a file ends that is being written."""


@contextlib.contextmanager
def beside(path: Path, content: bytes, mode: int = 0o600) -> t.Iterator[Path]:
    """Write a file beside a path and return it, to be moved or linked there; what stays of it then is removed.

    Args:
        path: where the file shall be.
        content: its content.
        mode: its mode; until it is complete, nobody else may read it.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=SUFFIX)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
