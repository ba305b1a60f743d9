# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the way that the agent's mails take. To a mail server it is a conversation that ends before there is a
mail, and in which nobody logs on; in a folder it is the identity's right, and the mails that nobody has collected.
"""

from __future__ import annotations

import re
import typing as t

from .._core import probe
from .._core.mask import MASK
from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered, Query
from .._core.secret_form import looks_secret
from .._windows import sddl
from . import held_settings, mail_settings, peer_certificate, reach_checks
from .check import Check, State
from .mail_settings import PAGE, Incomplete, Pickup, Security, Smtp
from .wanted import Wanted

FOLDER, WAITING, SERVER = "mail_folder", "mail_waiting", "mail_server"
RIGHT = "Modify"
_VARIABLE = "im_settings_mail"
_LONGEST = 200
"""Characters of a reply that are shown."""
_WORDS = "a mail server that takes a mail of the agent"


def questions(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return what the agent's MailSettings let expect; none where they cannot be read."""
    try:
        way = mail_settings.of_agent(wanted, ask)
    except (Refused, ValueError):
        return ()
    if isinstance(way, Pickup):
        return (probe.acl(way.folder), _waiting_mails(way))
    return (_question(way, wanted, ask),) if way else ()


def _waiting_mails(way: Pickup) -> Query:
    return probe.files(way.folder, "*.eml")


def _question(way: Smtp, wanted: Wanted, ask: Ask) -> Query:
    return way.question(wanted.host_name, mail_settings.recipient(wanted, ask, way.sender))


def checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether the agent can send mails; nothing where its settings name no way."""
    try:
        way = mail_settings.of_agent(wanted, ask)
    except (Refused, ValueError) as failure:
        yield _unclear(wanted, ask, failure)
        return
    if isinstance(way, Pickup):
        yield _rights(way, wanted, ask)
        yield _waiting(way, ask)
    elif way:
        yield _server(way, wanted, ask)


def _unclear(wanted: Wanted, ask: Ask, failure: Exception) -> Check:
    hidden = held_settings.hidden(wanted, ask)
    reason = str(failure)
    if hidden and isinstance(failure, Incomplete):
        reason += f"; it may be in {' or '.join(hidden)}, which only the agent reads"
    remedy = f"Complete {_VARIABLE}."
    return Check(SERVER, "way of mails", State.UNKNOWN, "no way", _WORDS, remedy, reason=reason, page=PAGE)


def _rights(way: Pickup, wanted: Wanted, ask: Ask) -> Check:
    (answer,) = ask(probe.acl(way.folder))
    name = f"rights of {wanted.identity.name} on {way.folder}"
    granted = (
        sddl.parse(answer["sddl"], way.folder).granted(wanted.identity.token(wanted.identity.sid(ask))) if answer else 0
    )
    enough = granted & sddl.NAMES[RIGHT] == sddl.NAMES[RIGHT]
    found = sddl.words(granted) if answer else "no such folder"
    if enough:
        return Check(FOLDER, name, State.PASSED, found, RIGHT, page=PAGE)
    remedy = "Run im_permissions, or name the folder in im_agent_folders." if answer else f"Correct {_VARIABLE}."
    cause = "Nobody has granted the right on this folder." if answer else "MailSettings name another folder."
    return Check(FOLDER, name, State.FAILED, found, RIGHT, remedy, (cause,), page=PAGE)


def _waiting(way: Pickup, ask: Ask) -> Check:
    mails = ask(_waiting_mails(way)) or []
    name, words = f"mails in {way.folder}", "a folder that a mail server empties"
    if not mails:
        return Check(WAITING, name, State.PASSED, "none that waits", words, page=PAGE)
    oldest = min(str(one["last_write"]) for one in mails)
    return Check(
        WAITING,
        name,
        State.UNKNOWN,
        f"{len(mails)} that wait, the oldest since {oldest[:19]}Z",
        words,
        "Look whether a mail server collects mails there.",
        ("The mail server has not come by yet.", "The folder is no pickup folder of a mail server."),
        reason="nobody has collected them yet",
        page=PAGE,
    )


def _server(way: Smtp, wanted: Wanted, ask: Ask) -> Check:
    name = f"mail server {way.host}:{way.port}"
    try:
        answer = ask(_question(way, wanted, ask))
    except NotAnswered as failed:
        reason = failed.message.strip() or failed.kind
        return Check(SERVER, name, State.UNKNOWN, "no answer", _WORDS, reason=reason, page=PAGE)
    if answer["step"] != reach_checks.END:
        return _stopped(way, name, answer)
    replies = [(one["said"], str(one["reply"])) for one in answer["replies"]]
    encrypted = answer["certificate"] is not None
    wrong = peer_certificate.objections(answer, way.host, ask) if encrypted else ()
    if wrong:
        return reach_checks.distrusted(SERVER, name, wrong, _WORDS)
    return _said(way, name, replies, encrypted)


def _stopped(way: Smtp, name: str, answer: t.Mapping[str, t.Any]) -> Check:
    step = "refused" if answer["code"] == "ConnectionRefused" else answer["step"]
    causes = {
        **reach_checks.CAUSES,
        reach_checks.SMTP: ("It expects TLS from the start (port 465, SslOnConnect).", "It is no mail server."),
    }
    remedy = f"Correct Host, Port and SecureSocketOption in {_VARIABLE}, DNS or the firewalls between them."
    final = reach_checks.is_unknown_name(answer)
    if final:
        remedy = f"Correct Host in {_VARIABLE}, or have DNS know {way.host}."
    found = reach_checks.stopped(answer)
    return Check(SERVER, name, State.FAILED, found, _WORDS, remedy, causes[step], page=PAGE, final=final)


def _shown(reply: str) -> str:
    """Return what a mail server said, on one line."""
    text = " ".join(reply.split())
    return f"{text[:3]} {MASK}" if looks_secret(text) else text[:_LONGEST] or "nothing"


def _said(way: Smtp, name: str, replies: list[tuple[str, str]], encrypted: bool) -> Check:
    """Return what a conversation says that came to its end."""
    verb, reply = replies[-1]
    found = f"{verb or 'greeting'}: {_shown(reply)}"

    def failed(cause: str, remedy: str, found: str = found) -> Check:
        return Check(SERVER, name, State.FAILED, found, _WORDS, remedy, (cause,), page="RFC 5321; RFC 3207; RFC 4954")

    hello = [text for said, text in replies if said == "EHLO"]
    if not hello or not hello[-1].startswith("250") or (verb == "STARTTLS" and not reply.startswith("220")):
        return failed("The mail server refuses this client, or its TLS is not ready.", "Ask who runs it.")
    if way.security is Security.STARTTLS and not encrypted:
        return failed(
            "It begins TLS at once, or speaks none on this port.",
            f"Set SecureSocketOption in {_VARIABLE}: SslOnConnect for port 465, StartTlsWhenAvailable or None.",
            "no STARTTLS among what it offers",
        )
    if way.logs_on and not re.search(r"(?m)^250[ -]AUTH[ =]", hello[-1]):
        return failed(
            "It offers AUTH on another port only (587), or once the connection is encrypted.",
            f"Correct Port and SecureSocketOption in {_VARIABLE}, or leave out Username and Password.",
            "no AUTH among what it offers",
        )
    return _taken(way, name, replies, found) or failed(
        *(
            ("It takes mails only from clients that log on.", f"Set Username and Password in {_VARIABLE}.")
            if reply.startswith("530")
            else (
                "It does not take mails of this sender or server for others.",
                f"Correct FromAddress in {_VARIABLE}, or let it relay for this server.",
            )
        )
    )


def _taken(way: Smtp, name: str, replies: list[tuple[str, str]], found: str) -> Check | None:
    """Return the check of a conversation without a final refusal, None of one that was refused for good."""
    refusal = next((reply for said, reply in replies if said in {"MAIL", "RCPT"} and not reply.startswith("2")), "")
    if not refusal:
        return Check(SERVER, name, State.PASSED, "sender and recipient accepted; nothing was sent", _WORDS, page=PAGE)
    if way.logs_on and refusal.startswith("530"):
        words = "AUTH offered, and a logon asked for, which was not tried"
        return Check(SERVER, name, State.PASSED, words, _WORDS, page=PAGE)
    reason = "it may take a mail after a logon" if way.logs_on else "it puts the mail off"
    if way.logs_on or refusal.startswith("4"):
        remedy = "Send a mail from the agent, and look into the log of the mail server."
        return Check(SERVER, name, State.UNKNOWN, found, _WORDS, remedy, reason=reason, page=PAGE)
    return None
