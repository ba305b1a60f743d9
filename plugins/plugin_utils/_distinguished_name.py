# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Distinguished names as text, after RFC 4514."""

from __future__ import annotations

import re
import typing as t

from ._kind import kind
from ._plan import Refused

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+")
_SPECIAL = frozenset('"+,;<>\\')


def formatted(parts: t.Any) -> str:
    """Return a distinguished name.

    Args:
        parts: values by attribute type, most specific first; a list of values for a type that comes several times in a
            row.

    Raises:
        Refused: no parts, a type that is none, or a value that is no text.
    """
    if not isinstance(parts, dict) or not parts:
        raise Refused(
            f"found {kind(parts) if parts else 'nothing'}, wanted values by attribute type, most specific"
            " first, as {'CN': 'Agent', 'DC': ['contoso', 'com']}"
        )
    found = []
    for attribute, given in parts.items():
        if not isinstance(attribute, str) or not _TYPE.fullmatch(attribute):
            raise Refused(
                f"found the attribute type {attribute!r}, wanted a name as CN, OU, DC, or an object identifier"
            )
        values = given if isinstance(given, list) else [given]
        if not values:
            raise Refused(f"{attribute}: found an empty list, wanted a value; leave {attribute} out if it has none")
        found += [f"{attribute}={_escaped(attribute, value)}" for value in values]
    return ",".join(found)


def _escaped(attribute: str, value: t.Any) -> str:
    if not isinstance(value, str) or not value:
        raise Refused(f"{attribute}: found {value!r}, wanted a text; leave {attribute} out if it has none")
    last = len(value) - 1
    return "".join(_character(c, first=i == 0, last=i == last) for i, c in enumerate(value))


def _character(character: str, *, first: bool, last: bool) -> str:
    if character in _SPECIAL or (first and character in " #") or (last and character == " "):
        return f"\\{character}"
    if character < " " or character == "\x7f":
        return f"\\{ord(character):02X}"
    return character
