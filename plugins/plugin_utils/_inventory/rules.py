# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory vocabulary `im_agent_*`: which values are possible, found out before the first remote write.

The variables and their defaults are in the role `im_agent`; the rules come from the vendor's pages "appsettings.agent",
"Install the Agents" and "Agent requirements".
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from urllib.parse import urlsplit

from .._agent import download
from .._agent.folders import spare_of, why_too_long
from .._core import mask
from .._core.plan import Refused
from .._hosting import service, service_urls
from .._windows import account_name, windows_path

HOSTING_MODES = ("iis", "service")
SITE_PROTOCOLS = ("https", "http")
USES = ("encryption", "identity_server", "password_reset", "server")
RESERVED_IDENTIFIER = "local"
_SERVICE_NAME = re.compile(r"[^/\\]{1,80}")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclasses.dataclass(frozen=True)
class Problem:
    """One variable that cannot be right.

    Attributes:
        variable: its name, with the path inside it (``im_agent_connections.ADExport.Password``).
        found: what it holds, in words and without secrets.
        wanted: the rule, and what to do.
    """

    variable: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.variable}: found {self.found}, wanted {self.wanted}"


def problems(inventory: t.Mapping[str, t.Any]) -> list[Problem]:
    """Return what is wrong with an inventory, in the order of the vocabulary.

    Args:
        inventory: the values of the variables, by name without the prefix ``im_agent_``.
    """
    return [problem for rule in _RULES for problem in rule(inventory)]


def _text(inventory: t.Mapping[str, t.Any], name: str) -> str:
    value = inventory.get(name)
    return "" if value is None else str(value).strip()


