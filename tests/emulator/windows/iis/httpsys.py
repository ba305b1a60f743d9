"""The TLS bindings of HTTP.sys, as the registry keeps them: for an address and port, or for a host name and port
(SNI).
"""

from __future__ import annotations

import dataclasses

from ..registry.keys import Registry

ROOT = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters"
ADDRESSES, NAMES = f"{ROOT}\\SslBindingInfo", f"{ROOT}\\SslSniBindingInfo"
LISTEN_ONLY = "ListenOnlyList"
IIS_APPLICATION = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"


@dataclasses.dataclass(frozen=True)
class TlsBinding:
    """What is served at an endpoint: ``0.0.0.0:443``, or ``name:443`` with SNI."""

    endpoint: str
    thumbprint: str
    store: str


class HttpSys:
    """Reads and writes the bindings."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def only(self) -> frozenset[str]:
        """Return the addresses that HTTP.sys listens on; empty where it listens on all.

        learn.microsoft.com "netsh http", add iplisten: with an entry, it listens on no other address.
        """
        listed = frozenset(self._registry.get(ROOT, LISTEN_ONLY) or ())
        return frozenset() if listed & {"0.0.0.0", "::"} else listed

    def listen_only(self, *addresses: str) -> None:
        """Limit it to some addresses."""
        self._registry.set(ROOT, LISTEN_ONLY, "MultiString", list(addresses))

    def set(self, endpoint: str, thumbprint: str, store: str, *, sni: bool) -> None:
        """Register a certificate; another one at the same endpoint is replaced."""
        key = f"{NAMES if sni else ADDRESSES}\\{endpoint}"
        self._registry.set(key, "SslCertHash", "Binary", bytes.fromhex(thumbprint))
        self._registry.set(key, "SslCertStoreName", "String", store)
        self._registry.set(key, "AppId", "String", IIS_APPLICATION)
        self._registry.set(key, "DefaultFlags", "DWord", 0)

    def get(self, endpoint: str, *, sni: bool) -> TlsBinding | None:
        """Return what is registered at an endpoint, or None."""
        key = self._registry.key(f"{NAMES if sni else ADDRESSES}\\{endpoint}")
        if key is None or key.value("SslCertHash") is None:
            return None
        return TlsBinding(endpoint, key.value("SslCertHash").hex().upper(), key.value("SslCertStoreName"))

    def remove(self, endpoint: str, *, sni: bool) -> None:
        """Forget an endpoint."""
        self._registry.delete(f"{NAMES if sni else ADDRESSES}\\{endpoint}")

    def served(self, address: str, port: int, server_name: str) -> TlsBinding | None:
        """Return what a client of an address, port and TLS server name gets: the binding of exactly that address first,
        then the name's, then that of all addresses; learn.microsoft.com "IIS 8.0 Server Name Indication".
        """
        return (
            self.get(f"{address}:{port}", sni=False)
            or (self.get(f"{server_name.lower()}:{port}", sni=True) if server_name else None)
            or self.get(f"0.0.0.0:{port}", sni=False)
        )
