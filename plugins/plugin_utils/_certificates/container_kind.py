# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a file is that was given for a key container and is none: named as people know it, with what to do."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography import x509

_SEQUENCE = 0x30
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# 1.2.840.113549.1.7.2 in DER, signedData, at the beginning of a PKCS#7 (RFC 2315); a PFX begins with its version.
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


def of_other_bytes(content: bytes) -> str:
    """Return what content is that begins as neither DER nor PEM does, and what to do."""
    encoding = _UTF16.get(content[:2])
    if encoding and "-----BEGIN " in content[2:].decode(encoding, "replace"):
        return "it is PEM in UTF-16, as Out-File of PowerShell 5.1 writes it; save it as ASCII or UTF-8"
    text = content[2:].decode(encoding, "replace").encode() if encoding else content
    if _is_base64_of_der(text):
        return (
            "it is base64 text of a container; decode it first (certutil -decode, base64 -d), or give the text as the"
            " option content"
        )
    return "it is neither a PKCS#12 container nor PEM"


def without_key(content: bytes) -> str:
    """Return what DER content is that can have no private key, in words; empty for anything else."""
    if _SIGNED_DATA in content[:32]:
        return "a PKCS#7 (.p7b)"
    try:
        x509.load_der_x509_certificate(content)
    except ValueError:
        return ""
    return "a certificate alone (.cer)"


def _is_base64_of_der(text: bytes) -> bool:
    joined = re.sub(rb"\s", b"", text.removeprefix(b"\xef\xbb\xbf"))
    try:
        return len(joined) >= 64 and base64.b64decode(joined, validate=True)[0] == _SEQUENCE
    except binascii.Error:
        return False
