# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the agent sends its mails, as its own MailSettings say: into a folder, or to a mail server.

Vendor page "appsettings.agent", PasswordResetSettings: MailSettings.
"""

from __future__ import annotations

import dataclasses
import enum
import ntpath
import re
import typing as t

from .._core.probe import Ask, Query
from .._windows import host_name, windows_path
from . import held_settings
from .wanted import Wanted

PAGE = "Netwrix Identity Manager, Integration Guide: Network Configuration, Agent Configuration, appsettings.agent"
_SECTION = "PASSWORDRESETSETTINGS:MAILSETTINGS:"
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
SMTP, SMTPS = 25, 465


class Security(enum.Enum):
    """When TLS begins. The vendor's names are those of MailKit's SecureSocketOptions."""

    NONE = "none"
    AUTO = "auto"
    ON_CONNECT = "sslonconnect"
    STARTTLS = "starttls"
    WHEN_AVAILABLE = "starttlswhenavailable"


@dataclasses.dataclass(frozen=True)
class Pickup:
    """A folder from which a mail server collects mails."""

    folder: str


@dataclasses.dataclass(frozen=True)
class Smtp:
    """A mail server.

    Attributes:
        host: name or address.
        port: TCP.
        security: when TLS begins; never AUTO, which the port decides.
        sender: the address that mails come from.
        logs_on: whether a user name is set.
    """

    host: str
    port: int
    security: Security
    sender: str
    logs_on: bool

    def question(self, client: str, recipient: str) -> Query:
        """Return the question for a conversation in which nothing is sent and nobody logs on."""
        starttls = self.security in {Security.STARTTLS, Security.WHEN_AVAILABLE}
        smtp = {"name": client, "from": self.sender, "to": recipient, "starttls": starttls}
        tls = self.security is Security.ON_CONNECT
        return {"kind": "reach", "host": self.host, "port": self.port, "tls": tls, "timeout": 10, "smtp": smtp}


class Incomplete(ValueError):
    """Settings that name neither a folder nor a mail server; the text says what is missing, without values."""


def of_agent(wanted: Wanted, ask: Ask) -> Pickup | Smtp | None:
    """Return how the agent sends mails, None where it sends none.

    Raises:
        Incomplete: a value is missing, or is none of its kind.
        Refused: the agent's settings cannot be read.
        ValueError: .NET would refuse them.
    """
    values = held_settings.of_agent(wanted, ask).values
    mail = {name.removeprefix(_SECTION): value for name, value in values.items() if name.startswith(_SECTION)}
    if not mail or mail.get("ENABLED", "true").strip().lower() == "false":
        return None
    if _is_true(mail, "USESPECIFIEDPICKUPDIRECTORY") and mail.get("PICKUPDIRECTORY"):
        folder = ntpath.join(wanted.folders.path("Runtime"), mail["PICKUPDIRECTORY"].replace("/", "\\"))
        folder = windows_path.normal(folder)
        if windows_path.why_not_absolute(folder) is not None:
            raise Incomplete("PickupDirectory is no path")
        return Pickup(folder)
    return _smtp(mail)


def _is_true(mail: t.Mapping[str, str], key: str) -> bool:
    return mail.get(key, "").strip().lower() == "true"


def _smtp(mail: t.Mapping[str, str]) -> Smtp:
    if not host_name.is_host(mail.get("HOST", "")):
        raise Incomplete("Host is no host name or address")
    if not _ADDRESS.fullmatch(mail.get("FROMADDRESS", "").strip()):
        raise Incomplete("FromAddress is no mail address")
    port = mail.get("PORT", "0").strip()
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) >= 2**16:
        raise Incomplete("Port is no number from 0 to 65535")
    security, number = _security(mail), int(port)
    # Belief [mail-library]: the agent sends by MailKit, whose names the vendor's are: port 0 is 465 where TLS begins at
    # once and else 25, and Auto begins at once on 465 only; MailKit's documentation of SecureSocketOptions and Connect.
    if security is Security.AUTO:
        security = Security.ON_CONNECT if number == SMTPS else Security.WHEN_AVAILABLE
    number = number or (SMTPS if security is Security.ON_CONNECT else SMTP)
    return Smtp(mail["HOST"].strip(), number, security, mail["FROMADDRESS"].strip(), bool(mail.get("USERNAME")))


def _security(mail: t.Mapping[str, str]) -> Security:
    named = mail.get("SECURESOCKETOPTION", "").strip().lower()
    if not named:
        return Security.STARTTLS if _is_true(mail, "ENABLESSL") else Security.AUTO
    try:
        return Security(named)
    except ValueError:
        raise Incomplete("SecureSocketOption is none of the vendor's") from None


def recipient(wanted: Wanted, ask: Ask, sender: str) -> str:
    """Return whom a mail may be for: the test mail's recipient, who catches all mails, or the sender itself."""
    found = held_settings.of_agent(wanted, ask).values.get(f"{_SECTION}CATCHALLADDRESS", "").strip()
    wished = wanted.mail[0] if wanted.mail else found
    return wished if _ADDRESS.fullmatch(wished) else sender
