# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the certificate of SQL Server means to the client that a connection string describes: judged where that client
judges it, otherwise told. Nobody logs on.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.sql_encryption import Asks, Encryption
from .._agent.target import Target
from .._core import probe
from .._core.probe import Ask
from . import peer_certificate
from .check import Basis

PAGE = "https://learn.microsoft.com/sql/connect/ado-net/encryption-and-certificate-validation"
NOT_SUPPORTED, OFF = "not_supported", "off"
_SELF = "localhost"
OWN_NAME = "ssl_self_signed_fallback"
"""The CN of the certificate that SQL Server makes by itself."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is said of SQL Server's encryption.

    Attributes:
        found: what is told of it where nothing is wrong, what is wrong otherwise.
        wrong: whether the client would not connect.
        causes: why it may be so, as sentences.
        remedy: what to do.
        basis: what the verdict rests on.
    """

    found: str
    wrong: bool = False
    causes: tuple[str, ...] = ()
    remedy: str = ""
    basis: Basis = Basis.DOCUMENTED


def fields(target: Target) -> dict[str, str]:
    """Return what the question ``reach`` has for SQL Server: what its client would ask, and the instance."""
    if target.encryption is None:
        return {}
    asks = target.encryption.asks
    tds = {} if asks is Asks.STRICT else {"tds": str(asks)}
    return tds | ({"instance": target.instance} if target.instance else {})


def is_judged(encryption: Encryption | None) -> bool:
    """Tell whether the client judges the certificate, whatever SQL Server says."""
    return encryption is not None and not encryption.trusts and encryption.asks is not Asks.OFF


def _basis(target: Target, encryption: Encryption) -> Basis:
    """Return what it rests on that the client objects: before version 2.0 it judges nothing with ``Encrypt=false``, and
    before 4.0 that is the default; the name that its own computer has to have is not documented.
    """
    certain = encryption.stated and encryption.asks is not Asks.OFF and target.host != _SELF
    return Basis.DOCUMENTED if certain else Basis.BELIEF


def verdict(target: Target, encryption: Encryption, answer: t.Mapping[str, t.Any], ask: Ask) -> Verdict:
    """Return what is said of the encryption of a SQL Server that was reached."""
    if answer["encryption"] == NOT_SUPPORTED:
        return _without(target, encryption)
    why = ""
    if encryption.trusts:
        why = f"ConnectionString has {encryption.trusts}"
    elif answer["encryption"] == OFF and encryption.asks is Asks.OFF:
        why = "ConnectionString has Encrypt=false, with which the logon alone is encrypted"
    against = _objections(target, encryption, answer, ask)
    if not why:
        return _distrusted(target, encryption, answer, against) if against else Verdict("with a trusted certificate")
    told = f"its certificate is not judged, as {why}"
    return Verdict(told + (f"; a client that judges it would object: {'; '.join(against)}" if against else ""))


def _without(target: Target, encryption: Encryption) -> Verdict:
    if encryption.asks is Asks.OFF:
        return Verdict("without encryption, which SQL Server does not offer and ConnectionString does not ask for")
    return Verdict(
        "SQL Server offers no encryption, which the client asks for",
        wrong=True,
        causes=("Encryption is turned off at this SQL Server, or it is no SQL Server of Microsoft.",),
        remedy="Have SQL Server offer encryption, or set Encrypt=false in ConnectionString in im_agent_connections.",
        basis=_basis(target, encryption),
    )


def _objections(target: Target, encryption: Encryption, answer: t.Mapping[str, t.Any], ask: Ask) -> tuple[str, ...]:
    """Return what a client that judges would object to; it looks for the name in the subject as well."""
    names = [encryption.host or target.host]
    if names == [_SELF]:
        facts = ask(probe.host())
        own = str(facts["computer_name"])
        names += [own, *([f"{own}.{facts['domain']}"] if facts["domain"] else [])]
    found = [peer_certificate.objections(answer, one, ask, by_subject=True) for one in reversed(names)]
    return min(found, key=len)


def _distrusted(
    target: Target, encryption: Encryption, answer: t.Mapping[str, t.Any], against: t.Sequence[str]
) -> Verdict:
    served = peer_certificate.served_by(answer)
    cause = "It serves a certificate of an authority that is not known here, for another name, or one that has expired."
    if served and served.common_name == OWN_NAME:
        cause = "Nobody has given it a certificate, so that it has made one by itself, which no client trusts."
    return Verdict(
        f"a certificate that is not trusted: {'; '.join(against)}",
        wrong=True,
        causes=(cause,),
        remedy="Have SQL Server given a certificate for this name (SQL Server Configuration Manager), import its"
        " authority into LocalMachine\\Root, or name the host as the certificate does, in Data Source or"
        " HostNameInCertificate of ConnectionString in im_agent_connections. With TrustServerCertificate=true the"
        " client takes any certificate, also a forged one.",
        basis=_basis(target, encryption),
    )
