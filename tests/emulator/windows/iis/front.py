"""The web server's front: which ports it listens on, which certificate and which site answer a request."""

from __future__ import annotations

import dataclasses

from .. import errors
from ..certificates import chains
from ..certificates.stores import CertificateStores
from ..network.network import HttpAnswer, HttpRequest, Listener
from .activation import Activation
from .binding import WEB, Binding
from .httpsys import HttpSys
from .site_settings import SiteSettings

_HTTP_SYS = {"Server": "Microsoft-HTTPAPI/2.0"}
INVALID_HOST = b"<h2>Bad Request - Invalid Hostname</h2><hr><p>HTTP Error 400. The request hostname is invalid.</p>"
"""Of HTTP.sys, learn.microsoft.com "Error logging in HTTP APIs", Hostname."""


class Front:
    """Listens and answers.

    Args:
        sites: what the configuration says of sites.
        activation: what runs.
        httpsys: which certificate belongs to an endpoint.
        certificates: the server's.
    """

    def __init__(
        self, sites: SiteSettings, activation: Activation, httpsys: HttpSys, certificates: CertificateStores
    ) -> None:
        self._sites, self._activation = sites, activation
        self._httpsys, self._certificates = httpsys, certificates

    def listening(self) -> list[Listener]:
        """Return the ports that started sites are bound to."""
        if not self._activation.runs():
            return []
        only = sorted(self._httpsys.only())
        return [
            Listener(address, b.port, "System")
            for site in self._started()
            for b in self._sites.bindings(site)
            if b.protocol in WEB
            for address in ((only or ["0.0.0.0"]) if b.address == "*" else [b.address])
        ]

    def _started(self) -> list[str]:
        return [site for site in self._sites.names() if self._activation.site_state(site) == "Started"]

    def answer(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer a request to a port of IIS; None when it is another's.

        Raises:
            WindowsError: no certificate is served there, so that TLS fails.
        """
        if not any(listener.port == request.port for listener in self.listening()):
            return None
        only = self._httpsys.only()
        if only and request.address not in only:
            return None
        certificate = self._served(request) if request.tls else None
        request.accept(certificate)
        sent = chains.sent_along(self._certificates, certificate) if certificate else ()
        return dataclasses.replace(self._answer(request), certificate=certificate, sent=sent)

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        site = self._site_of(request)
        if site is None:
            return HttpAnswer(400, "Bad Request", _HTTP_SYS, INVALID_HOST)
        pool = self._sites.pool(site)
        if self._activation.pool_state(pool) != "Started" or not self._activation.may_log_on(pool):
            return HttpAnswer(503, "Service Unavailable", _HTTP_SYS, b"Service Unavailable")
        return self._activation.application(site).answer(request)

    def _served(self, request: HttpRequest) -> bytes:
        served = self._httpsys.served(request.address, request.port, request.server_name)
        stored = self._certificates.find("LocalMachine", served.store, served.thumbprint) if served else None
        if stored is None or stored.key is None:
            raise errors.WindowsError(
                "System.IO.IOException",
                "Authentication failed because the remote party has closed the transport stream.",
            )
        return stored.der

    def _site_of(self, request: HttpRequest) -> str | None:
        """Return the started site with the closest binding: host name before any, address before all."""
        best: tuple[int, str] | None = None
        for site in self._started():
            for b in self._sites.bindings(site):
                rank = 2 * bool(b.host) + (b.address != "*") if _fits(b, request) else None
                if rank is not None and (best is None or rank > best[0]):
                    best = (rank, site)
        return best[1] if best else None


def _fits(binding: Binding, request: HttpRequest) -> bool:
    """Tell whether a request comes in by a binding."""
    if binding.protocol != ("https" if request.tls else "http"):
        return False
    host = request.host.split(":")[0].lower()
    here = binding.port == request.port and binding.address in {"*", request.address}
    return here and binding.host.lower() in {"", host}
