# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's files as a task finds them: beside the inventory first, then as Ansible finds files of a role or
playbook.
"""

from __future__ import annotations

import hashlib
import os
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleError

from .._core import once_a_run
from .._core.controller import HeldFile
from .._core.plan import Refused
from . import found_file

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

Read = t.TypeVar("Read")


class HeldFiles:
    """What subjects take as ``ControllerFiles``.

    Args:
        action: the plugin whose task, role and inventory say where files are.
    """

    def __init__(self, action: ActionBase) -> None:
        self._action = action
        self._variables = action._templar.available_variables

    def folder(self, path: str) -> str:
        """Return a folder of the controller as an absolute path: a relative one is beside the inventory."""
        path = str(Path(path).expanduser())
        return found_file.folder(path, self._variables) or self._action._loader.path_dwim(path)

    def content(self, what: str, file: str) -> bytes:
        """Return a file's bytes; opened in memory where it is encrypted with ansible-vault, since a decrypted copy
        would be a key in clear on the controller's disk.

        Args:
            what: the option that names it, for the message.
            file: its path.

        Raises:
            Refused: it is not found, or cannot be read.
        """
        return self._read(what, file, lambda path: self._action._loader._get_file_contents(path)[0])

    def held(self, what: str, file: str) -> HeldFile:
        """Return a file's place, size and SHA-256; it is read in pieces, since it may be large, and once in a run. As
        ``content``.
        """
        return self._read(what, file, _measured)

    def _read(self, what: str, file: str, read: t.Callable[[str], Read]) -> Read:
        name = str(Path(file).expanduser())
        beside = found_file.beside_inventory(name, self._variables)
        try:
            path = next((str(place) for place in beside if place.is_file()), None)
            path = path or self._action._find_needle("files", name)
            return read(path)
        except (AnsibleError, OSError) as error:
            cause = error.__cause__ or error
            reason = getattr(cause, "strerror", None) or str(cause).partition("\n")[0]
            places = dict.fromkeys(map(str, [*beside, *(getattr(error, "paths", None) or ())]))
            searched = f". Searched: {', '.join(places)}" if places else ""
            raise Refused(
                f"{what}: cannot read {file} on the controller: {reason.rstrip('.')}{searched}. Wanted an absolute"
                " path, or one from the folder of the inventory, the playbook or the role"
            ) from None


def _measured(path: str) -> HeldFile:
    """Return what a file is: it is read once in a run, not for each server, unless it changes meanwhile."""
    about = Path(path).stat()
    seen = f"{path}|{about.st_dev}|{about.st_ino}|{about.st_size}|{about.st_mtime_ns}"
    name = f"imops-file{hashlib.sha256(seen.encode()).hexdigest()}.json"
    folder = Path(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # made at run time
    # An action runs in a worker of the run's process.
    return once_a_run.found(folder / name, os.getppid(), lambda: _read_whole(path), lambda kept: HeldFile(path, **kept))


def _read_whole(path: str) -> dict[str, t.Any]:
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"size": file.tell(), "sha256": digest}
