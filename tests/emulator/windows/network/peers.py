"""Other servers that an emulated server talks to: directories, databases, mail servers. What goes wrong on the way is
theirs: a name that nobody knows, a port that refuses or swallows what is sent, silence, TLS that is none.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .mail_server import MailServer
from .sql_server import SqlServer, own_certificate


@dataclasses.dataclass(frozen=True)
class Peer:
    """One port of another server.

    Attributes:
        host: its name, or its address.
        port: of the service.
        address: what the name stands for.
        way: "open", "refused" (nobody listens), "filtered" (a firewall drops what comes), or "silent" (it takes a
            connection and never says a word).
        certificate: what it serves in TLS, as DER; None: it speaks no TLS.
        sent: certificates that it sends along.
        proxy: the only way to it as host:port; empty: the direct one.
        mail: what it says as a mail server; None: it is none.
        sql: what it says as a SQL Server; None: it is none.
    """

    host: str
    port: int
    address: str = "192.0.2.20"
    way: t.Literal["open", "refused", "filtered", "silent"] = "open"
    certificate: bytes | None = None
    sent: tuple[bytes, ...] = ()
    proxy: str = ""
    mail: MailServer | None = None
    sql: SqlServer | None = None


@dataclasses.dataclass(frozen=True)
class Wish:
    """How far a server wants to come.

    Attributes:
        host: to whom.
        port: to which port.
        tls: whether TLS begins at once.
        proxy: host:port of the proxy that is to let it through; empty for none.
        smtp: name, sender, recipient and whether TLS may begin after EHLO; None: no conversation.
        timeout: in seconds.
        tds: what to ask SQL Server for, "on" or "off"; None: it is not spoken to.
        instance: whose port SQL Server Browser has to tell; empty for none.
    """

    host: str
    port: int
    tls: bool = False
    proxy: str = ""
    smtp: t.Mapping[str, t.Any] | None = None
    timeout: int = 10
    tds: str | None = None
    instance: str = ""


@dataclasses.dataclass
class Way:
    """How far it came: the step that was the last, and the error there.

    Attributes:
        step: name, browser, tcp, proxy, tds, tls, smtp or end.
        error: what .NET says; None where there was no error.
        code: the name of .NET's SocketError, or None.
        addresses: what the name stands for.
        port: what SQL Server Browser told.
        encryption: what SQL Server said of it.
        certificate: what was served.
        sent: what was sent along.
        replies: the mail server's replies, each with the verb before it.
    """

    step: str = "name"
    error: str | None = None
    code: str | None = None
    addresses: tuple[str, ...] = ()
    port: int | None = None
    encryption: str | None = None
    certificate: bytes | None = None
    sent: tuple[bytes, ...] = ()
    replies: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def ends(self, step: str, error: str, code: str | None = None) -> Way:
        """End here with an error."""
        self.step, self.error, self.code = step, error, code
        return self


def reach(peers: t.Iterable[Peer], proxies: t.Collection[str], wish: Wish) -> Way:
    """Go to another server.

    Args:
        peers: all ports that there are.
        proxies: those that answer, as host:port.
        wish: where to.
    """
    # The texts are .NET Framework's: winsock's for a socket's error, SR.resx of System for TLS.
    way, peers = Way(), tuple(peers)
    if wish.proxy:
        if wish.proxy not in proxies:
            return way.ends("name", "No such host is known", "HostNotFound")
        way.addresses = ("192.0.2.80",)
    else:
        way.addresses = tuple({one.address: None for one in peers if _named(one, wish.host)})
        if not way.addresses:
            return way.ends("name", "No such host is known", "HostNotFound")
    if wish.instance:
        if not _browse(way, peers, wish):
            return way
        wish = dataclasses.replace(wish, port=way.port or 0)
    peer = next((one for one in peers if _named(one, wish.host) and one.port == wish.port), None)
    there = peer is not None and peer.proxy == wish.proxy
    if wish.proxy and (peer is None or not there or peer.way != "open"):
        return way.ends("proxy", "the proxy answered 'HTTP/1.1 503 Service Unavailable'")
    if peer is not None and (peer.way == "filtered" or not there):
        error = f"no connection to {wish.host}:{wish.port} within {wish.timeout} seconds"
        return way.ends("tcp", error, "TimedOut")
    if peer is None or peer.way == "refused":
        error = "No connection could be made because the target machine actively refused it"
        return way.ends("tcp", f"{error} {way.addresses[0]}:{wish.port}", "ConnectionRefused")
    return _talk(way, peer, wish)


def _named(peer: Peer, host: str) -> bool:
    return host.lower() in {peer.host.lower(), peer.address}


_SILENCE = (
    "A connection attempt failed because the connected party did not properly respond after a period of time, or"
    " established connection failed because connected host has failed to respond"
)


def _browse(way: Way, peers: t.Iterable[Peer], wish: Wish) -> bool:
    """Ask SQL Server Browser for an instance's port; it says nothing of one that is not there, [MC-SQLR] 3.2.5.2."""
    mine = (one for one in peers if _named(one, wish.host) and one.sql)
    found = next((one for one in mine if one.sql and one.sql.instance.lower() == wish.instance.lower()), None)
    if found is None or found.sql is None or found.sql.browser == "silent":
        way.ends("browser", _SILENCE, "TimedOut")
    elif found.sql.browser == "no tcp":
        way.ends("browser", "SQL Server Browser tells no TCP port of this instance")
    else:
        way.port = found.port
    return way.port is not None


def _shake(way: Way, peer: Peer) -> bool:
    """Begin TLS."""
    certificate = peer.certificate or (own_certificate() if peer.sql else None)
    if peer.way == "silent" or (peer.sql and peer.sql.silent == "tls"):
        way.ends("tls", _SILENCE, "TimedOut")
    elif certificate is None:
        way.ends("tls", "The handshake failed due to an unexpected packet format.")
    else:
        way.certificate, way.sent = certificate, peer.sent
    return way.error is None


def _prelogin(way: Way, peer: Peer, wish: Wish) -> Way:
    """Speak to a SQL Server; what is something else waits for its own protocol, or says something of that."""
    if (
        peer.way == "silent"
        or (peer.sql and peer.sql.silent == "tds")
        or not (peer.sql or peer.certificate or peer.mail)
    ):
        return way.ends("tds", _SILENCE, "TimedOut")
    if peer.sql is None:
        return way.ends("tds", "the answer is none of SQL Server")
    way.encryption = peer.sql.answer(wish.tds or "")
    if way.encryption == "not_supported" or _shake(way, peer):
        way.step = "end"
    return way


def _talk(way: Way, peer: Peer, wish: Wish) -> Way:
    if wish.tls:
        if peer.sql and not peer.sql.strict:
            return way.ends("tls", "Authentication failed because the remote party has closed the transport stream.")
        if not _shake(way, peer):
            return way
    if wish.tds is not None:
        return _prelogin(way, peer, wish)
    if wish.smtp is not None:
        if peer.way == "silent" or peer.mail is None:
            return way.ends("smtp", _SILENCE, "TimedOut")
        way.replies, encrypted = peer.mail.talk(wish.smtp, encrypted=wish.tls)
        if encrypted and not wish.tls and not _shake(way, peer):
            return way
    way.step = "end"
    return way
