# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate's subject from text, as RFC 4514 and as Windows write it."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from ._plan import Refused

OID_NAMES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}
OID_NAMES |= {"C": NameOID.COUNTRY_NAME, "L": NameOID.LOCALITY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME}
OID_NAMES |= {"S": NameOID.STATE_OR_PROVINCE_NAME, "DC": NameOID.DOMAIN_COMPONENT, "E": NameOID.EMAIL_ADDRESS}
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
            attributes.append(x509.NameAttribute(OID_NAMES[part["key"].upper()], value))
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
