"""Messages that are encrypted inside http, as [MS-WSMV] 2.2.9.1 frames them: for SPNEGO, Kerberos and CredSSP."""

from __future__ import annotations

import re
import struct
import typing as t

_BOUNDARY = b"--Encrypted Boundary"
_PROTOCOL = re.compile(r'protocol="([^"]+)"')
_CREDSSP = "application/HTTP-CredSSP-session-encrypted"
_KNOWN = ("application/HTTP-SPNEGO-session-encrypted", "application/HTTP-Kerberos-session-encrypted", _CREDSSP)
_PART = re.compile(rb"--Encrypted Boundary\r\n(?=\tContent-Type: application/HTTP-)")
_MOST_AT_ONCE = 16384
"""Bytes of a message that CredSSP encrypts at once; a longer one is split, [MS-WSMV] 2.2.9.1.3."""
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"


class Unreadable(Exception):
    """A message that this connection's context cannot open."""


def is_sealed(content_type: str) -> bool:
    """Tell whether a body is encrypted."""
    return content_type.startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))


def protocol_of(content_type: str) -> str:
    """Return which encryption a body names, to answer with the same; raises Unreadable for another."""
    found = _PROTOCOL.search(content_type)
    if not found or found[1] not in _KNOWN:
        raise Unreadable(content_type)
    return found[1]


def opened(context: t.Any, body: bytes) -> bytes:
    """Return the message inside a body, of one part or several; raises Unreadable."""
    first, *more = _PART.split(body)
    return b"".join(_opened(context, part) for part in (more if more and not first else [body]))


def _opened(context: t.Any, body: bytes) -> bytes:
    head, octets, rest = body.partition(_OCTETS)
    length = re.search(rb"Length=(\d+)", head)
    if not octets or length is None:
        raise Unreadable("no part of octets")
    sealed = rest[: rest.rindex(_BOUNDARY)] if _BOUNDARY in rest else rest
    (size,) = struct.unpack("<i", sealed[:4])
    try:
        message = context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
    except Exception as error:  # whatever the package raises, the service drops such a message
        raise Unreadable(str(error)) from error
    if len(message) != int(length[1]):
        raise Unreadable("another length than announced")
    return bytes(message)


def closed(context: t.Any, protocol: str, message: bytes) -> tuple[str, bytes]:
    """Return the content type and the body that carry a message."""
    step = _MOST_AT_ONCE if protocol == _CREDSSP else max(len(message), 1)
    parts = [_closed(context, protocol, message[at : at + step]) for at in range(0, max(len(message), 1), step)]
    kind = "multipart/encrypted" if len(parts) == 1 else "multipart/x-multi-encrypted"
    return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', b"".join([*parts, _BOUNDARY, b"--\r\n"])


def _closed(context: t.Any, protocol: str, message: bytes) -> bytes:
    wrapped = context.wrap_winrm(message)
    original = f"type=application/soap+xml;charset=UTF-8;Length={len(message) + wrapped.padding_length}"
    head = [
        _BOUNDARY.decode(),
        f"\tContent-Type: {protocol}",
        f"\tOriginalContent: {original}",
        f"{_BOUNDARY.decode()}\r\n",
    ]
    sealed: bytes = struct.pack("<i", len(wrapped.header)) + wrapped.header + wrapped.data
    return "\r\n".join(head).encode() + _OCTETS + sealed
