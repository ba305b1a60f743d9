"""The Identity Manager server that agents report to, as far as needed here: it gives tokens to clients."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from urllib.parse import parse_qs, urlsplit

from .. import errors
from .network import HttpAnswer, HttpRequest

ENDPOINT, SCOPE = "/connect/token", "usercube_api"
TOKEN = "canary-access-token-" + "9d07" * 16


@dataclasses.dataclass(frozen=True)
class IdentityServer:
    """A server.

    Attributes:
        url: its address.
        clients: the secrets that it accepts, by client; None: all.
        trusted: whether the emulated server trusts its certificate.
        proxy: the only way to it as host:port; empty: the direct one.
        bare: whether it knows its clients by their ids alone, which no page documents.
        expired: the client whose ExpirationDate is over; empty for none.
        down: whether the proxy in front of it answers in its place.
    """

    url: str
    clients: t.Mapping[str, str] | None = None
    trusted: bool = True
    proxy: str = ""
    bare: bool = False
    expired: str = ""
    down: bool = False

    def respond(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer a request to it; None when it is not its own, or comes another way."""
        parts = urlsplit(self.url)
        if (request.address.lower(), request.port) != (
            parts.hostname,
            parts.port or 443,
        ) or request.proxy != self.proxy:
            return None
        if request.verify and not self.trusted:
            raise errors.WindowsError(
                "System.Security.Authentication.AuthenticationException",
                "The remote certificate is invalid according to the validation procedure.",
            )
        if self.down:
            return HttpAnswer(503, "Service Unavailable", {}, b"<html><body>No server is available.</body></html>")
        if request.method != "POST" or request.path != parts.path.rstrip("/") + ENDPOINT:
            return HttpAnswer(404, "Not Found")
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        # The vendor's pages "Request with Postman" and "Authentication": client_id=<id>@<host>, scope=usercube_api.
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        client, at, host = name.partition("@")
        known = not at if self.bare else host.lower() == parts.hostname
        if not known or (client and client == self.expired) or not self._accepts(client, secret):
            return _json(400, "Bad Request", {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials":
            return _json(400, "Bad Request", {"error": "unsupported_grant_type"})
        if form.get("scope") != SCOPE:
            return _json(400, "Bad Request", {"error": "invalid_scope"})
        return _json(200, "OK", {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})

    def _accepts(self, client: str, secret: str) -> bool:
        return bool(secret) and (self.clients is None or self.clients.get(client) == secret)


def _json(status: int, reason: str, data: t.Mapping[str, t.Any]) -> HttpAnswer:
    return HttpAnswer(status, reason, {"Content-Type": "application/json"}, json.dumps(data).encode())
