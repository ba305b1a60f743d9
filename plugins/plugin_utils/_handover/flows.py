# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who has to reach whom: what a firewall has to let through for one agent.

Vendor page "Overview" (network): browsers reach the agent, the agent reaches its server, never the other way round.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import download
from .._agent.connector_targets import LDAP, LDAPS
from .._agent.connectors import connector_of
from .._dotnet.json_text import fold
from .._settings.tree import get, section
from . import endpoint
from .endpoint import Endpoint
from .given import Given

BROWSERS, CONTROLLER = "browsers of administrators", "Ansible's controller"
_ADDRESSES = ("Server", "MicrosoftGraphPathApi", "OAuth2Url", "AuthenticationUrl")
_LISTS = ("CsvUrls", "InputDirectories")
_FILES = ("Path", "PathIncremental", "InputFilePath", "PowerShellScriptPath", "CredentialsFilePath")
_DIRECTORIES = frozenset({"active_directory", "ldap", "openldap"})


@dataclasses.dataclass(frozen=True)
class Flow:
    """One connection that somebody opens.

    Attributes:
        source: who opens it.
        target: the host that it goes to.
        port: its TCP port; 0 where the inventory does not say.
        purpose: what for.
    """

    source: str
    target: str
    port: int
    purpose: str


def of(given: Given) -> tuple[list[Flow], list[str]]:
    """Return all connections, and of which nobody can tell where they go, as sentences."""
    found, untold = list(_to_agent(given)), list[str]()
    found += _from_inventory(given)
    for flow in _settings(given):
        if isinstance(flow, Flow):
            found.append(flow)
        else:
            untold.append(flow)
    return list(dict.fromkeys(found)), untold


def _to_agent(given: Given) -> t.Iterator[Flow]:
    host = given.text("host_name")
    if given.values.get("reverse_proxy"):
        yield Flow(BROWSERS, host, 443, "the reverse proxy, by which they reach the agent")
    elif not given.is_service:
        scheme = given.text("site_protocol") or "https"
        port = int(given.values.get(f"{scheme}_port") or endpoint.PORTS[scheme])
        yield Flow(BROWSERS, host, port, "the agent's site: jobs, password reset")
    if given.is_service:
        for url in given.values.get("service_urls") or ():
            found = endpoint.of(str(url).replace("://*", "://any").replace("://+", "://any"))
            if found and found.host not in {"localhost", "127.0.0.1", "::1"}:
                source = "the reverse proxy" if given.values.get("reverse_proxy") else BROWSERS
                yield Flow(source, host if found.host == "any" else found.host, found.port, "the agent's service")
    if given.way.port:
        purpose = f"WinRM over {given.way.scheme}, to install and verify"
        yield Flow(CONTROLLER, given.way.address, given.way.port, purpose)


def _from_inventory(given: Given) -> t.Iterator[Flow]:
    for name, purpose in (
        ("server_url", "the Identity Manager server: tokens, jobs, their results"),
        ("https_proxy", "the proxy by which it leaves the network"),
        ("archive_source", "the agent's archive, during an installation or upgrade"),
        ("hosting_bundle_source", "the .NET hosting bundle, during an installation"),
    ):
        # A path on the controller looks like an address: the file comes by the connection, which is a flow already.
        is_sent = download.is_on_controller(given.text(name))
        found = endpoint.of(given.text(name)) if given.text(name) and not is_sent else None
        if found:
            yield Flow(given.server, found.host, found.port, purpose)


def _settings(given: Given) -> t.Iterator[Flow | str]:
    """Yield what the settings name, or a sentence for what they do not tell."""
    agent, general = given.settings.agent, given.settings.general
    for name, connection in section(agent, "Connections").items():
        if isinstance(connection, dict):
            yield from _connection(given, str(name), connection)
    mail = section(agent, "PasswordResetSettings", "MailSettings")
    if get(mail, "Host"):
        path = ("PasswordResetSettings", "MailSettings", "Host")
        yield _flow(given, path, get(mail, "Host"), _port(mail), "mail (SMTP)")
    for place, purpose in (
        (("AzureKeyVault", "Vault"), "the Azure Key Vault"),
        (("CyberArk", "Server"), "CyberArk"),
    ):
        if get(general, *place):
            yield _flow(given, place, get(general, *place), endpoint.PORTS["https"], purpose)


def _connection(given: Given, name: str, connection: dict[str, t.Any]) -> t.Iterator[Flow | str]:
    connector = connector_of(connection, given.settings.connectors.get(name))
    kind = connector.name if connector else ""
    purpose = f"connection {name}" + (f" ({kind})" if kind else "")
    found = 0
    for path, value, usual in _addresses(connection, kind):
        found += 1
        yield _flow(given, ("Connections", name, *path), value, usual, purpose)
    for path, value in _shares(connection):
        found += 1
        yield _flow(given, ("Connections", name, *path), value, 0, f"{purpose}: a share")
    if get(connection, "ConnectionString"):
        yield f"where the connection {name} goes: its address is part of a connection string, which is not shown"
    elif not found and kind not in {"csv", "excel", "powershell"}:
        yield f"where the connection {name} goes: its settings name no address; see the vendor's page of its connector"


def _addresses(connection: dict[str, t.Any], kind: str) -> t.Iterator[tuple[tuple[str, ...], t.Any, int]]:
    """Yield paths and values of addresses, with the port that they have where they name none."""
    own = _port(connection)
    for key, value in connection.items():
        if fold(str(key)) in set(map(fold, _ADDRESSES)):
            yield (str(key),), value, own or _usual(kind, connection)
    servers = get(connection, "Servers")
    for number, server in enumerate(servers if isinstance(servers, list) else ()):
        if isinstance(server, dict) and get(server, "Server"):
            yield ("Servers", str(number), "Server"), get(server, "Server"), _usual(kind, {**connection, **server})


def _port(settings: t.Mapping[str, t.Any]) -> int:
    """Return the key Port as a number; 0 where it is none."""
    text = str(get(settings, "Port") or "")
    return int(text) if text.isdecimal() else 0


def _usual(kind: str, settings: dict[str, t.Any]) -> int:
    if kind not in _DIRECTORIES:
        return 0
    encrypted = str(get(settings, "EnableSSL") or get(settings, "SSL") or "").lower() == "true"
    return LDAPS if encrypted else LDAP


def _shares(connection: dict[str, t.Any]) -> t.Iterator[tuple[tuple[str, ...], str]]:
    for key in _LISTS:
        values = get(connection, key)
        for number, value in enumerate(values if isinstance(values, list) else ()):
            if isinstance(value, str) and (value.startswith("\\\\") or "://" in value):
                yield (key, str(number)), value
    for key in _FILES:
        value = get(connection, key)
        if isinstance(value, str) and value.startswith("\\\\"):
            yield (key,), value


def _flow(given: Given, path: tuple[str, ...], value: t.Any, usual: int, purpose: str) -> Flow | str:
    words = ":".join(path)
    if not given.settings.shown.may_show(path, value):
        return f"where {purpose} goes: {words} is kept as a secret, or comes from ansible-vault, and is not shown"
    found: Endpoint | None = endpoint.of(str(value), usual)
    if found is None:
        return f"where {purpose} goes: {words} is no address of a host"
    return Flow(given.server, found.host, found.port, purpose)
