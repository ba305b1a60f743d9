"""What a mail server says, RFC 5321 (SMTP), RFC 3207 (STARTTLS) and RFC 4954 (AUTH). It takes no mail."""

from __future__ import annotations

import dataclasses
import typing as t

Replies = list[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class MailServer:
    """A mail server.

    Attributes:
        starttls: whether it offers TLS.
        mechanisms: the mechanisms that it offers once a connection is encrypted; before that too with ``clear_auth``.
        clear_auth: whether it lets clients authenticate without TLS.
        asks_to_authenticate: whether it takes no sender who has not, RFC 4954 6: 530.
        senders: domains whose addresses may send; None: all.
        recipients: domains that it takes mail for; None: all.
        busy: whether it refuses all clients in its greeting, RFC 5321 3.1: 554.
        later: whether it puts recipients off, RFC 5321 4.2.2: 451.
    """

    starttls: bool = True
    mechanisms: tuple[str, ...] = ("LOGIN", "PLAIN")
    clear_auth: bool = False
    asks_to_authenticate: bool = False
    senders: tuple[str, ...] | None = None
    recipients: tuple[str, ...] | None = None
    busy: bool = False
    later: bool = False

    def talk(self, said: t.Mapping[str, t.Any], *, encrypted: bool) -> tuple[Replies, bool]:
        """Return the replies of a conversation, each with the verb before it, and whether it was encrypted in the end.

        Args:
            said: ``name`` of the client, ``from`` and ``to``, and ``starttls``: whether TLS may begin.
            encrypted: whether it began with TLS.
        """
        replies: Replies = [("", "554 No SMTP service here\r\n" if self.busy else "220 mail.test ESMTP\r\n")]
        if self.busy:
            return replies, encrypted
        replies.append(("EHLO", self._hello(encrypted)))
        if said.get("starttls") and self.starttls and not encrypted:
            replies.append(("STARTTLS", "220 2.0.0 Ready to start TLS\r\n"))
            encrypted = True
            replies.append(("EHLO", self._hello(encrypted)))
        replies.append(("MAIL", self._sender(str(said["from"]))))
        if replies[-1][1].startswith("2"):
            replies.append(("RCPT", self._recipient(str(said["to"]))))
        if replies[-1][1].startswith("2"):
            replies += [("RSET", "250 2.0.0 Ok\r\n"), ("QUIT", "221 2.0.0 Bye\r\n")]
        return replies, encrypted

    def _hello(self, encrypted: bool) -> str:
        offers = ["SIZE 10240000"]
        if self.starttls and not encrypted:
            offers.append("STARTTLS")
        if self.mechanisms and (encrypted or self.clear_auth):
            offers.append(f"AUTH {' '.join(self.mechanisms)}")
        lines = ["mail.test", *offers]
        return "".join(f"250{'-' if line is not lines[-1] else ' '}{line}\r\n" for line in lines)

    def _sender(self, address: str) -> str:
        if self.asks_to_authenticate:
            return "530 5.7.0 Authentication required\r\n"
        if self.senders is not None and _domain(address) not in self.senders:
            return "550 5.7.1 Client does not have permissions to send as this sender\r\n"
        return "250 2.1.0 Ok\r\n"

    def _recipient(self, address: str) -> str:
        if self.later:
            return "451 4.7.1 Greylisted, try again later\r\n"
        if self.recipients is not None and _domain(address) not in self.recipients:
            return "550 5.7.54 Unable to relay recipient in non-accepted domain\r\n"
        return "250 2.1.5 Ok\r\n"


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
