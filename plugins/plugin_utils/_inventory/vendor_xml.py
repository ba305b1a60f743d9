# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Elements of the Identity Manager server's XML configuration that have to match an agent, for the integration team.

The vendor's pages are "Agent", "OpenIdClient", "Connector" and "Connection" of the toolkit's XML configuration.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
import typing as t
from urllib.parse import urlsplit

from .._core.plan import Refused
from .._core.value_kind import kind

MAX_DISPLAY_NAMES = 16
RESERVED_AGENT = "local"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def agent(identifier: t.Any, display_name: t.Any, uri: t.Any) -> str:
    """Return the element that declares an agent.

    Args:
        identifier: its name, as in the agent's settings.
        display_name: what people see; None for the identifier, a list for several languages.
        uri: the https address by which browsers reach the agent; None for none.

    Raises:
        Refused: one of them cannot be.
    """
    name = _text(identifier, "identifier", "the agent's identifier")
    if name.lower() == RESERVED_AGENT:
        raise Refused(f"identifier: found {name!r}, which the agent inside the server has; wanted any other name")
    if uri is not None:
        _https(uri)
    return _element("Agent", {"Identifier": name, **_display_names(display_name, name), "URI": uri})


def openid_client(identifier: t.Any, secret: t.Any, profile: t.Any, display_name: t.Any, expiration_date: t.Any) -> str:
    """Return the element that declares an OpenID client, with its secret hashed.

    Args:
        identifier: the client's name, as in the agent's settings.
        secret: its clear secret.
        profile: the profile whose rights it has.
        display_name: what people see; None for the identifier, a list for several languages.
        expiration_date: the date (ISO 8601) after which it is of no use; None for none.

    Raises:
        Refused: one of them cannot be.
    """
    return hashed_client(identifier, hashed_secret(secret), profile, display_name, expiration_date)


def hashed_client(
    identifier: t.Any, hashed: str, profile: t.Any, display_name: t.Any = None, expiration_date: t.Any = None
) -> str:
    """Return the element that declares an OpenID client whose hash somebody has, or will fill in; as ``openid_client``.

    Args:
        identifier: the client's name.
        hashed: the hash of its secret, or a text that stands for it.
        profile: as in ``openid_client``.
        display_name: as there.
        expiration_date: as there.
    """
    name = _text(identifier, "identifier", "the OpenID client's identifier")
    attributes = {
        "Identifier": name,
        "HashedSecret": hashed,
        **_display_names(display_name, name),
        "Profile": _text(profile, "profile", "the identifier of the client's profile, such as Administrator"),
        "ExpirationDate": _date(expiration_date),
    }
    return _element("OpenIdClient", attributes)


def connector(identifier: t.Any, agent: t.Any, display_name: t.Any) -> str:
    """Return the element that places a connector's tasks on an agent.

    Args:
        identifier: the connector's name.
        agent: the agent's identifier; also the server's own agent, Local.
        display_name: what people see; None for the identifier, a list for several languages.

    Raises:
        Refused: one of them cannot be.
    """
    name = _text(identifier, "identifier", "the connector's identifier")
    attributes = {"Identifier": name, **_display_names(display_name, name)}
    return _element("Connector", attributes | {"Agent": _text(agent, "agent", "the agent's identifier")})


def connection(identifier: t.Any, connector: t.Any, package: t.Any, display_name: t.Any = None) -> str:
    """Return the element that declares a connection, whose settings are a section of the agent's ``Connections``.

    Args:
        identifier: the section's name.
        connector: the identifier of the connector that it belongs to.
        package: the identifier of the vendor's package that reads it.
        display_name: what people see; None for the identifier, a list for several languages.

    Raises:
        Refused: one of them cannot be.
    """
    name = _text(identifier, "identifier", "the connection's identifier")
    attributes = {"Identifier": name, **_display_names(display_name, name)}
    attributes["Connector"] = _text(connector, "connector", "the connector's identifier")
    return _element("Connection", attributes | {"Package": _text(package, "package", "the package's identifier")})


def hashed_secret(secret: t.Any) -> str:
    """Return the hash that the server keeps of a client's secret: base64 of SHA-256 of UTF-8.

    The vendor's tool makes it; this is what its one published sample comes to. Raises Refused.
    """
    # Belief [openid-hash]: the product hashes every secret like its one sample, vendor page "OpenIdClient".
    if not isinstance(secret, str) or not secret:
        raise Refused(f"secret: found {kind(secret)}, wanted the client's clear secret as a text (keep it in a vault)")
    try:
        return base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode()
    except UnicodeEncodeError:
        raise Refused("secret: found half of a surrogate pair, which UTF-8 cannot hold; wanted a text") from None


def _element(tag: str, attributes: t.Mapping[str, str | None]) -> str:
    words = [f'{name}="{escaped(name, value)}"' for name, value in attributes.items() if value is not None]
    return f"<{' '.join([tag, *words])} />"


def escaped(name: str, value: str) -> str:
    """Return an attribute's value as XML writes it; raises Refused for a character that XML cannot hold."""
    found = _FORBIDDEN.search(value)
    if found:
        raise Refused(f"{name}: found the character U+{ord(found[0]):04X}, which XML cannot hold; take it out")
    return "".join(_ESCAPES.get(character, character) for character in value)


def _display_names(given: t.Any, name: str) -> dict[str, str]:
    names = given if isinstance(given, list) else [name if given is None else given]
    if not 0 < len(names) <= MAX_DISPLAY_NAMES:
        raise Refused(f"display_name: found {len(names)} names, wanted 1 to {MAX_DISPLAY_NAMES}, one for each language")
    wanted = "what people see, or a list of that in the order of the languages"
    return {f"DisplayName_L{i}": _text(value, "display_name", wanted) for i, value in enumerate(names, start=1)}


def _text(value: t.Any, option: str, wanted: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{option}: found {value!r}, wanted {wanted}, as a text")
    return value


def _https(uri: t.Any) -> None:
    try:
        parts = urlsplit(uri) if isinstance(uri, str) else None
        right = parts is not None and parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        right = False
    if not right:
        found = "an address with a user" if "@" in str(uri) else repr(uri)
        raise Refused(
            f"uri: found {found}, wanted the https address by which browsers reach the agent, as"
            " https://agent-paris.contoso.com"
        )


def _date(given: t.Any) -> str | None:
    if given is None:
        return None
    try:
        if isinstance(given, str):
            datetime.datetime.fromisoformat(given)
            return given
        return str(given.isoformat())
    except (ValueError, AttributeError):
        raise Refused(f"expiration_date: found {given!r}, wanted a date as 2027-12-31") from None
