"""A web server of this process for the real modules: the pages over http and https, and a port that listens."""

from __future__ import annotations

import functools
import http.server
import socket
import ssl
import tempfile
import threading
import time
import typing as t

from emulator.windows.machine import Machine
from emulator.windows.network.network import HttpAnswer, HttpRequest, Listener

from . import pages, tls
from .world import Runs, World

ADDRESS = "127.83.119.1"
HTTP, HTTPS, LISTENING, CLOSED = 8080, 8443, 8082, 81
PLAIN, SECURE, NOBODY = f"http://{ADDRESS}:{HTTP}", f"https://{ADDRESS}:{HTTPS}", f"http://{ADDRESS}:{CLOSED}"


class _Server(http.server.ThreadingHTTPServer):
    """Another process on this machine may serve the same pages at the same address."""

    allow_reuse_port = True
    daemon_threads = True

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """Say nothing: a client may refuse the certificate, or not wait."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        port = self.connection.getsockname()[1]
        request = HttpRequest(
            address=ADDRESS,
            port=port,
            tls=port == HTTPS,
            server_name="",
            host=self.headers.get("Host", ""),
            method=self.command,
            path=self.path,
            headers=dict(self.headers.items()),
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        answer = pages.answer(request)
        time.sleep(answer.seconds)
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""


@functools.cache
def serve() -> None:
    """Serve until this process ends."""
    plain, secure = (_Server((ADDRESS, port), _Handler) for port in (HTTP, HTTPS))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # the certificate's key is short
    with tempfile.NamedTemporaryFile() as file:
        file.write(tls.pem(1) + tls.pem_key(1))
        file.flush()
        context.load_cert_chain(file.name)
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    for work in (plain.serve_forever, secure.serve_forever, functools.partial(_listen, _bound())):
        threading.Thread(target=work, daemon=True).start()


def _bound() -> socket.socket:
    return socket.create_server((ADDRESS, LISTENING), reuse_port=True)


def _listen(listener: socket.socket) -> None:
    """Take connections, and close each after the other side did: nothing of it stays at this port."""
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                connection.recv(1)
            except OSError:
                continue


def join(machine: Machine) -> None:
    """Give the model's server the same."""
    machine.network.responders.append(_respond)
    machine.network.extra_listeners += [Listener(ADDRESS, port, "web") for port in (HTTP, HTTPS, LISTENING)]


def _respond(request: HttpRequest) -> HttpAnswer | None:
    here = request.address == ADDRESS and (request.port, request.tls) in {(HTTP, False), (HTTPS, True)}
    return pages.answer(request) if here else None


class LocalWeb(World):
    """A part of worlds whose servers reach the web."""

    def prepare(self, real: Runs) -> None:
        """Start the web."""
        serve()

    def machine(self) -> Machine:
        """Return a server that reaches it."""
        machine = Machine("srv")
        join(machine)
        return machine
