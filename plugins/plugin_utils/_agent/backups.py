# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What this collection has kept of a settings file or web.config, beside it, before it changed it: it may hold secrets
of before.
"""

from __future__ import annotations

import re

from .._core import probe
from .._core.plan import Operation, write
from .._core.probe import Ask, Query
from .._windows import windows_path

SETTINGS, WEB_CONFIG = r"appsettings[^\\]*\.json", r"web\.config"
_STAMP = r"\.\d{8}T\d{9}\.bak"


def is_one(name: str, of: str = rf"(?:{SETTINGS}|{WEB_CONFIG})") -> bool:
    """Tell whether a file is a backup, by its name; ``of``: a pattern of what."""
    return re.fullmatch(of + _STAMP, name, re.IGNORECASE) is not None


def original(path: str) -> str:
    """Return the path of the file that a backup is of; empty for a file that is none."""
    return re.sub(f"{_STAMP}$", "", path, flags=re.IGNORECASE) if is_one(path.rpartition("\\")[2]) else ""


def questions(folder: str, count: int) -> tuple[Query, ...]:
    """Ask for the backups of a folder, where none is to stay.

    Args:
        folder: where the files are.
        count: how many are kept of each.
    """
    return () if count else (probe.files(folder, "*.bak"),)


def removals(folder: str, count: int, ask: Ask, *of: str) -> tuple[Operation, ...]:
    """Return what removes the backups of files whose names fit, where none is to stay."""
    names = [file["name"] for query in questions(folder, count) for file in ask(query) or ()]
    paths = [windows_path.join(folder, name) for name in sorted(names) if any(is_one(name, one) for one in of)]
    return tuple(write(f"remove the backup {path}", "remove", path=path) for path in paths)
