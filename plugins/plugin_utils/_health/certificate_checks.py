# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the certificate that the agent's port serves, also where nobody named one: it covers the host name, is
valid and may be used by a server.
"""

from __future__ import annotations

import base64
import datetime
import typing as t

from .._core import probe
from .._core.probe import Ask, NotAnswered
from .._windows import certificate as certificates
from . import chain_checks
from .check import Check, State, verdict
from .wanted import Wanted


def on_server(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether the certificate that the server's own request met is the wanted one, and may be used.

    Without an answer there is none to judge; the check of the answer says so.
    """
    if wanted.scheme != "https":
        return
    try:
        answer = ask(wanted.request)
    except NotAnswered as failed:
        reason = failed.message.strip() or failed.kind
        name = f"certificate of {wanted.url}"
        yield Check("certificate", name, State.UNKNOWN, "no answer", _words(wanted), reason=reason)
        return
    yield _wanted_one(wanted, answer, "certificate", "")
    if answer.get("certificate"):
        yield _usable(wanted, ask, base64.b64decode(answer["certificate"]))
        yield chain_checks.served(f"chain of the certificate of {wanted.url}", answer["chain"])


def to_controller(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether the controller met the wanted certificate."""
    try:
        answer = ask(wanted.controller_request)
    except NotAnswered:
        return
    if wanted.scheme == "https" and wanted.thumbprint:
        yield _wanted_one(wanted, answer, "answer_to_controller", " to the controller")


def _words(wanted: Wanted) -> str:
    return f"certificate {wanted.thumbprint}" if wanted.thumbprint else "a certificate"


def _wanted_one(wanted: Wanted, answer: t.Mapping[str, t.Any], id_: str, to: str) -> Check:
    served = answer["thumbprint"]
    if to:
        causes: tuple[str, ...] = (
            "A device between the controller and the server ends TLS.",
            "The name resolves to another server.",
        )
        remedy = "Compare with the certificate that the server serves itself."
    elif wanted.service:
        causes = ("The service's settings name another certificate.",)
        remedy = "Run im_settings again: im_agent_certificates with use: server says which one is wanted."
    else:
        causes = (
            "The https binding serves another certificate.",
            "Another binding of the same address and port without SNI takes its place.",
        )
        remedy = "Run im_site again: im_agent_certificates with use: server says which one is wanted."
    passed = not wanted.thumbprint or served == wanted.thumbprint
    found = f"certificate {served}"
    told = ("", ()) if passed else (remedy, causes)
    return Check(id_, f"certificate of {wanted.url}{to}", verdict(passed), found, _words(wanted), *told)


def _usable(wanted: Wanted, ask: Ask, der: bytes) -> Check:
    """Return whether visitors accept the certificate: its names, its time and its use."""
    name = f"names and validity of the certificate of {wanted.url}"
    words = f"a valid certificate for {wanted.host_name}"
    try:
        served = certificates.describe(der)
    except ValueError:
        return Check(
            "certificate_usable", name, State.UNKNOWN, "a certificate that cannot be read", words, reason="DER"
        )
    now = datetime.datetime.fromisoformat(str(ask(probe.host())["time"])[:19] + "+00:00")
    objections = certificates.objections(served, now, uses=("server",), hosts=(wanted.host_name,))
    found = f"certificate {served.thumbprint}: {'; '.join(objections) or 'valid'}"
    return Check(
        "certificate_usable",
        name,
        verdict(not objections),
        found,
        words,
        ""
        if not objections
        else "Give a certificate that fits (im_agent_certificates with use: server), or set im_agent_host_name.",
        () if not objections else ("The binding serves a certificate that was made for another name or time.",),
        page="RFC 5280, 4.1.2.5; RFC 6125, 6.4",
    )
