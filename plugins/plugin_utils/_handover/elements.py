# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The elements that the integration team adds to the Identity Manager server's XML configuration for one agent."""

from __future__ import annotations

import functools
import re
import typing as t

from .._agent.connectors import connector_of
from .._core.kept import is_kept
from .._core.plan import Refused
from .._inventory import vendor_xml
from .._settings.tree import section
from .given import Given

BY_INTEGRATION = "FILL-IN-BY-INTEGRATION-TEAM"
"""Stands for what only the integration team knows."""
ROOT = "ConfigurationFile"
NAMESPACE = "urn:schemas-usercube-com:configuration"
"""Vendor page "Hierarchy in Configuration Files"."""


def public_address(given: Given) -> str | None:
    """Return the https address by which browsers reach the agent; None where they reach it by http only."""
    host = given.text("host_name")
    if given.values.get("reverse_proxy"):
        return f"https://{host}"
    if given.is_service:
        urls = [str(url) for url in given.values.get("service_urls") or ()]
        ports = [url.rstrip("/").rpartition(":")[2] for url in urls if url.startswith("https:")]
        return _https(host, ports[0]) if ports else None
    return None if given.text("site_protocol") == "http" else _https(host, given.text("https_port") or "443")


def _https(host: str, port: str) -> str:
    return f"https://{host}" if port == "443" else f"https://{host}:{port}"


def of(given: Given, *, hashes: bool, profile: str) -> tuple[list[str], list[str]]:
    """Return the lines of an agent, elements and comments, and sentences about what is left out.

    Args:
        given: the agent.
        hashes: whether the hashes of the clients' secrets are written.
        profile: the clients' profile; empty where the integration team fills it in.
    """
    lines, untold = [_comment(f"the agent {given.text('identifier')} on {given.server}")], list[str]()
    clients = given.values.get("openid_clients")
    made = [functools.partial(_agent, given)]
    for name, secret in (clients if isinstance(clients, dict) else {}).items():
        hashed = hashes and isinstance(secret, str) and not is_kept(secret)
        made.append(functools.partial(_client, name, secret if hashed else None, profile))
    for name, connection in section(given.settings.agent, "Connections").items():
        made.append(functools.partial(_connection, given, name, connection))
    for element in made:
        try:
            lines += element()
        except Refused as refusal:
            untold.append(f"an element of the XML: {refusal}")
    return lines, untold


def _agent(given: Given) -> list[str]:
    return [vendor_xml.agent(given.values.get("identifier"), None, public_address(given))]


def _client(name: str, secret: str | None, profile: str) -> list[str]:
    hashed = BY_INTEGRATION if secret is None else vendor_xml.hashed_secret(secret)
    return [vendor_xml.hashed_client(name, hashed, profile or BY_INTEGRATION)]


def _connection(given: Given, name: str, connection: t.Any) -> list[str]:
    named = given.settings.connectors.get(name)
    connector = connector_of(connection, named) if isinstance(connection, dict) else None
    kind = f", by its settings of the kind {connector.name}" if connector else ""
    agent = vendor_xml.escaped("identifier", given.text("identifier"))
    return [
        _comment(f'the settings are Connections:{name} of this agent{kind}; its Connector needs Agent="{agent}"'),
        vendor_xml.connection(name, BY_INTEGRATION, BY_INTEGRATION),
    ]


def _comment(text: str) -> str:
    """Return a comment; two hyphens would end it."""
    safe = re.sub("-(?=-)", "- ", "".join(c for c in text if c.isprintable()))
    return f"<!-- {safe.removesuffix('-')} -->"


def document(lines: t.Iterable[str]) -> str:
    """Return the file that the lines of all agents make; a client that they share is declared once."""
    clients, body = set[str](), ""
    for line in lines:
        if line not in clients:
            body += f"  {line}\n"
        if line.startswith("<OpenIdClient "):
            clients.add(line)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{ROOT} xmlns="{NAMESPACE}">\n{body}</{ROOT}>\n'
