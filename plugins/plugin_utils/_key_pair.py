# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""RSA key pairs with their certificates: made, read from PFX or PEM, described, and judged."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import secrets
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ._plan import Refused

KEY_SIZES = (2048, 3072, 4096)
LEAST_BITS = 2048
WEAK_HASHES = {"md5", "sha1"}
OID_NAMES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}
OID_NAMES |= {"C": NameOID.COUNTRY_NAME, "L": NameOID.LOCALITY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME}
OID_NAMES |= {"DC": NameOID.DOMAIN_COMPONENT}


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What is known of a certificate.

    Attributes:
        thumbprint: SHA-1 of the DER, upper-case hex, as Windows shows it.
        subject: as RFC 4514 writes it.
        issuer: the same.
        not_before: UTC.
        not_after: UTC.
        bits: the RSA key's size; 0 for another kind of key.
        signature_hash: lower-case name.
        names: DNS names of the subject alternative name, lower case.
    """

    thumbprint: str
    subject: str
    issuer: str
    not_before: datetime.datetime
    not_after: datetime.datetime
    bits: int
    signature_hash: str
    names: tuple[str, ...]

    def days_left(self, now: datetime.datetime) -> int:
        """Return the whole days until it expires, negative when it has."""
        return (self.not_after - now).days

    def covers(self, host: str) -> bool:
        """Tell whether a host name is among its names, a wildcard for one label included (RFC 6125)."""
        host = host.lower()
        return any(n == host or (n.startswith("*.") and host.partition(".")[2] == n[2:]) for n in self.names)


def describe(der: bytes) -> Certificate:
    """Return what is known of a certificate; raises ValueError for what is none."""
    parsed = x509.load_der_x509_certificate(der)
    key = parsed.public_key()
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
            x509.DNSName
        )
    except x509.ExtensionNotFound:
        names = []
    algorithm = parsed.signature_hash_algorithm
    return Certificate(
        thumbprint=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        subject=parsed.subject.rfc4514_string(),
        issuer=parsed.issuer.rfc4514_string(),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        signature_hash=algorithm.name.lower() if algorithm else "none",
        names=tuple(name.lower() for name in names),
    )


def objections(
    certificate: Certificate, now: datetime.datetime, *, use: str, hosts: t.Sequence[str] = (), fail_days: int = 0
) -> list[str]:
    """Return why a certificate must not be used, as sentences; none when it is fit.

    Args:
        certificate: what is judged.
        now: the server's time, UTC.
        use: encryption, identity_server, password_reset or server.
        hosts: names that a ``server`` certificate has to cover.
        fail_days: it has to be valid for more than this many days.
    """
    found = []
    if not certificate.bits:
        found.append("its key is not RSA; the agent needs an RSA key pair")
    elif certificate.bits < LEAST_BITS:
        found.append(
            f"its RSA key has {certificate.bits} bits, wanted at least {LEAST_BITS} (the guide's sample with rsa:1024"
            " is too weak)"
        )
    if certificate.signature_hash in WEAK_HASHES:
        found.append(f"it is signed with {certificate.signature_hash}, wanted SHA-256 or better")
    if now < certificate.not_before:
        found.append(f"it is valid only from {certificate.not_before:%Y-%m-%d}")
    if certificate.days_left(now) < 0:
        found.append(f"it expired on {certificate.not_after:%Y-%m-%d}")
    elif certificate.days_left(now) <= fail_days and fail_days:
        found.append(f"it expires on {certificate.not_after:%Y-%m-%d}, within {fail_days} days")
    if use == "server":
        found += [f"it does not cover the host name {host}" for host in hosts if not certificate.covers(host)]
    return found


def subject_name(text: str) -> x509.Name:
    """Return a subject from ``CN=x,O=y``; raises Refused for what cannot be read."""
    attributes = []
    for part in text.split(","):
        key, _equals, value = part.strip().partition("=")
        if key.upper() not in OID_NAMES or not value:
            raise Refused(
                f"subject: found {text!r}, wanted parts as CN=name, separated by commas ({', '.join(OID_NAMES)})"
            )
        attributes.append(x509.NameAttribute(OID_NAMES[key.upper()], value))
    return x509.Name(list(reversed(attributes)))


def make(
    subject: str, now: datetime.datetime, *, use: str, hosts: t.Sequence[str] = (), bits: int = 2048, days: int = 3650
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Make an RSA key pair with a self-signed certificate, valid from a day before ``now`` for ``days`` days."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = subject_name(subject)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=days)
    )
    server = use == "server"
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        data_encipherment=not server,
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
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts]), critical=False)
    if server:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return key, builder.sign(key, hashes.SHA256())


def pfx(
    key: rsa.RSAPrivateKey,
    certificate: x509.Certificate,
    passphrase: str,
    chain: t.Sequence[x509.Certificate] = (),
    *,
    modern: bool = False,
) -> bytes:
    """Return a PKCS#12 container that Windows Server 2016 imports too: 3DES and SHA-1; ``modern`` means AES-256 and
    SHA-256, which works from 2019 on.

    Belief: Server 2016 refuses AES containers, windows-modules S12; not seen.
    """
    if modern:
        aes = (
            serialization.PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(50000)
            .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(passphrase.encode())
        )
        return pkcs12.serialize_key_and_certificates(b"imops", key, certificate, list(chain) or None, aes)
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(50000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303  (what the old importer knows)
        .build(passphrase.encode())
    )
    return pkcs12.serialize_key_and_certificates(b"imops", key, certificate, list(chain) or None, encryption)


def passphrase() -> str:
    """Return a new random passphrase for a container that lives for one execution."""
    return secrets.token_urlsafe(32)


def read(
    content: bytes, password: str, what: str
) -> tuple[rsa.RSAPrivateKey, x509.Certificate, list[x509.Certificate]]:
    """Return key, certificate and chain of a PFX, or of PEM with both.

    Args:
        content: the container.
        password: of the container; empty for none.
        what: how messages call it.

    Raises:
        Refused: wrong password, truncated, no private key, no certificate, or several.
    """
    if content.lstrip().startswith(b"-----BEGIN"):
        return _read_pem(content, password, what)
    try:
        key, certificate, more = pkcs12.load_key_and_certificates(content, password.encode() or None)
    except ValueError as error:
        wrong = "password" in str(error).lower()
        reason = "the password is wrong" if wrong else "it is no PKCS#12 container, or it is truncated"
        raise Refused(f"{what}: cannot be read: {reason}") from None
    if key is None:
        raise Refused(f"{what}: holds no private key; export it from its store with the private key")
    if certificate is None:
        raise Refused(f"{what}: holds no certificate for its private key")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused(f"{what}: holds another kind of key, wanted RSA")
    return key, certificate, list(more)


def _read_pem(
    content: bytes, password: str, what: str
) -> tuple[rsa.RSAPrivateKey, x509.Certificate, list[x509.Certificate]]:
    certificates = x509.load_pem_x509_certificates(content) if b"BEGIN CERTIFICATE" in content else []
    if content.count(b"PRIVATE KEY-----") > 2:
        raise Refused(f"{what}: holds two private keys, wanted one")
    try:
        key = serialization.load_pem_private_key(content, password.encode() or None)
    except (ValueError, TypeError):
        found = b"PRIVATE KEY-----" in content
        reason = (
            "the private key cannot be read: the password is wrong, or it is truncated"
            if found
            else "holds no private key"
        )
        raise Refused(f"{what}: {reason}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused(f"{what}: holds another kind of key, wanted RSA")
    own = [c for c in certificates if c.public_key() == key.public_key()]
    if not own:
        raise Refused(f"{what}: holds no certificate for its private key")
    return key, own[0], [c for c in certificates if c is not own[0]]
