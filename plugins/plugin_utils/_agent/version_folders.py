# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folders of other versions beside Runtime: what they are called, and which archive each came from."""

from __future__ import annotations

import base64
import re

from .._core import probe
from .._core.probe import Ask
from .._windows import windows_path
from .runtime_archive import MARKER

_STAGED = re.compile(r"\.staged-[0-9a-f]{8}", re.IGNORECASE)
_FORMER = re.compile(r"-[0-9][\w.+-]*-[0-9a-f]{8}", re.IGNORECASE)
STAGED_PATTERN = ".staged-*"
"""How the name of a version that is staged goes on behind that of Runtime, as the probe looks for it."""


def staged(runtime: str, checksum: str) -> str:
    """Return the folder beside Runtime into which an archive is unpacked while another version runs.

    Args:
        runtime: the folder of the version that runs.
        checksum: the SHA-256 of the archive.
    """
    return f"{runtime}.staged-{checksum[:8]}"


def former(runtime: str, version: str, checksum: str) -> str:
    """Return what a version is called that is no longer Runtime; ``version`` may be empty."""
    return f"{runtime}-{version or '0'}-{checksum[:8]}"


def is_staged(runtime: str, folder: str) -> bool:
    """Tell whether a folder beside Runtime, each by its path or name, has the name of a version that was never Runtime;
    other names are users' own.
    """
    return _goes_on(_STAGED, runtime, folder)


def is_former(runtime: str, folder: str) -> bool:
    """Tell the same of a version that is no longer Runtime."""
    return _goes_on(_FORMER, runtime, folder)


def _goes_on(pattern: re.Pattern[str], runtime: str, folder: str) -> bool:
    own, name = (path.rpartition("\\")[2] for path in (runtime, folder))
    return name.lower().startswith(own.lower()) and pattern.fullmatch(name[len(own) :]) is not None


def marked(folder: str, ask: Ask) -> str:
    """Return the SHA-256 of the archive that a folder came from, as its marker tells; empty where it has none."""
    answer = ask(probe.file(windows_path.join(folder, MARKER)))
    return base64.b64decode(answer["content"] or "").decode("utf-8-sig").strip() if answer else ""
