"""What SQL Server says before a logon, [MS-TDS] 2.2.6.5 (PRELOGIN), and SQL Server Browser of an instance, [MC-SQLR].
Nobody logs on.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding


@dataclasses.dataclass(frozen=True)
class SqlServer:
    """A SQL Server.

    Attributes:
        encryption: "offered", "forced" (its setting "Force Encryption") or "none".
        strict: whether it takes TLS before anything else, as SQL Server 2022 does: learn.microsoft.com "TDS 8.0".
        instance: its name; empty for the default one.
        browser: what SQL Server Browser does that is asked for the instance: "tells", "no tcp" or "silent".
        silent: from when on it does not say a word: "tds" (its first answer) or "tls"; empty: it answers.
    """

    encryption: t.Literal["offered", "forced", "none"] = "offered"
    strict: bool = True
    instance: str = ""
    browser: t.Literal["tells", "no tcp", "silent"] = "tells"
    silent: t.Literal["", "tds", "tls"] = ""

    def answer(self, asked: str) -> str:
        """Return the ENCRYPTION of its PRELOGIN to a client that asks for it ("on") or does without ("off")."""
        if self.encryption == "none":
            return "not_supported"
        return {("offered", "off"): "off", ("forced", "off"): "required"}.get((self.encryption, asked), "on")


@functools.cache
def own_certificate() -> bytes:
    """Return what it serves that was given no certificate: it makes one by itself when it starts, learn.microsoft.com
    "Encryption and certificate validation in Microsoft.Data.SqlClient".
    """
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "SSL_Self_Signed_Fallback")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1).not_valid_before(begin)
    made = builder.not_valid_after(begin.replace(year=2050)).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)
