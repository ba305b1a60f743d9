# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PFX (PKCS#12) containers and PEM with an RSA key pair: read whoever made them, and made."""

from __future__ import annotations

import contextlib
import functools
import re
import secrets
import typing as t

from ._plan import Refused

with contextlib.suppress(ModuleNotFoundError):  # as in _key_pair.py
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
    from cryptography.hazmat.primitives.serialization import pkcs12

Read: t.TypeAlias = "tuple[rsa.RSAPrivateKey, x509.Certificate, list[x509.Certificate]]"
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

    Belief [pfx-ciphers]: Server 2016 refuses AES containers, windows-modules S12; not seen.

    Args:
        key: the private key.
        certificate: its certificate.
        passphrase: what encrypts the container.
        chain: certificates of those who signed.
        modern: see above.
        rounds: of deriving the key from the passphrase; ``FEW_ROUNDS`` are enough for a random one, which cannot be
            guessed whatever a guess costs.
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
    return pkcs12.serialize_key_and_certificates(b"imops", key, certificate, list(chain) or None, encryption)


def passphrase() -> str:
    """Return a new random passphrase for a container that lives for one execution."""
    return secrets.token_urlsafe(32)


def read(content: bytes, password: str, what: str, opens: str = "password") -> Read:
    """Return key, certificate and chain of a PFX, or of PEM with both.

    Args:
        content: the container.
        password: of the container; empty for none.
        what: how messages call it.
        opens: how messages call the password, as the option that has it.

    Raises:
        Refused: wrong password, truncated, no private key or several, another kind of key, no certificate for it.
    """
    if not content.strip():
        raise Refused(f"{what}: found an empty file, wanted a PFX or PEM with a private key")
    if content[0] != _SEQUENCE and _BEGIN in content:
        return _read_pem(content, password, what, opens)
    if content[0] != _SEQUENCE:
        raise Refused(f"{what}: cannot be read: it is no PKCS#12 container and no PEM")
    if _is_cut(content):
        raise Refused(f"{what}: cannot be read: it is truncated; copy it again")
    keys = sum(map(content.count, _KEY_BAGS))
    if keys > 1:
        raise Refused(f"{what}: holds {keys} private keys, wanted one: export the pair alone")
    try:
        key, certificate, more = _opened(content, password)
    except (ValueError, TypeError) as error:
        # With its length right, what a container's check value does not fit is nearly always the password.
        if "password" not in str(error).lower():
            raise Refused(f"{what}: cannot be read: it is no PKCS#12 container, or it is damaged") from None
        raise Refused(f"{what}: cannot be read: {_wrong(password, opens)}") from None
    except UnsupportedAlgorithm as error:
        raise Refused(
            f"{what}: cannot be read: this controller's OpenSSL does not know its encryption ({error}); export it anew"
            " with AES-256 or 3DES"
        ) from None
    if key is None:
        raise Refused(f"{what}: holds no private key; export it from its store with the private key")
    rsa_key = _rsa(key, what)
    if certificate is None:
        raise Refused(f"{what}: holds no certificate for its private key")
    return rsa_key, certificate, list(more)


@functools.cache
def _opened(content: bytes, password: str) -> tuple[t.Any, x509.Certificate | None, list[x509.Certificate]]:
    """Open a PFX once, whatever the number of its uses: that takes tens of milliseconds on purpose."""
    return pkcs12.load_key_and_certificates(content, password.encode() or None)


def _wrong(password: str, opens: str) -> str:
    if not password:
        return f"it has a password, and {opens} is empty"
    hint = f" ({opens} ends in a space or line end: is that meant?)" if password != password.rstrip() else ""
    return f"the {opens} is wrong{hint}"


def _is_cut(content: bytes) -> bool:
    """Tell whether a DER sequence says that it is longer than what is there."""
    if len(content) < 2:
        return True
    first = content[1]
    if first <= 0x80:  # short, or of a length that is not told (BER)
        return first < 0x80 and len(content) < 2 + first
    size = first & 0x7F
    return len(content) < 2 + size + int.from_bytes(content[2 : 2 + size], "big")


def _rsa(key: t.Any, what: str) -> rsa.RSAPrivateKey:
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    kinds = ((ec.EllipticCurvePrivateKey, "an EC"), (dsa.DSAPrivateKey, "a DSA"))
    found = next((words for kind, words in kinds if isinstance(key, kind)), "another kind of")
    raise Refused(f"{what}: holds {found} key, wanted RSA: the agent needs an RSA key pair")


def _read_pem(content: bytes, password: str, what: str, opens: str) -> Read:
    blocks = [(match[1].decode(), match[0]) for match in _PEM_BLOCK.finditer(content)]
    if len(blocks) != content.count(_BEGIN):
        raise Refused(f"{what}: cannot be read: it is truncated: a part has no end")
    keys = [block for kind, block in blocks if kind.endswith("PRIVATE KEY")]
    if len(keys) > 1:
        raise Refused(f"{what}: holds {len(keys)} private keys, wanted one")
    if not keys:
        raise Refused(f"{what}: holds no private key; PEM has to have key and certificate in one file")
    try:
        certificates = [x509.load_pem_x509_certificate(block) for kind, block in blocks if kind == "CERTIFICATE"]
    except ValueError:
        raise Refused(f"{what}: cannot be read: a certificate in it is damaged") from None
    key = _rsa(_pem_key(keys[0], password, what, opens), what)
    own = [c for c in certificates if c.public_key() == key.public_key()]
    if not own:
        others = f"; its {len(certificates)} certificates belong to other keys" if certificates else ""
        raise Refused(f"{what}: holds no certificate for its private key{others}")
    return key, own[0], [c for c in certificates if c is not own[0]]


def _pem_key(block: bytes, password: str, what: str, opens: str) -> t.Any:
    encrypted = b"ENCRYPTED" in block
    try:
        # A key in clear is read whatever password was given for the file.
        return serialization.load_pem_private_key(block, (password.encode() or None) if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = _wrong(password, opens) if encrypted else "it is damaged"
        raise Refused(f"{what}: the private key cannot be read: {reason}") from None
