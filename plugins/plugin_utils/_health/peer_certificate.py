# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What speaks against the certificate of another server, as Windows on the agent's server sees it."""

from __future__ import annotations

import base64
import datetime
import typing as t

from .._core import probe
from .._core.probe import Ask
from .._windows import certificate as certificates
from .._windows import chain as chains

PAGE = "RFC 5280, 4.1.2.5; RFC 6125, 6.4"


def objections(answer: t.Mapping[str, t.Any], host: str, ask: Ask) -> tuple[str, ...]:
    """Return why the certificate of an answer of the question ``reach`` must not be trusted, none where it may."""
    try:
        served = certificates.describe(base64.b64decode(answer["certificate"]))
    except ValueError:
        return ("it cannot be read",)
    now = datetime.datetime.fromisoformat(str(ask(probe.host())["time"])[:19] + "+00:00")
    found = []
    if now > served.not_after:
        found.append(f"it expired on {served.not_after:%Y-%m-%d}")
    if now < served.not_before:
        found.append(f"it is valid only from {served.not_before:%Y-%m-%d}")
    if not served.covers(host):
        found.append(f"it does not cover {host}, only {', '.join(served.names) or 'its CN, where clients do not look'}")
    if not served.for_servers:
        found.append("its extended key usage does not name servers (serverAuth)")
    chain = chains.of(answer["chain"])
    return (*found, *(chain.objections if chain else ("Windows built no chain for it",)))
