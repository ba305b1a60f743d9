# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of a settings file as the agent has it: UTF-8 and JSON, or refused with what is wrong and where."""

from __future__ import annotations

import typing as t

from .._core.plan import Refused
from .._dotnet import json_text

_WANTED = "wanted UTF-8, the encoding of the vendor's files. Nothing was written: save the file as UTF-8"
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


def of_others(path: str, content: bytes) -> dict[str, t.Any]:
    """Return what a settings file that others wrote holds, as values by their path, in any encoding that .NET reads.

    Args:
        path: the file, for messages.
        content: its bytes.

    Raises:
        Refused: a text that .NET would refuse, with the line.
    """
    try:
        return json_text.read(_decoded(content))
    except json_text.BadJson as error:
        raise Refused(
            f"{path}, {error}. The agent loads this file too and could not start with it. Nothing was written: fix the"
            " file, or remove it"
        ) from None


def _decoded(content: bytes) -> str:
    """Return a text as .NET's StreamReader has it: by the mark at its start, else UTF-8, wrong bytes replaced."""
    # Belief [settings-encoding]: dotnet/runtime, JsonConfigurationFileParser opens the file with a StreamReader.
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def document(path: str, content: bytes) -> json_text.Document:
    """Return what a settings file holds.

    Args:
        path: the file, for messages.
        content: its bytes.

    Raises:
        Refused: another encoding, or a text that .NET would refuse, with the line.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        raise Refused(f"{path}: found UTF-16, {_WANTED}")
    try:
        return json_text.parse(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"{path}, line {line}: found a byte that is not UTF-8 (0x{content[error.start]:02X}, as Windows-1252 writes"
            f" letters beyond ASCII), {_WANTED}"
        ) from None
    except json_text.BadJson as error:
        raise Refused(f"{path}, {error}. Nothing was written: fix the file, or restore a .bak beside it") from None
