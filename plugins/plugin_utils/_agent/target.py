# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A managed system as the agent's server has to reach it, and how its host and port are read from a setting."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from urllib.parse import urlsplit

from .._core.plan import Refused
from .._windows import host_name
from .sql_encryption import Encryption


@dataclasses.dataclass(frozen=True)
class Target:
    """A managed system, as far as the agent's server has to reach it.

    Attributes:
        host: name or address.
        port: TCP.
        tls: whether TLS begins at once, so that the certificate can be judged.
        web: whether it is reached by https, and so by the agent's proxy.
        key: the key of the connection that says so.
        unseen: why no certificate is looked at, though one may protect what is sent; empty where that is not so.
        encryption: what the client asks of SQL Server; None for another system.
        instance: the name of SQL Server's instance, whose port SQL Server Browser tells; empty where the port is known.
        local: whether the client may also reach it without TCP, as a SQL Server of its own computer.
        own_roots: the key that names the authorities that the client trusts; empty where it trusts those of Windows.
    """

    host: str
    port: int
    tls: bool
    web: bool
    key: str
    unseen: str = ""
    encryption: Encryption | None = None
    instance: str = ""
    local: bool = False
    own_roots: str = ""


class Unclear(ValueError):
    """A key's value names no host and port; the text says why, without the value."""


def port_of(text: str, problem: str) -> int:
    """Return a port; raises Unclear with the problem for a text that is none."""
    # ASCII only, as .NET reads a number: \d and isdigit know other digits too, some of which are no number for int.
    if not re.fullmatch(r"[0-9]{1,5}", text.strip()) or not 0 < int(text) < 2**16:
        raise Unclear(problem)
    return int(text)


def host_of(text: str, key: str) -> str:
    """Return a host name; what is none is not shown, since it may hold a secret."""
    try:
        return host_name.ascii_form(text)
    except Refused:
        raise Unclear(f"{key} is no host name, address or URL") from None


def host_port(text: str, port: int, key: str) -> tuple[str, int]:
    """Return host and port of ``host``, ``host:port`` or a URL without a path."""
    text = text.strip()
    parts = parts_of(text if "://" in text else f"//{text}", key)
    return host_of(parts.hostname, key), parts.port or port


def parts_of(text: str, key: str) -> t.Any:
    """Return the parts of a URL; raises Unclear where it names no host."""
    try:
        parts = urlsplit(text)
        there = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        there = False
    if not there:
        raise Unclear(f"{key} is no host name, address or URL")
    return parts
