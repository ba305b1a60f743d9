"""SQL Servers on an address of 127.0.0.0/8, one of each kind, as far as [MS-TDS] goes before a logon, with a SQL Server
Browser ([MC-SQLR]) that knows each by its kind; ``heard`` holds what they were told.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import struct
import threading
import types

KINDS = (
    *("whole", "in small packets", "forces", "not supported", "no option", "no sql server", "closes", "silent"),
    *("half a packet", "closes in the handshake", "hangs in the handshake", "silent in the handshake"),
)
ENCRYPTING = {kind for kind in KINDS if "handshake" in kind} | {"whole", "in small packets", "forces"}
PRELOGIN, RESPONSE = 0x12, 0x04
OFF, ON, NOT_SUPPORTED, REQUIRED = range(4)
HEAD = struct.Struct(">BBHHBB")
"""2.2.3.1: type, status, length with this head, SPID, number, window."""


class SqlServers:
    """A server of each kind.

    Args:
        context: what is served in TLS.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.heard: list[str] = []
        self.host = "127." + ".".join(str(1 + secrets.randbelow(250)) for _ in range(3))
        self._listening = {kind: socket.create_server((self.host, 0)) for kind in KINDS}
        self._browser = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._browser.bind((self.host, 1434))
        self.ports = {kind: listening.getsockname()[1] for kind, listening in self._listening.items()}

    def __enter__(self) -> SqlServers:
        for kind, listening in self._listening.items():
            threading.Thread(target=self._serve, args=(kind, listening), daemon=True).start()
        threading.Thread(target=self._browse, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        for listening in (*self._listening.values(), self._browser):
            listening.close()

    def _browse(self) -> None:
        """Tell the port of an instance; nothing of one that is not there, 3.2.5.2."""
        while True:
            try:
                asked, client = self._browser.recvfrom(64)
            except OSError:
                return
            name = asked[1:-1].decode()
            self.heard.append(f"instance {name}")
            tcp = "" if name == "pipes" else f"tcp;{self.ports.get(name)};"
            told = f"ServerName;RIG;InstanceName;{name};IsClustered;No;Version;16.0.1000.6;{tcp};".encode()
            if asked[0] == 4 and asked[-1] == 0 and (name == "pipes" or name in self.ports):
                self._browser.sendto(b"\5" + struct.pack("<H", len(told)) + told, client)

    def _serve(self, kind: str, listening: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(kind, accepted), daemon=True).start()

    def _talk(self, kind: str, accepted: socket.socket) -> None:
        with accepted:
            try:
                accepted.settimeout(20)
                asked = _encryption(_packet(accepted))
                self.heard.append(f"asked {asked}")
                answer = _answer(kind, asked)
                if answer is None:
                    accepted.recv(1)
                accepted.sendall(answer or b"")
                if kind in ENCRYPTING:
                    self._shake(kind, accepted)
            except (OSError, ssl.SSLError, EOFError) as error:
                self.heard.append(f"lost {type(error).__name__}")

    def _shake(self, kind: str, accepted: socket.socket) -> None:
        """Speak TLS in packets, 3.3.5.2, and note what comes after it."""
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(came, goes, server_side=True)
        while True:
            came.write(_packet(accepted))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                if kind == "closes in the handshake":
                    return
                self._send(kind, accepted, goes.read())
                if kind in {"hangs in the handshake", "silent in the handshake"}:
                    accepted.recv(1)
                    return
        self._send(kind, accepted, goes.read())
        self.heard.append(f"encrypted, then {accepted.recv(1)!r}")

    @staticmethod
    def _send(kind: str, accepted: socket.socket, data: bytes) -> None:
        if kind == "silent in the handshake":
            return
        if kind == "hangs in the handshake":
            accepted.sendall(_wrapped(PRELOGIN, data)[:-9])
            return
        size = 100 if kind == "in small packets" else len(data)
        for at in range(0, len(data), size or 1):
            accepted.sendall(_wrapped(PRELOGIN, data[at : at + size]))


def _wrapped(kind: int, data: bytes) -> bytes:
    return HEAD.pack(kind, 1, len(data) + HEAD.size, 0, 1, 0) + data


def _read(accepted: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = accepted.recv(count - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _packet(accepted: socket.socket) -> bytes:
    kind, status, length, _spid, _number, _window = HEAD.unpack(_read(accepted, HEAD.size))
    if kind != PRELOGIN or status != 1:
        raise EOFError
    return _read(accepted, length - HEAD.size)


def _encryption(message: bytes) -> int:
    """Return what a PRELOGIN asks, 2.2.6.5; its first option must be VERSION."""
    assert message[0] == 0
    at = 0
    while message[at] != 0xFF:
        token, offset, length = struct.unpack_from(">BHH", message, at)
        assert offset + length <= len(message)
        if token == 1:
            return message[offset]
        at += 5
    raise EOFError


def _answer(kind: str, asked: int) -> bytes | None:
    """Return what is answered to a PRELOGIN; None for nothing."""
    if kind == "silent":
        return None
    if kind == "closes":
        return b""
    if kind == "no sql server":
        return b"HTTP/1.1 400 Bad Request\r\n\r\n"
    told = {"not supported": NOT_SUPPORTED, "forces": ON if asked == ON else REQUIRED}.get(kind, asked)
    version = struct.pack(">BHH", 0, 11, 6)
    option = struct.pack(">BHH", 9 if kind == "no option" else 1, 17, 1)
    whole = _wrapped(RESPONSE, version + option + b"\xff" + bytes((16, 0, 0x0F, 0xA1, 0, 0)) + bytes((told,)))
    return whole[:11] if kind == "half a packet" else whole
