"""Ports of other servers in a scenario file, and in a saved state: the same form for both."""

from __future__ import annotations

import base64
import typing as t

from ..windows.network.mail_server import MailServer
from ..windows.network.peers import Peer

_LISTS = ("mechanisms", "senders", "recipients")


def read(data: t.Mapping[str, t.Any]) -> Peer:
    """Return a port. ``certificate`` and ``sent`` are DER as base64; ``mail`` has what a MailServer has."""
    given = dict(data)
    served, mail = given.pop("certificate", None), given.pop("mail", None)
    sent = tuple(base64.b64decode(one) for one in given.pop("sent", ()))
    certificate = base64.b64decode(served) if served else None
    return Peer(**given, certificate=certificate, sent=sent, mail=None if mail is None else _mail_server(mail))


def _mail_server(data: t.Mapping[str, t.Any]) -> MailServer:
    lists = {key: tuple(data[key]) for key in _LISTS if data.get(key) is not None}
    return MailServer(**{**data, **lists})


def written(peer: Peer) -> dict[str, t.Any]:
    """Return a port as data that JSON can have."""
    mail = None if peer.mail is None else dict(vars(peer.mail))
    certificate = base64.b64encode(peer.certificate).decode() if peer.certificate else None
    sent = [base64.b64encode(one).decode() for one in peer.sent]
    return {**vars(peer), "certificate": certificate, "sent": sent, "mail": mail}
