# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the connection string of a database leads: that of SQL Server, and that of SAP ASE by the vendor's provider.

learn.microsoft.com "SqlConnection.ConnectionString" and "DbConnectionStringBuilder.ConnectionString"; SAP's "ASE
ADO.NET Data Provider", "AseConnection constructors".
"""

from __future__ import annotations

import re
import typing as t

from . import sql_encryption
from .sql_encryption import Asks
from .target import Target, Unclear, host_of, host_port, port_of

SQL_SERVER, ASE = 1433, 5000
KEY = "ConnectionString"
_SOURCE = f"the Data Source of {KEY}"
_SOURCES = ("data source", "server", "address", "addr", "network address")
_PAIR = re.compile(r"""[\s;]*+((?:[^=;]|==)++)=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^;]*)\s*(?:;|\Z)""")
_SELF = frozenset({".", "(local)", "localhost"})


def values(text: str) -> dict[str, str]:
    """Return the values of a connection string by their keywords, in lower case; the last one of a keyword counts.

    Raises:
        Unclear: it is none.
    """
    found, at = dict[str, str](), 0
    while pair := _PAIR.match(text, at):
        at = pair.end()
        keyword = pair[1].strip().replace("==", "=").lower()
        found.pop(keyword, None)  # so that the last one of several keywords for the same is the last one here
        found[keyword] = _bare(pair[2].strip())
    if text[at:].strip("; \t\r\n"):
        raise Unclear(f"{KEY} is no list of keywords with values")
    return found


def _bare(value: str) -> str:
    quote = value[:1]
    if quote in {"'", '"'} and len(value) > 1 and value.endswith(quote):
        return value[1:-1].replace(quote * 2, quote)
    return value


def _source(given: t.Mapping[str, str], *names: str) -> str:
    """Return the server; the keywords are names of one, so the last of them counts."""
    found = [value for name, value in given.items() if name in names and value]
    if not found:
        raise Unclear(f"{KEY} names no Data Source")
    return found[-1]


def sql_server(text: str) -> Target:
    """Return the SQL Server of a connection string; raises Unclear where it names none that is reached by TCP."""
    given = values(text)
    source = _source(given, *_SOURCES)
    if source.lower().startswith(("np:", "lpc:", "\\\\", "(localdb)")):
        raise Unclear(f"{KEY} uses no TCP (np:, lpc:, (localdb))")
    server, comma, port = re.sub(r"^(tcp|admin):", "", source, flags=re.IGNORECASE).partition(",")
    host, _slash, instance = (part.strip() for part in server.partition("\\"))
    # Its own name would be MSSQLSERVER; the characters are those of learn.microsoft.com "Instance configuration".
    if not re.fullmatch(r"[\w$#]{0,16}", instance):
        raise Unclear(f"{KEY} names no instance that SQL Server may have")
    own = port_of(port if comma else str(SQL_SERVER), f"{KEY} has no port behind the comma of its Data Source")
    is_self = host.lower() in _SELF
    host, number = host_port("localhost" if is_self else host, own, _SOURCE)
    encryption = sql_encryption.of(given)
    if encryption.host:
        host_of(encryption.host, f"HostNameInCertificate of {KEY}")  # it is told, so it has to be a name
    by_name = "" if comma or instance.upper() == "MSSQLSERVER" else instance
    return Target(
        host,
        number,
        tls=encryption.asks is Asks.STRICT,
        web=False,
        key=KEY,
        encryption=encryption,
        instance=by_name,
        local=is_self and not comma and not source.lower().startswith("tcp:"),
    )


def ase(text: str) -> Target:
    """Return the SAP ASE of a connection string, where TLS begins before anything else if it asks for it."""
    given = values(text)
    source = _source(given, *_SOURCES, "datasource", "server name")
    host, comma, port = source.partition(",")
    own = given.get("port") or given.get("server port") or str(ASE)
    number = port_of(port if comma else own, f"{KEY} has no port from 1 to 65535")
    host, number = host_port(host, number, _SOURCE)
    tls = given.get("encryption", "").lower() == "ssl"
    return Target(host, number, tls, web=False, key=KEY, own_roots="TrustedFile" if tls else "")
