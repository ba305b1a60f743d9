# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where each connector's managed system is: host, port, and whether TLS begins at once, from a connection's settings.

Ports are those of the vendor's pages, or the protocols' own where a page names none: RFC 4516 (LDAP),
learn.microsoft.com "SqlConnection.ConnectionString" and "SMB over TCP", SAP's "TCP/IP Ports of All SAP Products".
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from urllib.parse import urlsplit

from .._core.plan import Refused
from .._dotnet.json_text import fold
from .._windows import host_name

LDAP, LDAPS, SQL_SERVER, SMB, HTTP, HTTPS, SAP_GATEWAY = 389, 636, 1433, 445, 80, 443, 3300
Values = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Target:
    """A managed system, as far as the agent's server has to reach it.

    Attributes:
        host: name or address.
        port: TCP.
        tls: whether TLS begins at once, so that the certificate can be judged.
        web: whether it is reached by https, and so by the agent's proxy.
        key: the key of the connection that says so.
        unseen: why no certificate is looked at, though one may protect what is sent; empty where that is not so.
    """

    host: str
    port: int
    tls: bool
    web: bool
    key: str
    unseen: str = ""


IN_TDS = (
    "its certificate was not looked at, as TLS begins inside SQL Server's own protocol ([MS-TDS] 2.2.6.5, PRELOGIN)"
)
IN_SAP = (
    "no certificate was looked at, as SAP's library protects what it sends by itself, by SNC or the database's client"
)


class Unclear(ValueError):
    """A key's value names no host and port; the text says why, without the value."""


def targets(connector: str, connection: Values) -> t.Iterator[Target]:
    """Yield where a connection leads to.

    Args:
        connector: its connector.
        connection: its settings.

    Raises:
        Unclear: a key that should name a host does not.
    """
    given = {fold(str(key)): value for key, value in connection.items()}
    if connector in _FINDERS:
        yield from _FINDERS[connector](given)


def _is_true(given: Values, key: str) -> bool:
    return str(given.get(fold(key), "")).strip().lower() == "true"


def _host_port(text: str, port: int, key: str) -> tuple[str, int]:
    """Return host and port of ``host``, ``host:port`` or a URL without a path."""
    text = text.strip()
    parts = _split(text if "://" in text else f"//{text}", key)
    return _name(parts.hostname, key), parts.port or port


def _port_of(text: str, problem: str) -> int:
    """Return a port; raises Unclear with the problem for a text that is none."""
    # ASCII only, as .NET reads a number: \d and isdigit know other digits too, some of which are no number for int.
    if not re.fullmatch(r"[0-9]{1,5}", text.strip()) or not 0 < int(text) < 2**16:
        raise Unclear(problem)
    return int(text)


def _name(text: str, key: str) -> str:
    """Return a host name; what is none is not shown, since it may hold a secret."""
    try:
        return host_name.ascii_form(text)
    except Refused:
        raise Unclear(f"{key} is no host name, address or URL") from None


def _split(text: str, key: str) -> t.Any:
    try:
        parts = urlsplit(text)
        there = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        there = False
    if not there:
        raise Unclear(f"{key} is no host name, address or URL")
    return parts


def _directory(given: Values) -> t.Iterator[Target]:
    """Yield the servers of Active Directory and of other directories, which have an EnableSSL each."""
    servers = given.get("SERVERS")
    for number, item in enumerate(servers if isinstance(servers, list) else []):
        own = {fold(str(key)): value for key, value in item.items()} if isinstance(item, t.Mapping) else {}
        key = f"Servers[{number}].Server"
        tls = _is_true(own, "EnableSSL") or _is_true(given, "EnableSSL")
        host, port = _host_port(str(own.get("SERVER") or ""), LDAPS if tls else LDAP, key)
        yield Target(host, port, tls, web=False, key=key)


def _open_ldap(given: Values) -> t.Iterator[Target]:
    tls = _is_true(given, "SSL")
    host, port = _host_port(str(given.get("SERVER") or ""), LDAPS if tls else LDAP, "Server")
    yield Target(host, port, tls, web=False, key="Server")


