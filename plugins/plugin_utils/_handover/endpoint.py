# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where something listens, read out of the forms in which settings and variables name it. Nothing else of a text is
kept: no user, no password, no path, no query.
"""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import urlsplit

PORTS = {"https": 443, "http": 80, "ldaps": 636, "ldap": 389}
SMB = 445
_SHARE = re.compile(r"\\\\([^\\?.][^\\]*)\\")
_HOST = re.compile(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]")


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A host and a port.

    Attributes:
        host: its name or address.
        port: its port; 0 where nobody says.
    """

    host: str
    port: int = 0


def of(text: str, usual: int = 0) -> Endpoint | None:
    r"""Return where an address leads: a URL, ``host``, ``host:port`` or a share; None for anything else.

    Args:
        text: the address.
        usual: the port where the text names none.
    """
    share = _SHARE.match(text)
    if share:
        return Endpoint(share[1], SMB)
    if "\\" in text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not host or not _HOST.fullmatch(host if ":" not in host else f"[{host}]"):
        return None
    return Endpoint(host, port or PORTS.get(parts.scheme.lower(), usual))
