# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""RSA key pairs with self-signed certificates, created on the controller."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import typing as t

from .._windows import distinguished_name, host_name
from .._windows.certificate import SERVER

# ansible-core requires cryptography, so it is always installed; ansible-test imports each plugin without it.
with contextlib.suppress(ModuleNotFoundError):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID

KEY_SIZES = (2048, 3072, 4096)


def create(
    subject: str,
    now: datetime.datetime,
    *,
    uses: t.Collection[str],
    hosts: t.Sequence[str] = (),
    bits: int = 2048,
    days: int = 3650,
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Create an RSA key pair with a self-signed certificate, valid from a day before ``now`` for ``days`` days.

    Its key usage follows from its uses: a server signs and agrees on keys, the agent's own pairs decrypt data too. An
    extended key usage is set for a server only: an application rejects one that lacks the usage it looks for.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = distinguished_name.parse(subject)
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial(key))
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=days)
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        data_encipherment=set(uses) != {SERVER},
        content_commitment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_general_name, hosts))), critical=False)
    if SERVER in uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return key, builder.sign(key, hashes.SHA256())


def serial(key: rsa.RSAPrivateKey) -> int:
    """Return the serial number of a key's certificate: derived from the key alone, so that it is the same whenever a
    certificate is created for it, and different for every other key. RFC 5280: positive, at most 20 bytes.
    """
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return int.from_bytes(hashlib.sha256(public).digest()[:20], "big") >> 1 or 1


def _general_name(host: str) -> x509.GeneralName:
    address = host_name.as_address(host)
    return x509.IPAddress(address) if address else x509.DNSName(host_name.ascii_form(host))
