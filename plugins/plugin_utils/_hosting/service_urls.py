# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The addresses that a service's agent listens on: what Kestrel takes, which ports they are, who reaches them."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from .._core.plan import Refused

_LOCAL = re.compile(r"https?://(?:localhost|127\.[\d.]+|\[::1\])[:/]", re.IGNORECASE)


def check(url: str) -> None:
    """Raise Refused for an address that Kestrel would not listen on as it is meant."""
    rule = "wanted scheme, host and port only, such as http://localhost:5000 or https://*:443"
    parts = urlsplit(url.replace("://*", "://any-address").replace("://+", "://any-address"))
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port is None or any(c in url for c in ' ";'):
        raise Refused(f"urls: found {url!r}, {rule}")
    if parts.path not in {"", "/"} or parts.query or parts.username:
        raise Refused(f"urls: found {url!r} with a path, query or user, {rule}")


def ports(command: str) -> frozenset[int]:
    """Return the ports on which a service's command line makes the agent listen."""
    return frozenset(int(found[1]) for url in listed(command) if (found := re.search(r":(\d+)/?$", url)))


def listed(command: str) -> list[str]:
    """Return the addresses on which a service's command line makes the agent listen."""
    found = re.search(r'--urls\s+"?([^"]+)', command)
    return [url.strip() for url in found[1].split(";") if url.strip()] if found else []


def outward(urls: t.Iterable[str]) -> frozenset[int]:
    """Return the ports of those addresses that others than the server itself reach."""
    return ports("--urls " + ";".join(url for url in urls if not _LOCAL.match(url)))
