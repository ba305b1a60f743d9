# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PFX (PKCS#12) containers and PEM with an RSA key pair: reading those of any origin, and creating them."""

from __future__ import annotations

import contextlib
import functools
import re
import secrets
import typing as t

from .._core.plan import Refused
from . import container_kind

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
    from cryptography.hazmat.primitives.serialization import pkcs12

Contents: t.TypeAlias = "tuple[rsa.RSAPrivateKey, x509.Certificate, list[x509.Certificate]]"
"""Key, certificate and chain."""
ROUNDS, FEW_ROUNDS = 50000, 2000
_BEGIN = b"-----BEGIN "
_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)
_SEQUENCE = 0x30
# Object identifiers 1.2.840.113549.1.12.10.1.1 and .2 in DER: a key in clear, and an encrypted one. Containers encrypt
# each key by itself, so their number can be read without the password.
_KEY_BAGS = tuple(bytes.fromhex(f"060b2a864886f70d010c0a010{kind}") for kind in (1, 2))


def pfx(
    key: rsa.RSAPrivateKey,
    certificate: x509.Certificate,
    passphrase: str,
    chain: t.Sequence[x509.Certificate] = (),
    *,
    modern: bool = False,
    rounds: int = ROUNDS,
) -> bytes:
    """Return a PKCS#12 container that Windows Server 2016 imports too: 3DES and SHA-1; ``modern`` means AES-256 and
    SHA-256, which works from 2019 on.

    It has no friendly name: Windows would take it as the name of the key's own container, so that programs which load
    two such files delete each other's keys (dotnet/corefx pull request 8408; Pkcs12LoaderLimits.PreserveKeyName).

    Server 2016 refuses AES containers, learn.microsoft.com "Can't import an AES256-SHA256 encrypted PFX certificate".

    Args:
        key: the private key.
        certificate: its certificate.
        passphrase: what encrypts the container.
        chain: certificates of the issuers.
        modern: see above.
        rounds: of deriving the key from the passphrase; ``FEW_ROUNDS`` are enough for a random one, which cannot be
            guessed however cheap each try is.
    """
    cipher, digest = (
        (pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256())
        if modern
        else (pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1())  # noqa: S303  (what the old importer knows)
    )
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(rounds)
        .key_cert_algorithm(cipher)
        .hmac_hash(digest)
        .build(passphrase.encode())
    )
    return pkcs12.serialize_key_and_certificates(None, key, certificate, list(chain) or None, encryption)


def passphrase() -> str:
    """Return a new random passphrase for a container that lives for one execution."""
    return secrets.token_urlsafe(32)


def read(content: bytes, password: str, what: str, option: str = "password") -> Contents:
    """Return key, certificate and chain of a PFX, or of PEM with both.

    Args:
        content: the container.
        password: of the container; empty for none.
        what: how messages call it.
        option: how messages call the password: the option that has it.

    Raises:
        Refused: wrong password, truncated, no private key or several, another kind of key, no certificate for it.
    """
    if not content.strip():
        raise Refused(f"{what}: found an empty file, wanted a PFX or PEM with a private key")
    if content[0] != _SEQUENCE and _BEGIN in content:
        return _read_pem(content, password, what, option)
    if content[0] != _SEQUENCE:
        raise Refused(f"{what}: cannot be read: {container_kind.of_other_bytes(content)}")
    if _is_truncated(content):
        raise Refused(f"{what}: cannot be read: it is truncated; copy it again")
    other = container_kind.without_key(content)
    if other:
        raise Refused(f"{what}: found {other}, which has no private key, wanted a PFX or PEM with one: export it so")
    keys = sum(map(content.count, _KEY_BAGS))
    if keys > 1:
        raise Refused(f"{what}: contains {keys} private keys, wanted one: export only the pair")
    key, certificate, more = _open_pfx(content, password, what, option)
    if key is None:
        raise Refused(f"{what}: contains no private key; export it from its store with the private key")
    rsa_key = _rsa(key, what)
    if certificate is None:
        raise Refused(f"{what}: contains no certificate for its private key")
    return rsa_key, certificate, list(more)


