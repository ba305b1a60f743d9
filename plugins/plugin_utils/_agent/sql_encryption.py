# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a connection string asks of the encryption of SQL Server, and whether its client judges the certificate.

learn.microsoft.com "Encryption and certificate validation in Microsoft.Data.SqlClient" (versions 2.0 and 4.0) and
"SqlConnection.ConnectionString" of Microsoft.Data.SqlClient.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Asks(enum.StrEnum):
    """What the client asks for: encryption, to do without it where SQL Server does not force it, or TLS before anything
    else (TDS 8.0).
    """

    ON = "on"
    OFF = "off"
    STRICT = "strict"


@dataclasses.dataclass(frozen=True)
class Encryption:
    """The encryption of a connection to SQL Server.

    Attributes:
        asks: what the client asks for.
        stated: whether the connection string says so, and not the client's default.
        trusts: what lets the client take a certificate without judging it; empty where nothing does.
        host: the name that the certificate has to have; empty for that of the server.
    """

    asks: Asks
    stated: bool
    trusts: str = ""
    host: str = ""


# The first are the values of SqlConnectionEncryptOption, the others those of a boolean keyword.
_ASKS = {
    **dict.fromkeys(("mandatory", "true", "yes"), Asks.ON),
    **dict.fromkeys(("optional", "false", "no"), Asks.OFF),
    "strict": Asks.STRICT,
}


def of(values: t.Mapping[str, str]) -> Encryption:
    """Return what a connection string asks for.

    Args:
        values: by the keywords in lower case.
    """
    # Belief [sql-client]: the vendor's SQL connector uses Microsoft.Data.SqlClient 4.0 or later, which encrypts unless
    # it is told otherwise; the vendor's page "sql" turns that off in its sample.
    given = _ASKS.get(values.get("encrypt", "").lower())
    asks = given or Asks.ON
    trusts = ""
    if _first(values, "server certificate", "servercertificate") and asks is not Asks.OFF:
        trusts = "ServerCertificate, which names the only one that the client takes"
    if asks is not Asks.STRICT and _first(values, "trust server certificate", "trustservercertificate").lower() in {
        "true",
        "yes",
    }:
        trusts = "TrustServerCertificate=true"
    host = "" if asks is Asks.OFF else _first(values, "host name in certificate", "hostnameincertificate")
    return Encryption(asks, given is not None, trusts, host)


def _first(values: t.Mapping[str, str], *names: str) -> str:
    return next((values[name] for name in names if values.get(name)), "")