def _sap(given: Values) -> t.Iterator[Target]:
    """Yield the database for reading, and the gateway for writing."""
    if given.get("PORT"):
        own = _port_of(str(given["PORT"]), "Port is no number from 1 to 65535")
        host, port = _host_port(str(given.get("SERVER") or ""), own, "Server")
        yield Target(host, port, tls=False, web=False, key="Server", unseen=IN_SAP)
    if given.get("BAPILOGIN"):
        number = str(given.get("SYSTEMNUMBER") or "0").strip()
        if not re.fullmatch(r"\d{1,2}", number):
            raise Unclear("SystemNumber is no number of two digits")
        host, _port = _host_port(str(given.get("SERVER") or ""), SAP_GATEWAY, "Server")
        yield Target(host, SAP_GATEWAY + int(number), tls=False, web=False, key="Server", unseen=IN_SAP)


def _sql(given: Values) -> t.Iterator[Target]:
    """Yield the server of SQL Server's connection string; another provider's has its own grammar."""
    if given.get("PROVIDERCLASSFULLNAME"):
        raise Unclear("ConnectionString is for another provider than SQL Server's, which has its own form")
    for part in str(given.get("CONNECTIONSTRING") or "").split(";"):
        name, _equals, value = part.partition("=")
        if name.strip().lower() in {"data source", "server", "address", "addr", "network address"}:
            yield _sql_server(value.strip().strip("'\""))
            return
    raise Unclear("ConnectionString names no Data Source")


def _sql_server(source: str) -> Target:
    if source.lower().startswith(("np:", "lpc:", "\\\\")):
        raise Unclear("ConnectionString uses no TCP (np:, lpc:)")
    server, _comma, port = re.sub(r"^(tcp|admin):", "", source, flags=re.IGNORECASE).partition(",")
    host, instance, _name = server.partition("\\")
    if instance and not port:
        raise Unclear("ConnectionString names an instance without a port, which SQL Server Browser tells")
    own = _port_of(port or str(SQL_SERVER), "ConnectionString has no port behind the comma of its Data Source")
    name = "localhost" if host.strip().lower() in {".", "(local)", "localhost"} else host.strip()
    host, number = _host_port(name, own, "the Data Source of ConnectionString")
    return Target(host, number, tls=False, web=False, key="ConnectionString", unseen=IN_TDS)


def _urls(*keys: str) -> t.Callable[[Values], t.Iterator[Target]]:
    """Return what yields the servers of URLs; one that is not there is left out, but for the first."""

    def found(given: Values) -> t.Iterator[Target]:
        for number, key in enumerate(keys):
            if number == 0 or given.get(fold(key)):
                yield _url(str(given.get(fold(key)) or ""), key)

    return found


def _url(text: str, key: str) -> Target:
    parts = _split(text.strip() if "://" in text else f"https://{text.strip()}", key)
    tls = parts.scheme != "http"
    return Target(_name(parts.hostname, key), parts.port or (HTTPS if tls else HTTP), tls, web=tls, key=key)


_GRAPH, _AUTHORITY = "https://graph.microsoft.com", "https://login.microsoftonline.com"


def _entra_id(given: Values) -> t.Iterator[Target]:
    for key, usual in (("MicrosoftAuthorityPath", _AUTHORITY), ("MicrosoftGraphPathApi", _GRAPH)):
        yield _url(str(given.get(fold(key)) or usual), key)


def _shares(given: Values) -> t.Iterator[Target]:
    """Yield the servers of shares, each once; a folder of a drive is no way to anywhere."""
    folders = given.get("INPUTDIRECTORIES")
    hosts: dict[str, None] = {}
    for folder in folders if isinstance(folders, list) else []:
        if not isinstance(folder, str):
            raise Unclear("InputDirectories has an entry that is no path")
        path = folder.replace("/", "\\")
        if not re.match(r"[A-Za-z]:", path):
            hosts[path.lstrip("\\").partition("\\")[0].lower()] = None
    for host in filter(None, hosts):
        yield Target(_name(host, "InputDirectories"), SMB, tls=False, web=False, key="InputDirectories")


_FINDERS: dict[str, t.Callable[[Values], t.Iterator[Target]]] = {
    "active_directory": _directory,
    "ldap": _directory,
    "openldap": _open_ldap,
    "sap_erp_6": _sap,
    "sap_netweaver": _urls("Server"),
    "microsoft_entra_id": _entra_id,
    "sql": _sql,
    "sharepoint": _urls("Server"),
    "servicenow": _urls("Server", "OAuth2Url"),
    "servicenow_ticket": _urls("Server", "OAuth2Url"),
    "scim": _urls("Server", "OAuth2Url"),
    "workday": _urls("Server"),
    "microsoft_exchange": _urls("Server"),
    "shared_folder": _shares,
    "okta": _urls("Server"),
    "odata": _urls("Server", "AuthenticationUrl"),
}
