# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the controller sees of a server without logging on: name, port, TLS, and the answer to an anonymous request."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Served:
    """The certificate that a listener shows.

    Attributes:
        subject: whose it is.
        issuer: who signed it.
        names: the DNS names and addresses that it is for.
        until: when it ends, in ISO 8601.
        thumbprint: of SHA-1, as Windows shows it.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    until: str
    thumbprint: str


@dataclasses.dataclass(frozen=True)
class Trial:
    """What was seen.

    Attributes:
        addresses: what the name leads to; empty where nobody knows it.
        port: ``open``, ``refused``, ``silent`` (no answer in time), ``no way`` or ``broken off``.
        other: another port of WinRM that is open, where the wanted one is not; 0 for none.
        tls: the version, such as TLSv1.3; empty without TLS.
        distrust: why the controller does not trust the certificate, in OpenSSL's words; empty where it does.
        no_tls: whether the port answers, but not with TLS.
        served: the certificate.
        status: the status of the answer to an anonymous request; 0 for none.
        offered: the authentications that the answer names.
        headers: its headers, by lower-case name.
        clock: the server's clock less the controller's, in seconds, from the header Date.
        proxies: the proxies that the controller's environment names for it, as variable and value without credentials.
    """

    addresses: tuple[str, ...] = ()
    port: str = ""
    other: int = 0
    tls: str = ""
    distrust: str = ""
    no_tls: bool = False
    served: Served | None = None
    status: int = 0
    offered: tuple[str, ...] = ()
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    clock: float | None = None
    proxies: tuple[str, ...] = ()
