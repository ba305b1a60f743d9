# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's own look at a server's WinRM listener: name, port, TLS and an anonymous request."""

from __future__ import annotations

import datetime
import email.utils
import errno
import http.client
import os
import re
import socket
import ssl
import time
import typing as t
import urllib.parse
import urllib.request

from .._reach.connection import Connection
from .._reach.trial import Served, Trial
from .._windows import certificate

PORTS = (5986, 5985)
_NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EACCES)


def look(way: Connection, timeout: float) -> Trial:
    """Return what is seen of a listener without logging on; nothing secret is sent.

    Args:
        way: how Ansible reaches it.
        timeout: seconds for each step.
    """
    seen: dict[str, t.Any] = {"proxies": _proxies(way)}
    seen["addresses"] = _addresses(way.address, way.port)
    if seen["addresses"]:
        seen["port"] = _port(way.address, way.port, timeout)
    if seen.get("port") == "open":
        if way.scheme == "https":
            seen |= _tls(way, timeout)
        if not seen.get("no_tls"):
            seen |= _anonymous(way, timeout)
    elif seen["addresses"]:
        others = (port for port in PORTS if port != way.port)
        seen["other"] = next((port for port in others if _port(way.address, port, timeout) == "open"), 0)
    return Trial(**seen)


def _proxies(way: Connection) -> tuple[str, ...]:
    """Return what the environment names, without the credentials that may be in it."""
    if urllib.request.proxy_bypass(way.address):
        return ()
    found = []
    for name in (f"{way.scheme}_proxy", "all_proxy"):
        value = os.environ.get(name) or os.environ.get(name.upper())
        if value:
            parts = urllib.parse.urlsplit(value if "://" in value else f"//{value}")
            found.append(f"{name}={parts.hostname or ''}{f':{parts.port}' if parts.port else ''}")
    return tuple(found)


def _addresses(name: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _port(address: str, port: int, timeout: float) -> str:
    try:
        with socket.create_connection((address, port), timeout):
            return "open"
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "broken off"
    except OSError as error:
        return "no way" if error.errno in _NO_WAY else "silent"


def _tls(way: Connection, timeout: float) -> dict[str, t.Any]:
    """Return version and certificate, and why it is not trusted."""
    seen: dict[str, t.Any] = {}
    try:
        seen["tls"], der = _handshake(way, _judging_nothing(), timeout)
        seen["served"] = _served(der)
    except ssl.SSLError as error:
        broken = re.search(r"WRONG_VERSION_NUMBER|UNEXPECTED_EOF|record layer|HTTP_REQUEST", str(error))
        return {"no_tls": True} if broken else {"distrust": str(error.reason or error)}
    except (OSError, ValueError):
        return {"no_tls": True}
    try:
        _handshake(way, ssl.create_default_context(cafile=way.authorities or None), timeout)
    except ssl.SSLCertVerificationError as error:
        seen["distrust"] = error.verify_message
    except OSError as error:
        seen["distrust"] = str(error)
    return seen


def _judging_nothing() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _handshake(way: Connection, context: ssl.SSLContext, timeout: float) -> tuple[str, bytes]:
    with (
        socket.create_connection((way.address, way.port), timeout) as plain,
        context.wrap_socket(plain, server_hostname=way.address) as wrapped,
    ):
        return str(wrapped.version()), wrapped.getpeercert(binary_form=True) or b""


def _served(der: bytes) -> Served:
    found = certificate.describe(der)
    return Served(found.subject, found.issuer, found.names, found.not_after.isoformat(), found.thumbprint)


def _anonymous(way: Connection, timeout: float) -> dict[str, t.Any]:
    """Return the answer to a request without a logon, which WinRM refuses with the ways that it offers."""
    connection: http.client.HTTPConnection
    if way.scheme == "https":
        connection = http.client.HTTPSConnection(way.address, way.port, context=_judging_nothing(), timeout=timeout)
    else:
        connection = http.client.HTTPConnection(way.address, way.port, timeout=timeout)
    try:
        start = time.time()
        connection.request("POST", f"/{way.path}", headers={"Content-Length": "0"})
        reply = connection.getresponse()
        middle = (start + time.time()) / 2
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    headers = {name.lower(): value for name, value in reply.getheaders()}
    challenges = reply.headers.get_all("WWW-Authenticate") or []
    offered = tuple(dict.fromkeys(challenge.split()[0] for challenge in challenges if challenge.strip()))
    return {
        "status": reply.status,
        "headers": headers,
        "offered": offered,
        "clock": _clock(headers.get("date"), middle),
    }


def _clock(date: str | None, now: float) -> float | None:
    """Return the difference of the clocks; the header has no fractions of seconds."""
    try:
        told = email.utils.parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return None
    return told.replace(tzinfo=told.tzinfo or datetime.UTC).timestamp() + 0.5 - now
