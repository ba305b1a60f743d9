# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that are kept on the controller: for nobody else's eyes, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from ._plan import ControllerFile, Refused


def write(wanted: ControllerFile) -> None:
    """Write a file with mode 0600; another one in its place stays beside it, under the beginning of its SHA-256.

    Raises:
        Refused: the controller does not let it be written.
    """
    try:
        _write(Path(wanted.path), wanted)
    except OSError as error:
        raise Refused(
            f"cannot write {wanted.path} on the controller: {error.strerror}. Nothing was sent to the server: name"
            " another folder, or let this account write there"
        ) from None


def _write(path: Path, wanted: ControllerFile) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(wanted.content)
            opened.flush()
            os.fsync(opened.fileno())
        if path.exists():
            mark = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
            path.replace(path.with_name(f"{path.stem}-{mark}.former{path.suffix}"))
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
