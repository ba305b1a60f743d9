# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proxy by which the agent's own process goes to an https address, in the form of the probe's questions."""

from __future__ import annotations

import base64
import typing as t
from urllib.parse import unquote, urlsplit

from .._core.probe import Ask
from .._dotnet import proxy
from . import held_settings
from .wanted import Wanted


def to(host: str, wanted: Wanted, ask: Ask) -> dict[str, t.Any]:
    """Return the field ``proxy`` of a question to a host, or nothing where .NET takes no proxy: there is none, it is in
    a form that .NET ignores, or the host needs none.
    """
    found = {one.name.upper(): one.value for one in held_settings.variables_of(wanted, ask)}
    value = found.get(proxy.HTTPS_PROXY, "")
    if not value or proxy.why_not_read(proxy.HTTPS_PROXY, value) or _bypassed(host, found.get(proxy.NO_PROXY, "")):
        return {}
    parts = urlsplit(value if "://" in value else f"http://{value}")
    fields: dict[str, t.Any] = {"address": parts.hostname, "port": parts.port or 80}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        fields["authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    return {"proxy": fields}


def _bypassed(host: str, names: str) -> bool:
    listed = [name.strip().lower() for name in names.split(",")]
    return any(name and (host.lower() == name or (name[0] == "." and host.lower().endswith(name))) for name in listed)
