"""How Windows judges a certificate: the chain that it builds from its stores and from what came with it."""

from __future__ import annotations

import dataclasses
import typing as t

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from ..clock import Clock
from .stores import CertificateStores, written

_ANCHORS, _ISSUERS = ("Root", "AuthRoot"), ("Root", "AuthRoot", "CA")
_LONGEST = 10


@dataclasses.dataclass(frozen=True)
class Link:
    """One certificate of a chain, with the names of .NET's X509ChainStatusFlags for what is wrong with it."""

    certificate: x509.Certificate
    status: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Return the subject as .NET writes it."""
        return written(self.certificate.subject)

    @property
    def der(self) -> bytes:
        """Return its bytes."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclasses.dataclass(frozen=True)
class Chain:
    """A chain, from the certificate that is judged upwards.

    Attributes:
        links: its certificates; the root only where it was found.
        status: what is wrong with any of them, and with the whole: PartialChain where it ends before a root.
    """

    links: tuple[Link, ...]
    status: tuple[str, ...]


def build(stores: CertificateStores, clock: Clock, der: bytes, sent: t.Sequence[bytes] = ()) -> Chain:
    """Return the chain of a certificate, learn.microsoft.com "Certificate chains" and "X509ChainStatusFlags Enum".

    Args:
        stores: those of the local machine are looked at.
        clock: what time it is.
        der: the certificate.
        sent: certificates that came with it.
    """
    anchors = {one.der for store in _ANCHORS for one in stores.all("LocalMachine", store) or []}
    refused = {one.der for one in stores.all("LocalMachine", "Disallowed") or []}
    path = _path(stores, der, sent)
    links = []
    for certificate in path:
        status = []
        if not certificate.not_valid_before_utc <= clock.now() <= certificate.not_valid_after_utc:
            status.append("NotTimeValid")
        content = certificate.public_bytes(Encoding.DER)
        if _is_root(certificate) and content not in anchors:
            status.append("UntrustedRoot")
        if content in refused:
            status.append("ExplicitDistrust")
        links.append(Link(certificate, tuple(status)))
    partial = () if _is_root(path[-1]) else ("PartialChain",)
    found = dict.fromkeys(flag for link in links for flag in link.status)
    return Chain(tuple(links), (*found, *partial))


def sent_along(stores: CertificateStores, der: bytes) -> tuple[bytes, ...]:
    """Return what Schannel sends with a server's certificate: what its own stores hold of the chain, but for the root,
    RFC 5246, 7.4.2.
    """
    return tuple(one.public_bytes(Encoding.DER) for one in _path(stores, der)[1:] if not _is_root(one))


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _path(stores: CertificateStores, der: bytes, sent: t.Sequence[bytes] = ()) -> list[x509.Certificate]:
    known = [one.der for store in _ISSUERS for one in stores.all("LocalMachine", store) or []]
    path = [x509.load_der_x509_certificate(der)]
    while not _is_root(path[-1]) and len(path) < _LONGEST:
        above = _issuer(path[-1], [*known, *sent])
        if above is None:
            break
        path.append(above)
    return path


def _issuer(certificate: x509.Certificate, among: t.Iterable[bytes]) -> x509.Certificate | None:
    for der in among:
        try:
            candidate = x509.load_der_x509_certificate(der)
            certificate.verify_directly_issued_by(candidate)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return candidate
    return None
