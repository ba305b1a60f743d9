# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file that the server fetches itself: where it finds it, and the SHA-256 that it must have."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import _windows_path
from ._plan import Refused

_CHECKSUM = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


def is_url(source: str) -> bool:
    """Tell whether a source is a URL (http or https), not a path."""
    return bool(re.match(r"https?://", source))


def is_source(source: str) -> bool:
    """Tell whether a text is a URL or an absolute Windows path, also on a share."""
    return is_url(source) or _windows_path.why_not_absolute(source) is None


def checksum(text: str) -> str | None:
    """Return a SHA-256 in lower case, or None when the text is none; ``sha256:`` may stand in front."""
    match = _CHECKSUM.fullmatch(text.strip())
    return match[1].lower() if match else None


@dataclasses.dataclass(frozen=True)
class Download:
    """Where a file is (URL or absolute Windows path) and its SHA-256 in lower case."""

    source: str
    checksum: str

    @classmethod
    def of(cls, option: str, given: t.Mapping[str, t.Any]) -> Download:
        """Return the file of an option with ``source`` and ``checksum``; raises Refused, naming the option."""
        found, source = checksum(given["checksum"]), given["source"].strip()
        if found is None:
            raise Refused(f"{option}.checksum: wanted the SHA-256 of the file, 64 hexadecimal digits")
        if not is_source(source):
            raise Refused(f"{option}.source: found {source!r}, wanted a URL or an absolute Windows path")
        return cls(source, found)
