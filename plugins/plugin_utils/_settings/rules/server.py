# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules on how the agent finds its server, and on who it is there."""

from __future__ import annotations

import re
import typing as t

from ..._agent.settings_files import AGENT, GENERAL
from ..tree import get, section
from .rule import AA, INS, A, Found, Rule, Settings

_HTTPS = re.compile(r"https://[^/\s]+")


def _uri_missing(s: Settings) -> Found:
    if not get(s.general, "ApplicationUri"):
        yield GENERAL, "ApplicationUri", "nothing"


def _uri_slash(s: Settings) -> Found:
    uri = str(get(s.general, "ApplicationUri") or "")
    if uri.endswith("/"):
        yield GENERAL, "ApplicationUri", repr(uri)


def _uri_not_https(s: Settings) -> Found:
    uri = str(get(s.general, "ApplicationUri") or "")
    if uri and not _HTTPS.match(uri):
        yield GENERAL, "ApplicationUri", repr(uri)


def _metadata_over_http(s: Settings) -> Found:
    if str(get(s.general, "Authentication", "RequireHttpsMetadata")).lower() == "false":
        yield GENERAL, "Authentication.RequireHttpsMetadata", "false"


def _identifier_missing(s: Settings) -> Found:
    if not get(s.agent, "OpenId", "AgentIdentifier"):
        yield AGENT, "OpenId.AgentIdentifier", "nothing"


def _identifier_local(s: Settings) -> Found:
    found = str(get(s.agent, "OpenId", "AgentIdentifier") or "")
    if found.lower() == "local":
        yield AGENT, "OpenId.AgentIdentifier", repr(found)


def _clients_missing(s: Settings) -> Found:
    clients = get(s.agent, "OpenId", "OpenIdClients")
    if (not isinstance(clients, t.Mapping) or not clients) and not s.vault:
        yield AGENT, "OpenId.OpenIdClients", "nothing"


def _client_without_secret(s: Settings) -> Found:
    for client, secret in section(s.agent, "OpenId", "OpenIdClients").items():
        if not isinstance(secret, str) or not secret.strip():
            yield AGENT, f"OpenId.OpenIdClients.{client}", "no secret"


def _default_client(s: Settings) -> Found:
    clients, default = section(s.agent, "OpenId", "OpenIdClients"), get(s.agent, "OpenId", "DefaultOpenIdClient")
    if str(default or "").lower() not in {str(c).lower() for c in clients} and not (s.vault and default):
        yield AGENT, "OpenId.DefaultOpenIdClient", repr(default) if default else "nothing"


RULES = (
    Rule(
        "uri-missing",
        "error",
        "wanted the server's URL: the agent does not find its server without it",
        A,
        _uri_missing,
    ),
    Rule(
        "uri-slash",
        "error",
        "wanted it without '/' at the end: it is compared as text with the server's",
        A,
        _uri_slash,
    ),
    Rule("uri-https", "error", "wanted an https URL: tokens and orders travel over it", A, _uri_not_https),
    Rule(
        "https-metadata",
        "warning",
        "wanted true: false is for a server without https only",
        A,
        _metadata_over_http,
    ),
    Rule(
        "identifier-missing",
        "error",
        "wanted the Identifier of the Agent element in the server's XML",
        AA,
        _identifier_missing,
    ),
    Rule(
        "identifier-local",
        "error",
        "wanted any name but 'Local', which the server's own agent has",
        INS,
        _identifier_local,
    ),
    Rule(
        "clients-missing",
        "error",
        "wanted OpenID clients: the agent cannot log on to the server",
        AA,
        _clients_missing,
    ),
    Rule("client-secret", "error", "wanted the client's clear secret", AA, _client_without_secret),
    Rule(
        "default-client",
        "error",
        "wanted one of OpenIdClients: jobs have no client to log on with",
        AA,
        _default_client,
    ),
)
