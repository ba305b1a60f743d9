# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Distinguished names after RFC 4514 and as Windows writes them: to text, and from text to a certificate's subject."""

from __future__ import annotations

import contextlib
import re
import typing as t

from .._core.plan import Refused
from .._core.value_kind import kind

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography import x509

# The parts of a subject by the names of RFC 4514 (S and E as Windows writes them), with their object identifiers.
OID_NAMES = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8"}
OID_NAMES |= {"S": "2.5.4.8", "DC": "0.9.2342.19200300.100.1.25", "E": "1.2.840.113549.1.9.1"}
CN = OID_NAMES["CN"]
_MORE_NAMES = {"STREET": "2.5.4.9", "SERIALNUMBER": "2.5.4.5", "T": "2.5.4.12", "TITLE": "2.5.4.12", "G": "2.5.4.42"}
_MORE_NAMES |= {"GN": "2.5.4.42", "SN": "2.5.4.4", "I": "2.5.4.43", "POSTALCODE": "2.5.4.17"}
_MORE_NAMES |= {"UID": "0.9.2342.19200300.100.1.1", "DESCRIPTION": "2.5.4.13", "EMAIL": "1.2.840.113549.1.9.1"}
_KNOWN = OID_NAMES | _MORE_NAMES
_NUMBERS = re.compile(r"(?:OID\.)?([0-2](?:\.[0-9]+)+)", re.IGNORECASE)
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+")
_SPECIAL = frozenset('"+,;<>\\')
_PART = re.compile(
    r'\s*(?P<key>[\w.]+)\s*=\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>(?:[^,+"\\]|\\.)*))\s*(?P<end>[,+]|$)'
)


def parse(text: str) -> x509.Name:
    r"""Return a subject from ``CN=x,O=y``: commas in a value are escaped (``\,``), or the value is in quotation marks
    as Windows shows it.

    Raises:
        Refused: it cannot be read.
    """
    parts: list[list[x509.NameAttribute[str]]] = [[]]
    position = 0
    while position < len(text) or not parts[0]:
        part = _PART.match(text, position)
        value = _value(part) if part else ""
        number = _number(part["key"]) if part else ""
        if not part or not value or not number:
            raise Refused(
                f"subject: found {text!r}, wanted parts such as CN=name, separated by commas ({', '.join(OID_NAMES)});"
                " a comma, plus or quotation mark in a value needs a backslash before it"
            )
        try:
            parts[-1].append(x509.NameAttribute(x509.ObjectIdentifier(number), value))
        except ValueError as error:
            raise Refused(f"subject: found {text!r}, wanted another {part['key'].upper()}: {error}") from None
        position = part.end()
        if part["end"] and position == len(text):
            raise Refused(f"subject: found {text!r}, which ends in a comma, wanted nothing after the last part")
        if part["end"] == ",":
            parts.append([])
    try:
        return x509.Name([x509.RelativeDistinguishedName(part) for part in reversed(parts)])
    except ValueError as error:
        raise Refused(f"subject: found {text!r}: {error}") from None


def _number(key: str) -> str:
    """Return the object identifier of a part's name, which may be the number itself, with OID. before it on Windows;
    empty for one that is not known.
    """
    numbers = _NUMBERS.fullmatch(key)
    return numbers[1] if numbers else _KNOWN.get(key.upper(), "")


def _value(part: re.Match[str]) -> str:
    if part["quoted"] is not None:
        return part["quoted"].replace('""', '"')
    # A space at the end counts only when it is escaped.
    bare = re.sub(r"(?<!\\) +$", "", part["bare"])
    return re.sub(r"\\([0-9A-Fa-f]{2}|.)", lambda m: chr(int(m[1], 16)) if len(m[1]) == 2 else m[1], bare)


def is_same(text: str, subject: str) -> bool:
    """Tell whether a text names a certificate's subject, ignoring case as Windows does; raises Refused for a text that
    is no distinguished name.
    """
    wanted = parse(text)
    if wanted.rfc4514_string().casefold() == subject.casefold():
        return True
    try:
        return _comparable(wanted) == _comparable(parse(subject))
    except Refused:
        return False


def common_name(text: str) -> str:
    """Return the common name of a distinguished name, of several the most specific; empty where it has none.

    Raises:
        Refused: it cannot be read.
    """
    attributes = [attribute for part in parse(text).rdns for attribute in part]
    found = [str(attribute.value) for attribute in attributes if attribute.oid.dotted_string == CN]
    return found[-1] if found else ""


def _comparable(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """Return the parts of a name; those that stand together in one have no order."""
    return [frozenset((a.oid.dotted_string, str(a.value).casefold()) for a in part) for part in name.rdns]


def formatted(parts: t.Any) -> str:
    """Return a distinguished name.

    Args:
        parts: values by attribute type, most specific first; a list of values for a type that comes several times in a
            row.

    Raises:
        Refused: no parts, something that is not an attribute type, or a value that is not a string.
    """
    if not isinstance(parts, dict) or not parts:
        raise Refused(
            f"found {kind(parts) if parts else 'nothing'}, wanted values by attribute type, most specific"
            " first, such as {'CN': 'Agent', 'DC': ['contoso', 'com']}"
        )
    found = []
    for attribute, given in parts.items():
        if not isinstance(attribute, str) or not _TYPE.fullmatch(attribute):
            raise Refused(
                f"found the attribute type {attribute!r}, wanted a name such as CN, OU, DC, or an object identifier"
            )
        values = given if isinstance(given, list) else [given]
        if not values:
            raise Refused(f"{attribute}: found an empty list, wanted a value; omit {attribute} if it has none")
        found += [f"{attribute}={_escaped(attribute, value)}" for value in values]
    return ",".join(found)


def _escaped(attribute: str, value: t.Any) -> str:
    if not isinstance(value, str) or not value:
        raise Refused(f"{attribute}: found {value!r}, wanted a string; omit {attribute} if it has none")
    last = len(value) - 1
    return "".join(_character(c, first=i == 0, last=i == last) for i, c in enumerate(value))


def _character(character: str, *, first: bool, last: bool) -> str:
    if character in _SPECIAL or (first and character in " #") or (last and character == " "):
        return f"\\{character}"
    if character < " " or character == "\x7f":
        return f"\\{ord(character):02X}"
    return character
