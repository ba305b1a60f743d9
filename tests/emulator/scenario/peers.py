"""Ports of other servers in a scenario file, and in a saved state: the same form for both."""

from __future__ import annotations

import base64
import typing as t

from ..windows.network.mail_server import MailServer
from ..windows.network.peers import Peer
from ..windows.network.sql_server import SqlServer

_LISTS = ("mechanisms", "senders", "recipients")


def read(data: t.Mapping[str, t.Any]) -> Peer:
    """Return a port. ``certificate`` and ``sent`` are DER as base64; ``mail`` has what a MailServer has, ``sql`` what a
    SqlServer has.
    """
    given = dict(data)
    served, mail, sql = (given.pop(name, None) for name in ("certificate", "mail", "sql"))
    sent = tuple(base64.b64decode(one) for one in given.pop("sent", ()))
    certificate = base64.b64decode(served) if served else None
    return Peer(
        **given,
        certificate=certificate,
        sent=sent,
        mail=None if mail is None else _mail_server(mail),
        sql=None if sql is None else SqlServer(**sql),
    )


def _mail_server(data: t.Mapping[str, t.Any]) -> MailServer:
    lists = {key: tuple(data[key]) for key in _LISTS if data.get(key) is not None}
    return MailServer(**{**data, **lists})


def written(peer: Peer) -> dict[str, t.Any]:
    """Return a port as data that JSON can have."""
    mail, sql = (None if one is None else dict(vars(one)) for one in (peer.mail, peer.sql))
    certificate = base64.b64encode(peer.certificate).decode() if peer.certificate else None
    sent = [base64.b64encode(one).decode() for one in peer.sent]
    return {**vars(peer), "certificate": certificate, "sent": sent, "mail": mail, "sql": sql}
