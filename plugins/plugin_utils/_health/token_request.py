# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of the agent's credentials: one token request from the agent's server to the Identity Manager server."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
from urllib.parse import quote, urlencode, urlsplit

from .._core import probe
from .._core.plan import Refused
from .._core.probe import Query
from .._dotnet import proxy

# Belief [token-endpoint]: the errors of the server are those of RFC 6749 5.2, and it checks the client before the
# scope; the vendor documents the request (its pages "Request with Postman" and "Authentication"), not the errors.
ENDPOINT = "/connect/token"
SCOPE, INVALID_CLIENT = "usercube_api", "invalid_client"
PAGE = "Netwrix Identity Manager, Integration Guide: API, Request from Postman"
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
_ERROR = re.compile(rb'"error"\s*:\s*"([a-z_]+)"')
_AFTER_AUTHENTICATION = {"invalid_scope", "unauthorized_client", "unsupported_grant_type"}
"""Errors that a server reports only after it has accepted the client's secret."""


@dataclasses.dataclass(frozen=True)
class Credentials:
    """The client, its secret, and the endpoint that has to accept them.

    Attributes:
        host: the Identity Manager server.
        port: of the endpoint.
        path: of the endpoint.
        client: the OpenID client.
        secret: in clear.
        proxy: in the form of .NET's ``HTTPS_PROXY``, empty for a direct connection.
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
        way = option.get("proxy") or ""
        reason = proxy.why_not_read(proxy.HTTPS_PROXY, way) if way else None
        if reason:
            raise Refused(f"openid.proxy: found {reason}")
        if proxy.is_bypassed(host, option["no_proxy"]):
            way = ""
        return cls(host, port, parts.path.rstrip("/") + ENDPOINT, option["client"], option["secret"], way)

    @property
    def url(self) -> str:
        """Return the endpoint's address."""
        return f"https://{self.host}{'' if self.port == 443 else f':{self.port}'}{self.path}"

    def question(self, *paths: str) -> Query:
        """Return the documented request, in which the client is named with the server's host name, and with its token
        requests for these paths.
        """
        return self._request(f"{self.client}@{self.host}", paths)

    def undocumented(self, *paths: str) -> Query:
        """Return the same for a client named by its id alone, for a server that has refused the other one."""
        return self._request(self.client, paths)

    def like(self, server_url: str, client: str, secret: str) -> Credentials:
        """Return what the agent holds, with these credentials in the place of what is empty; raises Refused."""
        option = {"server_url": server_url, "client": client or self.client, "secret": secret or self.secret}
        if not server_url:
            return dataclasses.replace(self, client=option["client"], secret=option["secret"])
        return dataclasses.replace(Credentials.of({**option, "no_proxy": []}), proxy=self.proxy)

    def by(self, way: str, no_proxy: t.Sequence[str]) -> Credentials:
        """Return the same, asked by a proxy unless the server is among the names that need none."""
        return dataclasses.replace(self, proxy="" if proxy.is_bypassed(self.host, no_proxy) else way)

    def differences(self, other: Credentials) -> list[str]:
        """Return what the agent holds otherwise than the inventory says, without the values of secrets."""
        found = []
        if self.url != other.url:
            found.append("the agent's ApplicationUri is not im_agent_server_url")
        if self.client != other.client:
            found.append("the agent's DefaultOpenIdClient is not im_agent_default_openid_client")
        elif self.secret != other.secret:
            found.append("the agent holds another secret than im_agent_openid_clients")
        return found

    def _request(self, client: str, paths: t.Iterable[str]) -> Query:
        """Return a request. The server's certificate has to be trusted, since the request carries the secret."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": self.secret,
            "scope": SCOPE,
        }
        query = probe.http(
            address=self.host,
            port=self.port,
            host=self.host if self.port == 443 else f"{self.host}:{self.port}",
            server_name=self.host,
            method="POST",
            path=self.path,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form, safe="@", quote_via=quote),  # the vendor asks not to encode the @
            verify=True,
            timeout=30,
        )
        return probe.with_token(query | (probe.by_proxy(*proxy.address(self.proxy)) if self.proxy else {}), *paths)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the server answered; never a part of the token.

    Attributes:
        accepted: whether it accepts the client and its secret.
        found: the answer in words.
        error: the name of its error; empty for none.
        causes: why it may be so, the likeliest first.
        remedy: what to do.
        is_servers_trouble: whether it says nothing of the client.
    """

    accepted: bool
    found: str
    error: str = ""
    causes: tuple[str, ...] = ()
    remedy: str = ""
    is_servers_trouble: bool = False


_REFUSED = (
    "The agent has another secret than the server has a hash of.",
    "The server does not know the client, or not for this host name.",
    "The client's ExpirationDate is over.",
)


def read(value: t.Mapping[str, t.Any]) -> Answer:
    """Return what the server's answer says, from that to ``Credentials.question``."""
    answer = value["refused"]
    if answer is None:
        return Answer(True, "a token")
    body = base64.b64decode(answer["body"])
    error = _ERROR.search(body)
    name = error[1].decode() if error else ""
    status = answer["status"]
    found = f"status {status}" + (f", {name}" if name else "")
    if name in _AFTER_AUTHENTICATION:
        return Answer(True, f"{found}: the secret is right", name)
    if name == INVALID_CLIENT:
        remedy = (
            "Give the hash of the secret to the integration team (filter openid_client_element), or correct"
            " im_agent_openid_clients."
        )
        return Answer(False, found, name, _REFUSED, remedy)
    if status in {200, 404}:
        words = found if status == 404 else f"{found}, but no token"
        cause = "There is no Identity Manager server at this address."
        return Answer(False, words, name, (cause,), "Correct im_agent_server_url.")
    if status < 500 and not name:
        cause = "Something in front of the Identity Manager server refuses the request."
        return Answer(False, found, name, (cause,), "Check im_agent_server_url and im_agent_https_proxy.")
    cause = "The Identity Manager server is down or did not process the request."
    return Answer(
        False, found, name, (cause,), "Read the server's own log, and look at the proxies in front of it.", True
    )


def no_answer(message: str) -> tuple[str, str, bool]:
    """Return why a request got no answer, what to do, and whether it is for lack of trust in the server."""
    lowered = message.lower()
    if "certificate" in lowered or "authentication failed" in lowered:
        return (
            "The agent's server does not trust the Identity Manager server's certificate, so the secret was not sent.",
            "Import the certificate of its issuer into LocalMachine\\Root.",
            True,
        )
    if "proxy" in lowered:
        return "The proxy does not let the request through.", "Check im_agent_https_proxy.", False
    return (
        "The agent's server does not reach it: the Identity Manager server is down, a firewall is between them, or the"
        " name is wrong.",
        "Check im_agent_server_url, the firewalls between them, and im_agent_https_proxy.",
        False,
    )
