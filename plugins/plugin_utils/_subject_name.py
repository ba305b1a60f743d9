# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate's subject from text, as RFC 4514 and as Windows write it."""

from __future__ import annotations

import contextlib
import re

from ._plan import Refused

with contextlib.suppress(ModuleNotFoundError):  # as in _key_pair.py
    from cryptography import x509

# The parts of a subject by the names of RFC 4514 (S and E as Windows writes them), with their object identifiers.
OID_NAMES = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8"}
OID_NAMES |= {"S": "2.5.4.8", "DC": "0.9.2342.19200300.100.1.25", "E": "1.2.840.113549.1.9.1"}
_PART = re.compile(r'\s*(?P<key>\w+)\s*=\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>(?:[^,+"\\]|\\.)*))\s*(?P<end>,|$)')


def parse(text: str) -> x509.Name:
    r"""Return a subject from ``CN=x,O=y``: commas in a value are escaped (``\,``), or the value is in quotation marks
    as Windows shows it.

    Raises:
        Refused: it cannot be read.
    """
    attributes: list[x509.NameAttribute[str]] = []
    position = 0
    while position < len(text) or not attributes:
        part = _PART.match(text, position)
        value = _value(part) if part else ""
        if not part or not value or part["key"].upper() not in OID_NAMES:
            raise Refused(
                f"subject: found {text!r}, wanted parts as CN=name, separated by commas ({', '.join(OID_NAMES)}); a"
                " comma, plus or quotation mark in a value has a backslash in front"
            )
        try:
            attributes.append(x509.NameAttribute(x509.ObjectIdentifier(OID_NAMES[part["key"].upper()]), value))
        except ValueError as error:
            raise Refused(f"subject: found {text!r}, wanted another {part['key'].upper()}: {error}") from None
        position = part.end()
        if part["end"] and position == len(text):
            raise Refused(f"subject: found {text!r}, which ends in a comma, wanted nothing behind the last part")
    return x509.Name(list(reversed(attributes)))


def _value(part: re.Match[str]) -> str:
    if part["quoted"] is not None:
        return part["quoted"].replace('""', '"')
    # A space at the end counts only when it is escaped.
    bare = re.sub(r"(?<!\\) +$", "", part["bare"])
    return re.sub(r"\\([0-9A-Fa-f]{2}|.)", lambda m: chr(int(m[1], 16)) if len(m[1]) == 2 else m[1], bare)


def is_same(text: str, subject: str) -> bool:
    """Tell whether a text means a certificate's subject, without regard to case, as Windows compares."""
    return parse(text).rfc4514_string().casefold() == subject.casefold()
