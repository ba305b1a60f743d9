# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The content of a file that the probe was asked for: one that was not read is none that is absent."""

from __future__ import annotations

import base64
import typing as t

from .plan import Refused


class TooLarge(Refused):
    """A file is larger than what is read, so that nobody knows what is in it."""


def of(answer: t.Mapping[str, t.Any] | None, path: str, most: int) -> bytes | None:
    """Return the content, None where there is no such file.

    Args:
        answer: to the question ``file``.
        path: the file, for messages.
        most: how many bytes were asked for.

    Raises:
        TooLarge: the file is larger.
    """
    if not answer or answer.get("type") == "folder":
        return None
    if answer.get("content") is None:
        raise TooLarge(
            f"{path}: found {answer.get('size')} bytes, wanted at most {most}: it is not read. Find what made it grow,"
            " then run again"
        )
    return base64.b64decode(answer["content"])
