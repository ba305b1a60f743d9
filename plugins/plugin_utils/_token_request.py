# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's credentials, tried at the Identity Manager server by the agent's own server: one token request."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
from urllib.parse import quote, urlencode, urlsplit

from . import _questions
from ._plan import Refused
from ._questions import Query

# Belief [token-endpoint]: the server is an OpenID provider with the endpoint of IdentityServer, whose client
# authenticates in the body, RFC 6749 4.4.2; the vendor documents only that a job's client id and secret reach it (page
# "Proxy").
ENDPOINT = "/connect/token"
SEEN = 48
"""Bytes of the answer that are looked at: enough for an error's name, too few for a token."""
OPTION: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "server_url": {"type": "str", "required": True},
        "client": {"type": "str", "required": True},
        "secret": {"type": "str", "required": True, "no_log": True},
        "proxy": {"type": "str", "no_log": True},
        "no_proxy": {"type": "list", "elements": "str", "default": []},
    },
}
_PROXY = re.compile(r"(?:http://)?(?:(?P<user>[^@/]+)@)?(?P<host>[^@:/]+)(?::(?P<port>\d+))?")
_ERROR = re.compile(rb'"error"\s*:\s*"([a-z_]+)"')
_AFTER_AUTHENTICATION = {"invalid_scope", "unauthorized_client", "unsupported_grant_type"}
"""Errors that a server tells a client which it knows by its secret."""


@dataclasses.dataclass(frozen=True)
class Credentials:
    """What is tried where.

    Attributes:
        host: the server.
        port: its port.
        path: of the endpoint.
        client: the OpenID client.
        secret: in clear.
        proxy: as ``HTTPS_PROXY`` of .NET, empty for a direct way.
    """

    host: str
    port: int
    path: str
    client: str
    secret: str = dataclasses.field(repr=False)
    proxy: str = dataclasses.field(repr=False)

    @classmethod
    def of(cls, option: t.Mapping[str, t.Any]) -> Credentials:
        """Return the credentials of the option; raises Refused for a server that a secret must not be sent to."""
        try:
            parts = urlsplit(option["server_url"])
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            parts, host, port = urlsplit(""), None, 443
        if parts.scheme != "https" or not host:
            raise Refused(
                f"openid.server_url: found {option['server_url']!r}, wanted an https address: a secret is not sent"
                " without TLS"
            )
        proxy = option.get("proxy") or ""
        if proxy and not _PROXY.fullmatch(proxy):
            raise Refused("openid.proxy: found another form, wanted host, host:port or http://user:password@host:port")
        if any(host == name or (name.startswith(".") and host.endswith(name)) for name in option["no_proxy"]):
            proxy = ""
        return cls(host, port, parts.path.rstrip("/") + ENDPOINT, option["client"], option["secret"], proxy)

    @property
    def url(self) -> str:
        """Return the endpoint's address."""
        return f"https://{self.host}{'' if self.port == 443 else f':{self.port}'}{self.path}"

    @property
    def question(self) -> Query:
        """Return the request; the server's certificate has to be trusted, since it carries the secret."""
        form = {"grant_type": "client_credentials", "client_id": self.client, "client_secret": self.secret}
        query = _questions.http(
            address=self.host,
            port=self.port,
            host=self.host if self.port == 443 else f"{self.host}:{self.port}",
            server_name=self.host,
            method="POST",
            path=self.path,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form, quote_via=quote),
            verify=True,
            timeout=30,
            max_bytes=SEEN,
        )
        return query | ({"proxy": self._proxy()} if self.proxy else {})

    def _proxy(self) -> dict[str, t.Any]:
        match = t.cast("re.Match[str]", _PROXY.fullmatch(self.proxy))
        user = {"authorization": "Basic " + base64.b64encode(match["user"].encode()).decode()} if match["user"] else {}
        return {"address": match["host"], "port": int(match["port"] or 80), **user}


def verdict(answer: t.Mapping[str, t.Any]) -> tuple[bool, str, str]:
    """Return whether an answer accepts the credentials, what was found, and what to do; without any of the token."""
    body = base64.b64decode(answer["body"])
    error = _ERROR.search(body)
    name = error[1].decode() if error else ""
    found = f"status {answer['status']}" + (f", {name}" if name else "")
    if answer["status"] == 200 and body.lstrip().startswith(b"{") and not name:
        return True, "a token", ""
    if name in _AFTER_AUTHENTICATION:
        return True, f"{found}: the secret is right", ""
    if name == "invalid_client":
        return (
            False,
            found,
            "The server does not know the client, or another secret of it: hand its hash over to the integration team"
            " (filter openid_client_element), or correct im_agent_openid_clients.",
        )
    if answer["status"] in {200, 404}:
        return (
            False,
            found if answer["status"] == 404 else f"{found}, but no JSON",
            "There is no Identity Manager server at this address: look at im_agent_server_url.",
        )
    return False, found, "The server cannot say: look at its own log, and at what stands in front of it."


def no_answer(message: str) -> str:
    """Return the likely cause of a request that came to no answer."""
    lowered = message.lower()
    if "certificate" in lowered or "authentication failed" in lowered:
        return (
            "The agent's server does not trust the Identity Manager server's certificate, so the secret was not sent:"
            " bring its issuer into LocalMachine\\Root."
        )
    if "proxy" in lowered:
        return "The proxy does not let it through: look at im_agent_https_proxy."
    return "The agent's server does not reach it: look at the name, the firewalls between, and im_agent_https_proxy."
