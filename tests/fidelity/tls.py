"""Certificates that are always the same, so that recorded answers keep their thumbprints."""

from __future__ import annotations

import datetime
import functools
import random

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

PASSWORD = "fid"


_BITS, _EXPONENT = 1024, 65537
"""Small, since nothing is protected and the primes are looked for in Python."""


def _prime(numbers: random.Random) -> int:
    while True:
        found = numbers.getrandbits(_BITS // 2) | (3 << (_BITS // 2 - 2)) | 1
        if found % _EXPONENT != 1 and all(pow(base, found - 1, found) == 1 for base in (2, 3, 5, 7, 11)):
            return found


@functools.cache
def made(number: int) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """Return the certificate of that number, and its key: of RSA, as Wine imports it, and as its signature is always
    the same.
    """
    numbers = random.Random(number)
    p, q = _prime(numbers), _prime(numbers)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    key = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"fidelity {number}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711 + number)
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2049, 1, 1, tzinfo=datetime.UTC))
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def thumbprint(number: int) -> str:
    """Return its SHA-1 as Windows writes it."""
    return made(number)[0].fingerprint(hashes.SHA1()).hex().upper()


def der(number: int) -> bytes:
    """Return the certificate alone."""
    return made(number)[0].public_bytes(serialization.Encoding.DER)


def pem(number: int) -> bytes:
    """Return the certificate alone, as text."""
    return made(number)[0].public_bytes(serialization.Encoding.PEM)


def pem_key(number: int) -> bytes:
    """Return its key."""
    form = serialization.PrivateFormat.PKCS8
    return made(number)[1].private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def pfx(number: int) -> bytes:
    """Return both, in the form and with the encryption that Wine reads."""
    certificate, key = made(number)
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(PASSWORD.encode())
    )
    return pkcs12.serialize_key_and_certificates(b"fidelity", key, certificate, None, encryption)
