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
from .._windows import host_name
from .._windows.certificate import Certificate

PAGE = "RFC 5280, 4.1.2.5; RFC 6125, 6.4"


def served_by(answer: t.Mapping[str, t.Any]) -> Certificate | None:
    """Return the certificate of an answer of the question ``reach``, None where it cannot be read."""
    try:
        return certificates.describe(base64.b64decode(answer["certificate"]))
    except ValueError:
        return None


def objections(
    answer: t.Mapping[str, t.Any], host: str, ask: Ask, *, by_subject: bool = False, own_roots: bool = False
) -> tuple[str, ...]:
    """Return why the certificate of an answer of the question ``reach`` must not be trusted, none where it may.

    Args:
        answer: the one that has it.
        host: the name that it has to have.
        ask: what answers questions.
        by_subject: whether the client looks for the name in its subject (CN) too.
        own_roots: whether the client trusts authorities of its own, so that those of Windows do not matter.
    """
    served = served_by(answer)
    if served is None:
        return ("it cannot be read",)
    now = datetime.datetime.fromisoformat(str(ask(probe.host())["time"])[:19] + "+00:00")
    found = []
    if now > served.not_after:
        found.append(f"it expired on {served.not_after:%Y-%m-%d}")
    if now < served.not_before:
        found.append(f"it is valid only from {served.not_before:%Y-%m-%d}")
    in_subject = (served.common_name,) if by_subject and served.common_name else ()
    if not served.covers(host) and not host_name.covered(host, in_subject):
        names = ", ".join(dict.fromkeys((*served.names, *in_subject)))
        found.append(f"it does not cover {host}, only {names or 'its CN, where clients do not look'}")
    if not served.for_servers:
        found.append("its extended key usage does not name servers (serverAuth)")
    if own_roots:
        return tuple(found)
    chain = chains.of(answer["chain"])
    return (*found, *(chain.objections if chain else ("Windows built no chain for it",)))
