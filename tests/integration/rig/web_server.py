"""A small server on 127.0.0.1, with and without TLS, that answers as its table says: well, in chunks, too much,
nonsense, nothing.
"""

from __future__ import annotations

import datetime
import socket
import ssl
import tempfile
import threading
import types
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ANSWERS = {
    "/": b"HTTP/1.1 200 OK\r\nServer: rig\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nhello",
    "/token": b'HTTP/1.1 200 OK\r\n\r\n{"expires_in":3600,"access_token":"canary\\u002Dtoken","token_type":"Bearer"}',
    "/no-token": b'HTTP/1.1 400 Bad Request\r\n\r\n{"error":"invalid_client","error_description":"' + b"x" * 99 + b'"}',
    "/token-in-chunks": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n{"access_token":"canary\r\n7;x=y\r\n-token"\r\n1\r\n}\r\n0\r\n\r\n',
    "/token-again": b'HTTP/1.1 200 OK\r\n\r\n{"Result":[],"you sent":"canary-token"}',
    "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n",
    "/cut-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhel",
    "/no-last-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
    "/half-a-size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n4",
    "/no-reason": b"HTTP/1.1 503\r\n\r\n",
    "/bytes": b"HTTP/1.1 200 OK\r\n\r\n\x00\xff\xfe",
    "/large": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
    "/nonsense": b"SSH-2.0-x\r\n\r\n",
    "/nothing": b"",
}


class WebServer:
    """A server with a TLS port and a plain one; ``heard`` holds the requests as they came, ``names`` the TLS server
    names.
    """

    def __init__(self) -> None:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rig")])
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
        builder = builder.not_valid_before(now - datetime.timedelta(days=2))
        made = builder.not_valid_after(now - datetime.timedelta(days=1)).sign(key, hashes.SHA256())
        self.certificate = made.public_bytes(serialization.Encoding.DER)  # expired on purpose: reported, not judged
        # Sent along: no authority of the first one, but a client is told of it all the same.
        other_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rig beside")])
        builder = x509.CertificateBuilder(other_name, other_name, key.public_key(), 2)
        other = (
            builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
        )
        self.beside = other.fingerprint(hashes.SHA1()).hex().upper()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "both.pem"
            plain = serialization.NoEncryption()
            path.write_bytes(
                key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
                + made.public_bytes(serialization.Encoding.PEM)
                + other.public_bytes(serialization.Encoding.PEM)
            )
            self._context.load_cert_chain(path)
        self.heard: list[bytes] = []
        self.names: list[str | None] = []
        self._context.sni_callback = lambda _socket, asked, _context: self.names.append(asked)
        self._plain, self._tls = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self.plain_port, self.tls_port = (s.getsockname()[1] for s in (self._plain, self._tls))
        self._six = socket.create_server(("::1", 0), family=socket.AF_INET6) if socket.has_ipv6 else None
        self.six_port = self._six.getsockname()[1] if self._six else 0

    @property
    def context(self) -> ssl.SSLContext:
        """Return what it serves in TLS."""
        return self._context

    def __enter__(self) -> WebServer:
        listening_six = ((self._six, False),) if self._six else ()
        for listening, tls in ((self._plain, False), (self._tls, True), *listening_six):
            threading.Thread(target=self._serve, args=(listening, tls), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._plain.close()
        self._tls.close()
        if self._six:
            self._six.close()

    def _serve(self, listening: socket.socket, tls: bool) -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(accepted, tls), daemon=True).start()

    def _heard(self, connection: socket.socket) -> bytes:
        """Return a request's head, kept in ``heard``; empty when the client has gone."""
        request = b""
        while b"\r\n\r\n" not in request:
            more = connection.recv(65536)
            if not more:
                return b""
            request += more
        self.heard.append(request)
        return request

    def _answer(self, accepted: socket.socket, tls: bool) -> None:
        try:
            accepted.settimeout(20)
            connection = self._context.wrap_socket(accepted, server_side=True) if tls else accepted
            request = self._heard(connection)
            if request.startswith(b"CONNECT "):  # as a proxy would, with this server behind it
                if b"gone" in request:
                    return
                if b"refused" in request:
                    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                    return
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                connection = self._context.wrap_socket(accepted, server_side=True)
                request = self._heard(connection)
            if not request:
                return
            path = request.split(b" ")[1].decode()
            if path == "/silent":
                while connection.recv(65536):  # until the client gives up
                    pass
                return
            if path == "/cut":
                connection.sendall(ANSWERS["/"])
                while connection.recv(65536):  # as if there were more to come
                    pass
                return
            connection.sendall(ANSWERS[path])
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)
        except OSError:
            pass
        finally:
            accepted.close()
