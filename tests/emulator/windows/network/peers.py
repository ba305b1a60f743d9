"""Other servers that an emulated server talks to: directories, databases, mail servers. What goes wrong on the way is
theirs: a name that nobody knows, a port that refuses or swallows what is sent, silence, TLS that is none.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .mail_server import MailServer


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
    """

    host: str
    port: int
    address: str = "192.0.2.20"
    way: t.Literal["open", "refused", "filtered", "silent"] = "open"
    certificate: bytes | None = None
    sent: tuple[bytes, ...] = ()
    proxy: str = ""
    mail: MailServer | None = None


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
    """

    host: str
    port: int
    tls: bool = False
    proxy: str = ""
    smtp: t.Mapping[str, t.Any] | None = None
    timeout: int = 10


@dataclasses.dataclass
class Way:
    """How far it came: the step that was the last, and the error there.

    Attributes:
        step: name, tcp, proxy, tls, smtp or end.
        error: what .NET says; None where there was no error.
        code: the name of .NET's SocketError, or None.
        addresses: what the name stands for.
        certificate: what was served.
        sent: what was sent along.
        replies: the mail server's replies, each with the verb before it.
    """

    step: str = "name"
    error: str | None = None
    code: str | None = None
    addresses: tuple[str, ...] = ()
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


def _talk(way: Way, peer: Peer, wish: Wish) -> Way:
    if wish.tls:
        if peer.way == "silent":
            return way.ends("tls", _SILENCE, "TimedOut")
        if peer.certificate is None:
            return way.ends("tls", "The handshake failed due to an unexpected packet format.")
        way.certificate, way.sent = peer.certificate, peer.sent
    if wish.smtp is not None:
        if peer.way == "silent" or peer.mail is None:
            return way.ends("smtp", _SILENCE, "TimedOut")
        way.replies, encrypted = peer.mail.talk(wish.smtp, encrypted=wish.tls)
        if encrypted and not wish.tls:
            if peer.certificate is None:
                return way.ends("tls", "The handshake failed due to an unexpected packet format.")
            way.certificate, way.sent = peer.certificate, peer.sent
    way.step = "end"
    return way
