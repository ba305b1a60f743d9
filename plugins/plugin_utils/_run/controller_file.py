# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that are kept on the controller: for nobody else's eyes, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .._core.plan import ControllerFile, Refused
from . import whole_file


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


def replace(wanted: ControllerFile) -> None:
    """Write a file as ``write`` does, in the place of another one, of which nothing stays: Ansible would read it too.

    Raises:
        Refused: the controller does not let it be written.
    """
    try:
        _write(Path(wanted.path), wanted, keeps=False)
    except OSError as error:
        raise Refused(
            f"cannot write {wanted.path} on the controller: {error.strerror}: name another folder, or let this account"
            " write there"
        ) from None


def _write(path: Path, wanted: ControllerFile, *, keeps: bool = True) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole_file.beside(path, wanted.content) as temporary:
        if keeps and path.exists():
            mark = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
            path.replace(path.with_name(f"{path.stem}-{mark}.former{path.suffix}"))
        temporary.replace(path)