def _open_pfx(
    content: bytes, password: str, what: str, option: str
) -> tuple[t.Any, x509.Certificate | None, list[x509.Certificate]]:
    """Return what is in a PFX; raises Refused with the cause and what to do, instead of cryptography's errors."""
    try:
        return _opened(content, password)
    except (ValueError, TypeError) as error:
        # The length is right, so where the check value does not match it is nearly always the password that is wrong.
        if "password" not in str(error).lower():
            raise Refused(f"{what}: cannot be read: it is not a PKCS#12 container, or it is damaged") from None
        raise Refused(f"{what}: cannot be read: {_wrong(password, option)}") from None
    except UnsupportedAlgorithm as error:
        raise Refused(
            f"{what}: cannot be read: this controller's OpenSSL does not know its encryption ({error}); export it again"
            " with AES-256 or 3DES"
        ) from None


@functools.cache
def _opened(content: bytes, password: str) -> tuple[t.Any, x509.Certificate | None, list[x509.Certificate]]:
    """Open a PFX once, whatever the number of its uses: deriving the key takes tens of milliseconds by design."""
    return pkcs12.load_key_and_certificates(content, password.encode() or None)


def _wrong(password: str, option: str) -> str:
    if not password:
        return f"it has a password, and {option} is empty; wanted the password that it was exported with"
    hint = f" ({option} ends in a space or line end: is this intended?)" if password != password.rstrip() else ""
    return f"the {option} is wrong{hint}; wanted the password that it was exported with"


def _is_truncated(content: bytes) -> bool:
    """Tell whether a DER sequence declares more bytes than there are."""
    if len(content) < 2:
        return True
    first = content[1]
    if first <= 0x80:  # the short form, or BER's indefinite length, which cannot be checked
        return first < 0x80 and len(content) < 2 + first
    size = first & 0x7F
    return len(content) < 2 + size + int.from_bytes(content[2 : 2 + size], "big")


def _rsa(key: t.Any, what: str) -> rsa.RSAPrivateKey:
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    kinds = ((ec.EllipticCurvePrivateKey, "an EC"), (dsa.DSAPrivateKey, "a DSA"))
    found = next((words for kind, words in kinds if isinstance(key, kind)), "another kind of")
    raise Refused(f"{what}: contains {found} key, wanted RSA: the agent needs an RSA key pair")


def _read_pem(content: bytes, password: str, what: str, option: str) -> Contents:
    blocks = [(match[1].decode(), match[0]) for match in _PEM_BLOCK.finditer(content)]
    if len(blocks) != content.count(_BEGIN):
        raise Refused(f"{what}: cannot be read: it is truncated: a part has no end")
    keys = [block for kind, block in blocks if kind.endswith("PRIVATE KEY")]
    if len(keys) > 1:
        raise Refused(f"{what}: contains {len(keys)} private keys, wanted one")
    if not keys:
        raise Refused(f"{what}: contains no private key; PEM has to have key and certificate in one file")
    try:
        certificates = [x509.load_pem_x509_certificate(block) for kind, block in blocks if kind == "CERTIFICATE"]
    except ValueError:
        raise Refused(f"{what}: cannot be read: a certificate in it is damaged") from None
    key = _rsa(_pem_key(keys[0], password, what, option), what)
    own = [c for c in certificates if c.public_key() == key.public_key()]
    if not own:
        others = f"; its {len(certificates)} certificates belong to other keys" if certificates else ""
        raise Refused(f"{what}: contains no certificate for its private key{others}")
    return key, own[0], [c for c in certificates if c is not own[0]]


def _pem_key(block: bytes, password: str, what: str, option: str) -> t.Any:
    encrypted = b"ENCRYPTED" in block
    try:
        # A key in clear is read whatever password was given for the file.
        return serialization.load_pem_private_key(block, (password.encode() or None) if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = _wrong(password, option) if encrypted else "it is damaged"
        raise Refused(f"{what}: the private key cannot be read: {reason}") from None
