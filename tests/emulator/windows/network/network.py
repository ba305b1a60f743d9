"""What an emulated server reaches and what listens on it."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import typing as t
from pathlib import Path

from .. import errors
from .peers import Peer, Way, Wish, reach


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class HttpRequest:
    """A request as it arrives at a listener.

    Attributes:
        pinned: the thumbprint of the only certificate that the client accepts; empty for no such wish.
    """

    address: str
    port: int
    tls: bool
    server_name: str
    host: str
    method: str = "GET"
    path: str = "/"
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    proxy: str = ""
    verify: bool = False
    pinned: str = ""

    def accept(self, certificate: bytes | None) -> None:
        """Let the client look at what is served, before it sends anything; raises AuthenticationException."""
        served = hashlib.sha1(certificate or b"", usedforsecurity=False).hexdigest().upper()
        if self.tls and self.pinned and served != self.pinned:
            raise errors.WindowsError(
                "System.Security.Authentication.AuthenticationException",
                "The remote certificate is invalid according to the validation procedure.",
            )


@dataclasses.dataclass(frozen=True)
class HttpAnswer:
    """An answer, with the certificate that was served, how many seconds it takes, and the certificates sent along."""

    status: int
    reason: str
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    certificate: bytes | None = None
    seconds: float = 0.0
    sent: tuple[bytes, ...] = ()


@dataclasses.dataclass(frozen=True)
class Listener:
    """A TCP port that a process holds."""

    address: str
    port: int
    process: str

    @property
    def process_id(self) -> int:
        """Return the process: 4 is System, in which HTTP.sys listens for whoever has asked it to."""
        return 4 if self.process == "System" else 1000 + self.port


class Network:
    """Downloads, shares and ports.

    Attributes:
        web: what a URL gives: bytes, or a local file's path.
        shares: what a UNC path gives.
        second_hop: whether shares know the connection's account: with a password on the server (Basic, CredSSP) or
            delegation. Otherwise it is nobody there, learn.microsoft.com "Making the second hop in PowerShell
            Remoting".
        key_vault: secrets of the Azure Key Vault, by name.
        cyberark: what CyberArk gives for an account's name.
        extra_listeners: ports that processes outside IIS hold.
        listening: functions that tell what else listens (IIS, services).
        responders: functions that answer a request to this server, or give None when it is not theirs.
        elsewhere: the same for requests to other servers.
        peers: ports of other servers.
        proxies: proxies that answer, as host:port.
        passes: who may pass a proxy, as user and password, by host:port; one without passes everybody.
        by_proxy: the proxy by which alone a URL of ``web`` is reached, as host:port.
        slow: how many seconds a URL of ``web`` takes to answer.
    """

    def __init__(self) -> None:
        self.web: dict[str, bytes | Path] = {}
        self.key_vault: dict[str, str] = {}
        self.cyberark: dict[str, str] = {}
        self.shares: dict[str, bytes | Path] = {}
        self.second_hop = True
        self.downloads: list[str] = []
        self.extra_listeners: list[Listener] = []
        self.listening: list[t.Callable[[], list[Listener]]] = []
        self.responders: list[t.Callable[[HttpRequest], HttpAnswer | None]] = []
        self.elsewhere: list[t.Callable[[HttpRequest], HttpAnswer | None]] = []
        self.peers: list[Peer] = []
        self.proxies: set[str] = set()
        self.passes: dict[str, tuple[str, str]] = {}
        self.by_proxy: dict[str, str] = {}
        self.slow: dict[str, float] = {}

    def download(self, url: str) -> bytes:
        """Return what a URL gives; raises WebException."""
        found = self.web.get(url)
        if found is None:
            raise errors.WindowsError(
                "System.Net.WebException", "The remote server returned an error: (404) Not Found.", -2146233079
            )
        self.downloads.append(url)
        return found.read_bytes() if isinstance(found, Path) else found

    def shared(self, path: str) -> bytes | None:
        """Return the content of a file on a share; None where there is none, or the account may not see it."""
        if not self.second_hop:
            return None
        found = {name.lower(): content for name, content in self.shares.items()}.get(path.lower())
        return found.read_bytes() if isinstance(found, Path) else found

    def listeners(self) -> list[Listener]:
        """Return all ports that are listened on, sorted."""
        held = [Listener("0.0.0.0", 135, "svchost"), Listener("0.0.0.0", 5986, "System"), *self.extra_listeners]
        for more in self.listening:
            held += more()
        return sorted(set(held), key=lambda listener: (listener.port, listener.address))

    def reach(self, wish: Wish) -> Way:
        """Go to another server, or to a port of this one."""
        here = [Peer(name, one.port, "127.0.0.1") for name in ("localhost",) for one in self.listeners()]
        return reach([*self.peers, *here], self.proxies, wish)

    def request(self, request: HttpRequest) -> HttpAnswer:
        """Send a request from the server itself; raises SocketException when nothing listens."""
        away = request.address.lower() != "localhost" and not is_address(request.address)
        for responder in self.elsewhere if away else self.responders:
            answer = responder(request)
            if answer:
                return answer
        raise errors.WindowsError(
            "System.Net.Sockets.SocketException",
            "No connection could be made because the target machine actively refused it "
            f"{request.address}:{request.port}",
            -2147467259,
        )
