# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where each connector's managed system is: host, port, and whether TLS begins at once, from a connection's settings.

Ports are those of the vendor's pages, or the protocols' own where a page names none: RFC 4516 (LDAP),
learn.microsoft.com "SMB over TCP", SAP's "TCP/IP Ports of All SAP Products".
"""

from __future__ import annotations

import re
import typing as t

from .._dotnet.json_text import fold
from . import connection_string
from .target import Target, Unclear, host_of, host_port, parts_of, port_of

LDAP, LDAPS, SMB, HTTP, HTTPS, SAP_GATEWAY = 389, 636, 445, 80, 443, 3300
Values = t.Mapping[str, t.Any]
IN_DATABASE = "no certificate was looked at, as no key of this connection asks SAP's client of the database for TLS"
IN_RFC = "no certificate was looked at, as RFC has no TLS: SNC of SAP's library protects what it sends"
ASE_PROVIDER = "AdoNetCore.AseClient.AseClientFactory"
"""The class that the vendor's page "SAP ASE" (References: Packages) names as provider."""


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


def _directory(given: Values) -> t.Iterator[Target]:
    """Yield the servers of Active Directory and of other directories, which have an EnableSSL each."""
    servers = given.get("SERVERS")
    for number, item in enumerate(servers if isinstance(servers, list) else []):
        own = {fold(str(key)): value for key, value in item.items()} if isinstance(item, t.Mapping) else {}
        key = f"Servers[{number}].Server"
        tls = _is_true(own, "EnableSSL") or _is_true(given, "EnableSSL")
        host, port = host_port(str(own.get("SERVER") or ""), LDAPS if tls else LDAP, key)
        yield Target(host, port, tls, web=False, key=key)


def _open_ldap(given: Values) -> t.Iterator[Target]:
    tls = _is_true(given, "SSL")
    host, port = host_port(str(given.get("SERVER") or ""), LDAPS if tls else LDAP, "Server")
    yield Target(host, port, tls, web=False, key="Server")


def _sap(given: Values) -> t.Iterator[Target]:
    """Yield the database for reading, and the gateway for writing."""
    if given.get("PORT"):
        own = port_of(str(given["PORT"]), "Port is no number from 1 to 65535")
        host, port = host_port(str(given.get("SERVER") or ""), own, "Server")
        yield Target(host, port, tls=False, web=False, key="Server", unseen=IN_DATABASE)
    if given.get("BAPILOGIN"):
        number = str(given.get("SYSTEMNUMBER") or "0").strip()
        if not re.fullmatch(r"\d{1,2}", number):
            raise Unclear("SystemNumber is no number of two digits")
        host, _port = host_port(str(given.get("SERVER") or ""), SAP_GATEWAY, "Server")
        yield Target(host, SAP_GATEWAY + int(number), tls=False, web=False, key="Server", unseen=IN_RFC)


def _sql(given: Values) -> t.Iterator[Target]:
    """Yield the server of a connection string of SQL Server or SAP ASE; another provider's has its own grammar."""
    provider, text = str(given.get("PROVIDERCLASSFULLNAME") or "").strip(), str(given.get("CONNECTIONSTRING") or "")
    if provider and provider.lower() != ASE_PROVIDER.lower():
        raise Unclear("ConnectionString is for another provider than SQL Server's, which has its own form")
    yield connection_string.ase(text) if provider else connection_string.sql_server(text)


def _urls(*keys: str) -> t.Callable[[Values], t.Iterator[Target]]:
    """Return what yields the servers of URLs; one that is not there is left out, but for the first."""

    def found(given: Values) -> t.Iterator[Target]:
        for number, key in enumerate(keys):
            if number == 0 or given.get(fold(key)):
                yield _url(str(given.get(fold(key)) or ""), key)

    return found


def _url(text: str, key: str) -> Target:
    parts = parts_of(text.strip() if "://" in text else f"https://{text.strip()}", key)
    tls = parts.scheme != "http"
    return Target(host_of(parts.hostname, key), parts.port or (HTTPS if tls else HTTP), tls, web=tls, key=key)


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
        yield Target(host_of(host, "InputDirectories"), SMB, tls=False, web=False, key="InputDirectories")


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
