"""Mail servers on 127.0.0.1, one of each kind, that are spoken to and take no mail; ``heard`` holds what they were told."""

from __future__ import annotations

import socket
import ssl
import threading
import types

KINDS = ("tls", "clear", "busy", "later", "no relay", "no tls after all", "hangs up", "silent")


class MailServers:
    """A server of each kind.

    Args:
        context: what is served in TLS.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.heard: list[str] = []
        self._listening = {kind: socket.create_server(("127.0.0.1", 0)) for kind in KINDS}
        self.ports = {kind: listening.getsockname()[1] for kind, listening in self._listening.items()}

    def __enter__(self) -> MailServers:
        for kind, listening in self._listening.items():
            threading.Thread(target=self._serve, args=(kind, listening), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        for listening in self._listening.values():
            listening.close()

    def _serve(self, kind: str, listening: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(kind, accepted), daemon=True).start()

    def _talk(self, kind: str, accepted: socket.socket) -> None:
        connection = accepted
        try:
            accepted.settimeout(20)
            if kind == "silent":
                accepted.recv(1)
                return
            connection.sendall(b"554 none of this\r\n" if kind == "busy" else b"220-mail.example\r\n220 ready\r\n")
            while line := self._line(connection):
                if line == "STARTTLS" and kind == "no tls after all":
                    connection.sendall(b"454 TLS not available\r\n")
                    continue
                if kind == "hangs up" and line.startswith("MAIL"):
                    return
                connection.sendall(self._reply(kind, line, connection is not accepted))
                if line == "STARTTLS":
                    connection = self._context.wrap_socket(accepted, server_side=True)
        except OSError:
            pass
        finally:
            connection.close()

    def _line(self, connection: socket.socket) -> str:
        found = b""
        while not found.endswith(b"\r\n"):
            byte = connection.recv(1)
            if not byte:
                return ""
            found += byte
        line = found.decode().rstrip()
        self.heard.append(line)
        return line

    def _reply(self, kind: str, line: str, encrypted: bool) -> bytes:
        verb = line.partition(" ")[0]
        if verb == "EHLO":
            offers = b"250-AUTH LOGIN\r\n" if encrypted else b""
            if kind in {"tls", "no tls after all"} and not encrypted:
                offers = b"250-STARTTLS\r\n"
            return b"250-mail.example\r\n" + offers + b"250 SIZE 1000\r\n"
        if verb == "RCPT":
            return {"later": b"451 later\r\n", "no relay": b"550 no\r\n"}.get(kind, b"250 ok\r\n")
        return {"STARTTLS": b"220 go\r\n", "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")
