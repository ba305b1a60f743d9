# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates of HTTP.sys that nothing needs once a site, or a binding of it, is gone."""

from __future__ import annotations

import typing as t

from .._core import probe, server_lock
from .._core.plan import Operation
from .._core.probe import Ask
from .._windows import iis_config
from .._windows.iis_config import Configuration

IIS_APPLICATION = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
"""How IIS signs its entries of HTTP.sys, learn.microsoft.com "netsh http add sslcert"."""


def endpoints(site_name: str, iis: Configuration, ask: Ask) -> list[tuple[str, bool]]:
    """Return the entries of HTTP.sys that only one site needs, each with whether it is one for a host name.

    One that another site's binding shares, or that another program has made, stays.
    """
    site = iis.site(site_name)
    if site is None:
        return []
    others = {b.endpoint.lower() for s in iis.sites if s.name.lower() != site_name.lower() for b in s.bindings}
    keys = {False: iis_config.TLS_ADDRESSES, True: iis_config.TLS_NAMES}
    found = []
    for sni, key in keys.items():
        own = {b.endpoint.lower() for b in site.bindings if b.protocol == "https" and bool(b.ssl_flags & 1) is sni}
        entries = (ask(probe.registry(key, depth=1)) or {}).get("children") or {}
        found += [(name, sni) for name, entry in entries.items() if name.lower() in own - others and _is_of_iis(entry)]
    return found


def _is_of_iis(entry: t.Mapping[str, t.Any]) -> bool:
    values = {name.lower(): str(value["data"]) for name, value in entry["values"].items()}
    return values.get("appid", IIS_APPLICATION).lower() == IIS_APPLICATION


def without_certificate(endpoint: str, *, sni: bool) -> Operation:
    """Return the removal of an entry."""
    # Belief [sslcert-stays]: neither Remove-Website nor Remove-WebBinding takes the entry of HTTP.sys away, which netsh
    # does; learn.microsoft.com "netsh http delete sslcert".
    parameter = f"hostnameport={endpoint}" if sni else f"ipport={endpoint}"
    arguments = {"argv": ["netsh.exe", "http", "delete", "sslcert", parameter]}
    return Operation(f"remove the certificate of {endpoint} from HTTP.sys", server_lock.OF_HTTP_SYS, arguments)
