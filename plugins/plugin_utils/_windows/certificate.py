# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The properties of a certificate, and why one must not be used."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import hashlib
import typing as t

from . import host_name, readable_extensions

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID

LEAST_BITS = 2048
WEAK_HASHES = {"md2", "md4", "md5", "sha1"}
SERVER = "server"


@dataclasses.dataclass(frozen=True)
class Certificate:
    """The properties of a certificate that this collection checks or shows.

    Attributes:
        thumbprint: SHA-1 of the DER, upper-case hex, as Windows shows it.
        subject: as RFC 4514 writes it.
        issuer: the same.
        not_before: UTC.
        not_after: UTC.
        key_kind: RSA, EC, DSA, EdDSA, or "unknown".
        bits: the RSA key's size; 0 for another kind of key.
        signature_hash: lower-case name.
        names: DNS names and addresses of the subject alternative name, lower case.
        common_name: the subject's CN, lower case; empty without one.
        for_servers: whether its extended key usage lets a server use it; a certificate without that
            extension may be used for anything (RFC 5280, 4.2.1.12).
    """

    thumbprint: str
    subject: str
    issuer: str
    not_before: datetime.datetime
    not_after: datetime.datetime
    key_kind: str
    bits: int
    signature_hash: str
    names: tuple[str, ...]
    common_name: str
    for_servers: bool

    def days_left(self, now: datetime.datetime) -> int:
        """Return the whole days until it expires, negative once it has."""
        return (self.not_after - now).days

    def covers(self, host: str) -> bool:
        """Tell whether a host name or address is among its names."""
        return host_name.covered(host, self.names)


@functools.lru_cache(maxsize=512)
def describe(der: bytes) -> Certificate:
    """Return the properties of a certificate, also of one with extensions that cryptography refuses; raises ValueError
    for bytes that are none. The pairs, their chain and the verification ask for the same ones.
    """
    parsed = x509.load_der_x509_certificate(der)
    try:
        key: t.Any = parsed.public_key()
    except (UnsupportedAlgorithm, ValueError):
        key = None
    common = parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return Certificate(
        thumbprint=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        subject=parsed.subject.rfc4514_string(),
        issuer=parsed.issuer.rfc4514_string(),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        key_kind=_key_kind(key),
        bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        signature_hash=_signature_hash(parsed),
        names=_names(parsed),
        common_name=str(common[0].value).lower() if common else "",
        for_servers=_for_servers(parsed),
    )


def describe_readable(ders: t.Iterable[bytes]) -> t.Iterator[Certificate]:
    """Yield the properties of a store's certificates; those that cannot be parsed are left out, since a store of
    authorities contains old and unusual ones that nobody asked to check.
    """
    for der in ders:
        try:
            yield describe(der)
        except ValueError:
            continue


def _key_kind(key: t.Any) -> str:
    kinds = (
        (rsa.RSAPublicKey, "RSA"),
        (ec.EllipticCurvePublicKey, "EC"),
        (dsa.DSAPublicKey, "DSA"),
        ((ed25519.Ed25519PublicKey, ed448.Ed448PublicKey), "EdDSA"),
    )
    return next((words for kind, words in kinds if isinstance(key, kind)), "unknown")


def _signature_hash(parsed: x509.Certificate) -> str:
    try:
        algorithm = parsed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "unknown"
    return algorithm.name.lower() if algorithm else "none"


def _names(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        found = readable_extensions.of(parsed).get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return (*(name.lower() for name in found.get_values_for_type(x509.DNSName)), *addresses)


def _for_servers(parsed: x509.Certificate) -> bool:
    try:
        usage = readable_extensions.of(parsed).get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage))


def objections(
    certificate: Certificate,
    now: datetime.datetime,
    *,
    uses: t.Collection[str],
    hosts: t.Sequence[str] = (),
    fail_days: int = 0,
) -> list[str]:
    """Return why a certificate must not be used, as sentences; none when it may.

    Args:
        certificate: the one to check.
        now: the server's time, UTC.
        uses: encryption, identity_server, password_reset or server.
        hosts: names that a ``server`` certificate has to cover.
        fail_days: it has to be valid for more than this many days.
    """
    found = []
    if not certificate.bits:
        found.append(f"its key is {certificate.key_kind}, wanted RSA: the agent needs an RSA key pair")
    elif certificate.bits < LEAST_BITS:
        found.append(
            f"its RSA key has {certificate.bits} bits, wanted at least {LEAST_BITS} (the guide's sample with rsa:1024"
            " is too weak)"
        )
    if certificate.signature_hash in WEAK_HASHES:
        found.append(f"it is signed with {certificate.signature_hash}, wanted SHA-256 or better")
    if now < certificate.not_before:
        found.append(f"it is valid only from {certificate.not_before:%Y-%m-%d}")
    if now > certificate.not_after:
        found.append(f"it expired on {certificate.not_after:%Y-%m-%d}")
    elif fail_days and certificate.days_left(now) <= fail_days:
        found.append(f"it expires on {certificate.not_after:%Y-%m-%d}, within {fail_days} days")
    if SERVER in uses:
        if not certificate.for_servers:
            found.append("its extended key usage does not name servers (serverAuth), so clients refuse it")
        found += [_uncovered(certificate, host) for host in hosts if not certificate.covers(host)]
    return found


def _uncovered(certificate: Certificate, host: str) -> str:
    if certificate.names:
        return f"it does not cover the host name {host}, only {', '.join(certificate.names)}"
    in_subject = " only its CN names it, and" if certificate.common_name == host_name.ascii_form(host) else ""
    return (
        f"it does not cover the host name {host}:{in_subject} it has no subject alternative name, the only place where"
        " clients look"
    )
