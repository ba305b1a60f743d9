"""A binding of a site."""

from __future__ import annotations

import dataclasses

WEB = ("http", "https")
"""Protocols that the web server answers itself: it knows only sites that have a binding of one of them."""


@dataclasses.dataclass(frozen=True)
class Binding:
    """One binding of a site."""

    protocol: str
    information: str
    ssl_flags: int = 0

    @property
    def parts(self) -> tuple[str, str, str]:
        """Return address, port and host name as texts; empty ones where the information has another form."""
        found = self.information.rsplit(":", 2)
        return (found[0], found[1], found[2]) if len(found) == 3 else (self.information, "", "")

    @property
    def address(self) -> str:
        """Return the address, ``*`` for all."""
        return self.information.rsplit(":", 2)[0]

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self.information.rsplit(":", 2)[1])

    @property
    def host(self) -> str:
        """Return the host name, empty for any."""
        return self.information.rsplit(":", 2)[2]

    @property
    def sni(self) -> bool:
        """Tell whether the certificate is chosen by host name."""
        return bool(self.ssl_flags & 1)

    @property
    def endpoint(self) -> str:
        """Return the key of its certificate in HTTP.sys."""
        return f"{self.host.lower()}:{self.port}" if self.sni else f"{self.address.replace('*', '0.0.0.0')}:{self.port}"
