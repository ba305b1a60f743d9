"""ReplaceFileW that fails half way."""

from __future__ import annotations

import dataclasses

from ..windows.errors import WindowsError
from ..windows.files.file_system import FileSystem
from ..windows.files.other_programs import OtherProgram
from ..windows.machine import Machine
from .behaviour import Behaviour

TEXTS = {
    1175: "Unable to remove the file to be replaced.\r\n",
    1176: (
        "Unable to move the replacement file to the file to be replaced. The file to be replaced has retained its"
        " original name.\r\n"
    ),
    1177: (
        "Unable to move the replacement file to the file to be replaced. The file to be replaced has been renamed using"
        " the backup name.\r\n"
    ),
}


@dataclasses.dataclass(frozen=True)
class FailingReplace(Behaviour):
    """A file is replaced with an error, and what is left is what Windows leaves, learn.microsoft.com "ReplaceFileW".

    Attributes:
        code: 1175: nothing has changed. 1176: with a backup nothing has changed; without one the file is gone, and the
            new content is under its temporary name. 1177, which needs a backup: the file has the backup's name.
        times: so many fail, the next succeeds.
        path: only of files below it.
    """

    code: int = 1176
    times: int = 1
    path: str = "C:\\"

    def __post_init__(self) -> None:
        """Refuse another code."""
        if self.code not in TEXTS:
            raise ValueError(f"code is one of {', '.join(map(str, TEXTS))}, not {self.code}")

    def go_on(self, machine: Machine) -> None:
        """Fail from now on."""
        machine.files.others.append(_Failing(machine.files, self))


class _Failing(OtherProgram):
    def __init__(self, files: FileSystem, about: FailingReplace) -> None:
        self._files, self._about, self._left = files, about, about.times

    def replaced(self, new: str, old: str, backup: str | None) -> None:
        code = self._about.code
        concerns = old.lower().startswith(self._about.path.lower()) and (code != 1177 or backup is not None)
        if self._left <= 0 or not concerns:
            return
        self._left -= 1
        if code == 1176 and backup is None:
            self._files.remove(old)
        if code == 1177 and backup is not None:
            self._files.move(old, backup)
        raise WindowsError("System.IO.IOException", TEXTS[code], code - 2147024896)
