# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is found out once in a run instead of once per server: the first worker does the work, and the workers beside it
wait for it and read what it stored.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import typing as t
from pathlib import Path

Found = t.TypeVar("Found")


def found(
    path: Path, process: int, make: t.Callable[[], dict[str, t.Any]], read: t.Callable[[dict[str, t.Any]], Found]
) -> Found:
    """Return what an earlier task of the run found, else find it out.

    Args:
        path: a file of the run's private folder that nothing else uses.
        process: the run's process id; once it has ended, the file is a leftover.
        make: finds it out; what it returns must be JSON, and no secret. Whatever it raises leaves no file.
        read: makes of that what is returned; raises ValueError, KeyError or TypeError for what is damaged.
    """
    with _locked(path) as file:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return read(json.load(file)["found"])
        _replace(file, {"process": process})  # how a later run recognises the file as a leftover if this one is killed
        try:
            made = make()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        _replace(file, {"process": process, "found": made})
        return read(made)


@contextlib.contextmanager
def _locked(path: Path) -> t.Iterator[t.TextIO]:
    """Open a file that nobody else may read, created where it is missing, and lock it against the other workers. The
    system releases the lock when a worker dies.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
        with contextlib.suppress(OSError):  # a file system without locks: then each worker does the work
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _replace(file: t.TextIO, data: dict[str, t.Any]) -> None:
    file.seek(0)
    file.truncate()
    json.dump(data, file)
    file.flush()
