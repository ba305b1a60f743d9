"""Certificates with authorities above them, made up for the tests."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


@dataclasses.dataclass(frozen=True)
class Made:
    """A certificate and its private key."""

    der: bytes
    key: t.Any

    @property
    def pem(self) -> bytes:
        """Return the key in PKCS#8 PEM."""
        plain = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


@functools.cache
def _key_of_servers() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def path(
    now: datetime.datetime, length: int, *, names: t.Sequence[str] = (), days: t.Sequence[int] = ()
) -> tuple[Made, ...]:
    """Return certificates from a server's to its root, each signed by the next one, the last by itself.

    Args:
        now: they are valid from the day before.
        length: how many.
        names: DNS names of the server's certificate.
        days: how long each is valid; 100 days where nothing is said.
    """
    keys = [_key_of_servers(), *(ec.generate_private_key(ec.SECP256R1()) for _ in range(length - 1))]
    subjects = [_name("server"), *(_name(f"Authority {number}") for number in range(1, length))]
    made = []
    for number, key in enumerate(keys):
        above = min(number + 1, length - 1)
        builder = x509.CertificateBuilder(subjects[above], subjects[number], key.public_key(), number + 1)
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        valid = days[number] if days else 100
        builder = builder.not_valid_after(now + datetime.timedelta(days=valid))
        if number == 0 and names:
            found = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
            builder = builder.add_extension(found, critical=False)
        signed = builder.sign(keys[above], hashes.SHA256())
        made.append(Made(signed.public_bytes(serialization.Encoding.DER), key))
    return tuple(made)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