def _named(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    for name, wanted in (
        ("organization", "the organisation's name, which names site, pool and working directory"),
        ("host_name", "the name by which browsers reach the agent, for the site's binding"),
    ):
        if not _text(inventory, name):
            yield Problem(f"im_agent_{name}", "nothing", wanted)
    host_name = _text(inventory, "host_name")
    if host_name and not _HOST_NAME.fullmatch(host_name):
        yield Problem(
            "im_agent_host_name",
            repr(host_name),
            "a DNS name in lower case, without scheme, port or path (the vendor asks for a lower-case alias)",
        )


def _hosting(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    mode = _text(inventory, "hosting")
    if mode not in HOSTING_MODES:
        yield Problem("im_agent_hosting", repr(mode), f"one of {', '.join(HOSTING_MODES)}")
    elif mode == "service":
        yield from _service_problems(inventory)
    protocol = _text(inventory, "site_protocol") or SITE_PROTOCOLS[0]
    if protocol not in SITE_PROTOCOLS:
        yield Problem("im_agent_site_protocol", repr(protocol), f"one of {', '.join(SITE_PROTOCOLS)}")


def _service_problems(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    name = _text(inventory, "service_name")
    if inventory.get("service_name") is not None and not _SERVICE_NAME.fullmatch(name):
        yield Problem("im_agent_service_name", repr(name) if name else "nothing", "1 to 80 characters without / and \\")
    urls = inventory.get("service_urls") or []
    if not urls or isinstance(urls, str):
        yield Problem("im_agent_service_urls", "no list", "the addresses to listen on, as [http://localhost:5000]")
        return
    for number, url in enumerate(urls, start=1):
        try:
            service_urls.check(str(url))
        except Refused as refusal:
            yield Problem(f"im_agent_service_urls, entry {number}", repr(url), str(refusal).partition(", wanted ")[2])


def needed_uses(inventory: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the uses that need a key pair: site or service has a certificate only where it listens on https."""
    if _text(inventory, "hosting") == "service":
        https = any(str(url).startswith("https") for url in inventory.get("service_urls") or [])
    else:
        https = _text(inventory, "site_protocol") != "http"
    return ("encryption", "identity_server", *(["server"] if https else []))


def _paths(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    folders = inventory.get("folders") or {}
    paths = {f"im_agent_folders.{name}": str(path) for name, path in folders.items()}
    if inventory.get("working_directory") is not None:  # else its template lacks a variable, which is refused itself
        paths = {"im_agent_working_directory": _text(inventory, "working_directory")} | paths
    for variable, path in paths.items():
        reason = windows_path.why_not_absolute(path)
        if reason:
            yield Problem(variable, repr(path) if path else "nothing", f"an absolute Windows path ({reason})")
            continue
        name = variable.partition(".")[2]
        room = why_too_long(path, spare_of(name)) if name else why_too_long(path)
        if room:
            yield Problem(variable, f"a path of {len(path)} characters", f"one {room}: name a shorter folder")


def _server(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    url = _text(inventory, "server_url")
    rule = "the https address of the Identity Manager server, without a '/' at the end, such as https://im.contoso.com"
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname, parts.scheme
    except ValueError:
        host, scheme = None, ""
    if not url:
        yield Problem("im_agent_server_url", "nothing", rule)
    elif set("@?#") & set(url):  # first, since what comes with them may be a secret and is not shown
        yield Problem("im_agent_server_url", "an address with user, query or fragment", rule)
    elif scheme != "https" or not host:
        yield Problem("im_agent_server_url", repr(url), rule)
    elif url.endswith("/"):
        yield Problem("im_agent_server_url", f"{url!r}, which ends in '/'", rule)


def _identifier(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    identifier = _text(inventory, "identifier")
    if not identifier:
        yield Problem("im_agent_identifier", "nothing", "the Identifier of the Agent element in the server's XML")
    elif identifier.lower() == RESERVED_IDENTIFIER:
        yield Problem(
            "im_agent_identifier",
            repr(identifier),
            "any other name: 'Local' is taken by the agent inside the server, and both would answer to it",
        )


def _clients(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    clients = inventory.get("openid_clients")
    if not isinstance(clients, dict) or not clients:
        yield Problem(
            "im_agent_openid_clients",
            "nothing" if not clients else "no dictionary",
            "a dictionary of client identifiers and their clear secrets, as the integration team gave them",
        )
        return
    for client, secret in clients.items():
        if secret is None or not str(secret).strip():
            yield Problem(
                f"im_agent_openid_clients.{client}", "no secret", "the client's clear secret (keep it in a vault)"
            )
    default = _text(inventory, "default_openid_client")
    if default not in clients:
        yield Problem(
            "im_agent_default_openid_client",
            repr(default) if default else "nothing",
            f"one of the clients in im_agent_openid_clients: {', '.join(map(str, clients))}",
        )


def _connections(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    for name, settings in (inventory.get("connections") or {}).items():
        if not isinstance(settings, dict):
            yield Problem(f"im_agent_connections.{name}", "no dictionary", "the connection's settings by name")
            continue
        for key, value in settings.items():
            if mask.is_secret_key(key) and (value is None or not str(value).strip()):
                yield Problem(f"im_agent_connections.{name}.{key}", "no secret", "the secret (keep it in a vault)")


def _downloads(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    for name, what in (
        ("archive", "the vendor's agent runtime archive"),
        ("hosting_bundle", "the .NET hosting bundle's installer"),
    ):
        source, checksum = _text(inventory, f"{name}_source"), _text(inventory, f"{name}_checksum")
        if not source:
            yield Problem(
                f"im_agent_{name}_source", "nothing", f"where the server finds {what}: a URL or a Windows path"
            )
        elif not download.is_source(source) and not download.is_on_controller(source):
            wanted = f"a URL (http, https) or an absolute Windows path of {what}"
            more = ", or its path on the controller with forward slashes"
            yield Problem(f"im_agent_{name}_source", repr(source), f"{wanted}{more}")
        if download.checksum(checksum) is None:
            yield Problem(
                f"im_agent_{name}_checksum",
                "nothing" if not checksum else "something else",
                f"the SHA-256 of {what}: 64 hexadecimal digits",
            )


def _identity(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    name, password = _text(inventory, "identity_username"), _text(inventory, "identity_password")
    if not name and password:
        yield Problem("im_agent_identity_username", "nothing", "the account that im_agent_identity_password belongs to")
    if not name:
        return
    account = account_name.of(name)
    is_service = inventory.get("hosting") == "service"
    problem = account.service_problem() if is_service else account.pool_problem()
    if problem:
        runs = "a service can run as" if is_service else "an application pool can run as; omit it for the pool's own"
        yield Problem("im_agent_identity_username", f"{name}, which {problem}", f"an account that {runs}")
        return
    if is_service and account.sid in service.REFUSED_ACCOUNTS:
        wanted = "an account with fewer rights: omit it for the service's own account, or name an account or a gMSA"
        yield Problem("im_agent_identity_username", f"{name}, which may do far more than the agent needs", wanted)
        return
    found = account.password_problem(password)
    if found:
        remedy = "" if password else ": set it in a vault, or omit both variables for the agent's own account"
        yield Problem("im_agent_identity_password", found[0], found[1] + remedy)


def _certificates(inventory: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    entries = inventory.get("certificates") or []
    uses = [str(entry.get("use", "")) if isinstance(entry, dict) else "" for entry in entries]
    for number, use in enumerate(uses, start=1):
        if not isinstance(entries[number - 1], dict):
            yield Problem(f"im_agent_certificates, entry {number}", "no dictionary", "the options of a pair")
        elif use not in USES:
            yield Problem(f"im_agent_certificates, entry {number}", f"use {use!r}", f"one of {', '.join(USES)}")
        elif use in uses[: number - 1]:
            yield Problem(f"im_agent_certificates, entry {number}", f"use {use!r} again", "one entry for each use")
    for use in needed_uses(inventory):
        if use not in uses:
            yield Problem("im_agent_certificates", f"no entry with use {use!r}", "one entry for each use")


_RULES: tuple[t.Callable[[t.Mapping[str, t.Any]], t.Iterator[Problem]], ...] = (
    _named,
    _hosting,
    _paths,
    _server,
    _identifier,
    _clients,
    _connections,
    _downloads,
    _identity,
    _certificates,
)
