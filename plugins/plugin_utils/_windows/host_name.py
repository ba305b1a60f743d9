# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Host names and addresses as certificates carry them, and which of them a name covers (RFC 6125)."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .._core.plan import Refused

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def ascii_form(name: str) -> str:
    """Return a host name in lower case, its international labels as ``xn--…``; an address as it is usually written.

    Raises:
        Refused: it is neither.
    """
    text = name.strip().lower().removesuffix(".")
    address = as_address(text)
    if address:
        return str(address)
    wild, rest = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        # IDNA 2003 is what the standard library has; it differs from IDNA 2008 in four characters, such as ß.
        found = rest.encode("idna").decode() if not rest.isascii() else rest
    except UnicodeError:
        found = ""
    if not found or len(found) > 253 or not all(_LABEL.fullmatch(label) for label in found.split(".")):
        raise Refused(
            f"found {name!r}, wanted a host name such as agent.contoso.com, *.contoso.com for all of a domain, or an"
            " address; without scheme, port and path"
        )
    return wild + found


def is_host(text: str) -> bool:
    """Tell whether a text is a host name or an address."""
    try:
        return not ascii_form(text).startswith("*.")
    except Refused:
        return False


def as_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a text is, or None."""
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def covered(host: str, names: t.Iterable[str]) -> bool:
    """Tell whether names of a certificate, in lower case, cover a host name; a wildcard stands for its first label
    only, and for no address.
    """
    wanted = ascii_form(host)
    if as_address(wanted):
        return wanted in names
    below = f"*.{wanted.partition('.')[2]}"
    return any(name == wanted or (name == below and len(below) > len("*.")) for name in names)
