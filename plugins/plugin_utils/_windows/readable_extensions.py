# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The extensions of a certificate that ``cryptography`` refuses because of another one: those that are checked here are
read from a copy with nothing else (RFC 5280, 4.1). The copy's signature is of no use, and nobody checks it.
"""

from __future__ import annotations

import contextlib

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

_SEQUENCE, _EXTENSIONS = 0x30, 0xA3
# Subject alternative name 2.5.29.17 and extended key usage 2.5.29.37, as object identifiers in DER.
_CHECKED = (bytes.fromhex("0603551d11"), bytes.fromhex("0603551d25"))


def of(certificate: x509.Certificate) -> x509.Extensions:
    """Return the extensions of a certificate: all, or where they cannot be read those that are checked; none where
    these cannot be read either.
    """
    with contextlib.suppress(ValueError, x509.DuplicateExtension):
        return certificate.extensions
    with contextlib.suppress(ValueError, x509.DuplicateExtension):
        return _copy(certificate).extensions
    return x509.Extensions([])


def _copy(certificate: x509.Certificate) -> x509.Certificate:
    der = certificate.public_bytes(Encoding.DER)
    signed, *signature = _parts(_content(der))
    kept = b"".join(_checked(part) for part in _parts(_content(signed)))
    return x509.load_der_x509_certificate(_element(_SEQUENCE, _element(_SEQUENCE, kept) + b"".join(signature)))


def _checked(part: bytes) -> bytes:
    """Return a part of what is signed; of the extensions those that are checked."""
    if part[0] != _EXTENSIONS:
        return part
    found = [e for e in _parts(_content(_content(part))) if _content(e).startswith(_CHECKED)]
    return _element(_EXTENSIONS, _element(_SEQUENCE, b"".join(found))) if found else b""


def _parts(content: bytes) -> list[bytes]:
    """Return the elements that stand side by side."""
    found = []
    while content:
        start, length = _length(content)
        found.append(content[: start + length])
        content = content[start + length :]
    return found


def _content(element: bytes) -> bytes:
    start, length = _length(element)
    return element[start : start + length]


def _length(element: bytes) -> tuple[int, int]:
    """Return where an element's content begins, and how long it is."""
    first = element[1]
    if first < 0x80:
        return 2, first
    size = first & 0x7F
    return 2 + size, int.from_bytes(element[2 : 2 + size], "big")


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content
