# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables by which .NET finds its way out, `HTTPS_PROXY` and `NO_PROXY`: forms that it reads, or ignores.

Vendor page "Proxy": .NET does not use the proxy of Windows, and silently ignores a variable in another form.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote

HTTPS_PROXY, NO_PROXY = "HTTPS_PROXY", "NO_PROXY"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?:http://(?:[^\s/@]+@)?)?{_HOST}(?::(?P<port>\d{{1,5}}))?")
_BYPASSED = re.compile(rf"\.?{_HOST}(?::\d{{1,5}})?")


class Address(t.NamedTuple):
    """Where a proxy is, and who asks it, as ``user:password``; empty for nobody."""

    host: str
    port: int
    user: str


def address(value: str) -> Address:
    """Return what .NET makes of a variable that it reads: name and password may be escaped as in a URL."""
    user, _at, server = value.removeprefix("http://").rpartition("@")
    host, _colon, port = server.partition(":")
    return Address(host, int(port or 80), unquote(user))


def is_bypassed(host: str, names: t.Iterable[str]) -> bool:
    """Tell whether .NET reaches a host without the proxy: ``.contoso.com`` is that domain and all below it.

    HttpEnvironmentProxy of dotnet/runtime, IsMatchInBypassList.
    """
    listed, asked = (name.strip().lower() for name in names), host.lower()
    return any(asked in {name, name.removeprefix(".")} or (name[:1] == "." and asked.endswith(name)) for name in listed)


def secrets(value: str) -> frozenset[str]:
    """Return the texts of a variable that no message may show: one with a user and password, whole, and both alone."""
    user, at, _host = value.rpartition("@")
    return frozenset({value, user, user.rpartition("://")[2], user.rpartition(":")[2]}) if at else frozenset()


def why_not_read(name: str, value: str) -> str | None:
    """Return why .NET would ignore a variable, as words without what may be a secret; None for one that it reads."""
    if name.upper() == HTTPS_PROXY:
        return _why_no_address(value)
    if name.upper() == NO_PROXY:
        return _why_no_list(value)
    return None


def _why_no_address(value: str) -> str | None:
    wanted = "wanted host, host:port, or http://user:password@host:port"
    if value.lower().startswith("https://"):
        return f"an https:// proxy, which is silently ignored; {wanted}"
    scheme, separator, rest = value.rpartition("://")
    if separator and scheme.lower() != "http":
        return f"another scheme than http://; {wanted}"
    if "/" in rest:
        return f"a '/' after the host, which makes .NET ignore it silently; {wanted}"
    match = _ADDRESS.fullmatch(value)
    if not match or (match["port"] and not 1 <= int(match["port"]) <= 65535):
        return f"no address of a proxy; {wanted}"
    return None


def _why_no_list(value: str) -> str | None:
    wanted = "wanted names separated by commas, subdomains as .contoso.com"
    if "*" in value:
        return f"a '*', which stands for nothing; {wanted}"
    if not all(_BYPASSED.fullmatch(part.strip()) for part in value.split(",")):
        return f"something else than names; {wanted}"
    return None
