# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One key pair as a task wants it: what for, where from, where to, and when it is due."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import re
import typing as t
from pathlib import Path

from . import _host_name, _key_pair, _questions, _subject_name, _windows_path
from ._certificate import SERVER, Certificate, objections
from ._plan import Refused
from ._questions import Query

USES = ("encryption", "identity_server", "password_reset", SERVER)
MADE, PFX, IN_STORE = "made", "pfx", "store"
STORE, FILE = "store", "file"
SDK = "sdk"
MOST_DAYS = 36500
SPEC: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "use": {"type": "str", "choices": list(USES), "required": True},
        "source": {"type": "str", "choices": [MADE, PFX, IN_STORE], "default": MADE},
        "subject": {"type": "str"},
        "alternative_names": {"type": "list", "elements": "str", "default": []},
        "key_size": {"type": "int", "choices": list(_key_pair.KEY_SIZES), "default": 2048},
        "valid_days": {"type": "int", "default": 3650},
        "file": {"type": "str"},
        "content": {"type": "str", "no_log": True},
        "password": {"type": "str", "no_log": True},
        "thumbprint": {"type": "str"},
        "store_location": {"type": "str", "choices": ["LocalMachine", "CurrentUser"], "default": "LocalMachine"},
        "store_name": {"type": "str", "default": "My"},
        "warn_days": {"type": "int", "default": 30},
        "fail_days": {"type": "int", "default": 0},
        "renew": {"type": "str", "choices": ["never", "when_expiring", "always"], "default": "never"},
        "place": {"type": "str", "choices": [STORE, FILE], "default": STORE},
        "path": {"type": "str"},
        "file_password": {"type": "str", "no_log": True},
        "container": {"type": "str", "choices": ["compatible", "modern"], "default": "compatible"},
        "same_as": {"type": "str", "choices": list(USES)},
    },
}


@dataclasses.dataclass(frozen=True)
class Pair:
    """One key pair that shall be on the server.

    Attributes:
        use: what it is for.
        source: made, pfx or store.
        subject: of a pair to be made, or to be found; empty where none is given.
        hosts: DNS names and addresses of a pair to be made; one that serves ``server`` has to cover them.
        container: a PFX or PEM from the controller; None until it has been read.
        password: of the container.
        path: of a PFX file on the server, where the pair is kept in one; empty for a store.
        file_password: of that file.
        modern: whether containers are made with AES, which Windows Server 2016 does not read.
        same_as: another use whose pair serves this one too.
        uses: all uses that the pair serves.
    """

    use: str
    source: str
    subject: str
    hosts: tuple[str, ...]
    bits: int
    days: int
    container: bytes | None = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)
    thumbprint: str
    location: str
    store: str
    warn_days: int
    fail_days: int
    renew: str
    path: str
    file_password: str = dataclasses.field(repr=False)
    modern: bool
    same_as: str
    uses: tuple[str, ...]

    @classmethod
    def of(cls, number: int, given: dict[str, t.Any]) -> Pair:
        """Return a pair of the option ``pairs``; raises Refused."""
        where, source = f"pairs, entry {number} (use {given['use']})", given["source"]
        container = _container(where, given)
        thumbprint = as_thumbprint(given.get("thumbprint") or "")
        if thumbprint and not re.fullmatch("[0-9A-F]{40}", thumbprint):
            raise Refused(f"{where}: thumbprint: found {given['thumbprint']!r}, {_why_no_thumbprint(thumbprint)}")
        if given["place"] == FILE and source == IN_STORE:
            raise Refused(f"{where}: place: found 'file', wanted 'store' for source store")
        if source == IN_STORE and not (thumbprint or given.get("subject")):
            raise Refused(
                f"{where}: found neither thumbprint nor subject, wanted one, since the source is the server's store"
            )
        try:
            hosts = tuple(dict.fromkeys(map(_host_name.ascii_form, given["alternative_names"])))
            if given.get("subject"):
                _subject_name.parse(given["subject"])
        except Refused as refusal:
            option = "" if "subject: " in str(refusal) else "alternative_names: "
            raise Refused(f"{where}: {option}{refusal}") from None
        _check_days(where, given)
        return cls(
            given["use"],
            source,
            given.get("subject") or "",
            hosts,
            given["key_size"],
            given["valid_days"],
            container,
            given.get("password") or "",
            thumbprint,
            given["store_location"],
            given["store_name"],
            given["warn_days"],
            given["fail_days"],
            given["renew"],
            _place(where, given),
            given.get("file_password") or "",
            given["container"] == "modern",
            given.get("same_as") or "",
            (given["use"],),
        )

    def serving(self, uses: tuple[str, ...], host_name: str) -> Pair:
        """Return the pair for all uses that share it; one that serves ``server`` covers ``host_name`` too.

        Raises:
            Refused: a pair for ``server`` that is a file, or is made without a host name.
        """
        if self.same_as or SERVER not in uses:
            return dataclasses.replace(self, uses=uses)
        where = f"pairs, use {self.use}" + (f" (which serves {SERVER} too)" if self.use != SERVER else "")
        if self.path:
            raise Refused(f"{where}: place: found 'file', wanted 'store': HTTP.sys opens a site's pair in a store only")
        hosts = self.hosts
        if host_name and not _host_name.covered(host_name, hosts):
            hosts = (*hosts, _host_name.ascii_form(host_name))
        if self.source == MADE and not hosts:
            raise Refused(
                f"{where}: alternative_names: found none, wanted the host name of the https binding, here or in the"
                " option host_name"
            )
        return dataclasses.replace(self, uses=uses, hosts=hosts)

    @property
    def made_subject(self) -> str:
        """Return the subject of a pair to be made."""
        if self.subject:
            return self.subject
        # A CN holds 64 characters; the host names themselves are in the alternative names.
        first = next((host for host in self.hosts if len(host) <= 64), None)
        return f"CN={first or f'Identity Manager Agent {self.use}'}"

    @property
    def slots(self) -> tuple[str, ...]:
        """Return the two files that a pair in a file takes turns in, so that a renewal never overwrites the pair that
        the settings name.
        """
        if not self.path:
            return ()
        stem, dot, suffix = self.path.rpartition(".")
        if not dot or "\\" in suffix:
            return (self.path, f"{self.path}-2")
        return (self.path, f"{stem}-2.{suffix}")

    @property
    def questions(self) -> tuple[Query, ...]:
        """Return the questions about its place."""
        if self.same_as:
            return ()
        if self.path:
            folder = _questions.file(self.path.rpartition("\\")[0])
            slots = self.slots
            return (*map(_questions.file, slots), *map(_questions.acl, slots), folder)
        return (_questions.certificates(self.location, self.store),)

    @property
    def where(self) -> str:
        """Return its place in words."""
        return self.path or f"{self.location}\\{self.store}"

    def due(self, certificate: Certificate, now: datetime.datetime) -> bool:
        """Tell whether a certificate has to be renewed."""
        return self.renew == "always" or (
            self.renew == "when_expiring" and certificate.days_left(now) <= self.warn_days
        )

    def objections(self, certificate: Certificate, now: datetime.datetime) -> list[str]:
        """Return why a certificate must not serve, as sentences."""
        return objections(certificate, now, uses=self.uses, hosts=self.hosts, fail_days=self.fail_days)

    def judge(self, certificate: Certificate, now: datetime.datetime) -> None:
        """Raise Refused for a certificate that must not serve."""
        found = self.objections(certificate, now)
        if found:
            raise Refused(
                f"the certificate {certificate.thumbprint} ({certificate.subject}) for use {self.use}:"
                f" {'; '.join(found)}"
            )

    def is_earlier(self, certificate: Certificate) -> bool:
        """Tell whether a certificate is one of a made pair, this one's or an earlier one's."""
        return (
            self.source == MADE
            and certificate.issuer == certificate.subject
            and _subject_name.is_same(self.made_subject, certificate.subject)
        )


def as_thumbprint(text: str) -> str:
    """Return a thumbprint in upper case without what people copy with it: spaces, colons, and the invisible mark that
    the Windows dialogue puts in front.
    """
    return "".join(c for c in text if c.isalnum()).upper()


def _why_no_thumbprint(found: str) -> str:
    wanted = "wanted the 40 hexadecimal digits of a SHA-1 thumbprint, as certlm.msc shows it"
    return f"{wanted}; 64 are the SHA-256 fingerprint" if len(found) == 64 else wanted


def _check_days(where: str, given: dict[str, t.Any]) -> None:
    for option in ("warn_days", "fail_days"):
        if given[option] < 0:
            raise Refused(f"{where}: {option}: found {given[option]}, wanted 0 or more")
    if given["source"] != MADE:
        return
    if not 1 <= given["valid_days"] <= MOST_DAYS:
        raise Refused(f"{where}: valid_days: found {given['valid_days']}, wanted 1 to {MOST_DAYS}")
    if given["valid_days"] <= given["fail_days"]:
        raise Refused(
            f"{where}: valid_days: found {given['valid_days']}, wanted more than fail_days ({given['fail_days']}), else"
            " every run would make a new pair"
        )


def _place(where: str, given: dict[str, t.Any]) -> str:
    """Return the path of the PFX file on the server; empty for a store."""
    if given["place"] == STORE:
        if given.get("path") or given.get("file_password"):
            raise Refused(f"{where}: found path or file_password, wanted them with place file only")
        return ""
    if given.get("same_as"):
        raise Refused(f"{where}: found place file and same_as, wanted the place with use {given['same_as']} only")
    path = given.get("path") or ""
    reason = _windows_path.why_not_absolute(path)
    if reason:
        raise Refused(f"{where}: path: found {path!r}, wanted the PFX file's absolute Windows path ({reason})")
    if not given.get("file_password"):
        raise Refused(f"{where}: file_password: found nothing, wanted the password that protects the file")
    return _windows_path.normal(path)


def _container(where: str, given: dict[str, t.Any]) -> bytes | None:
    """Return the bytes of a PFX or PEM from the controller; None for another source, or where they were not read."""
    if given["source"] != PFX:
        if given.get("file") or given.get("content"):
            raise Refused(f"{where}: found file or content, wanted them with source pfx only")
        return None
    if bool(given.get("file")) == bool(given.get("content")):
        raise Refused(f"{where}: wanted either file (a PFX or PEM on the controller) or content (the same as base64)")
    if given.get("content"):
        return from_text(where, given["content"])
    mind_sample(where, given["file"])
    return t.cast("bytes | None", given.get("container_bytes"))


def mind_sample(where: str, file: str) -> None:
    """Raise Refused for a file of the SDK, whose certificate is a sample."""
    if SDK in {part.lower() for part in Path(file).parts[:-1]}:
        raise Refused(
            f"{where}: file: found {file}, a sample of the SDK, wanted a pair of your own: the agent refuses to start"
            " with that one"
        )


def from_text(where: str, content: str) -> bytes:
    """Return the bytes of the option ``content``: base64, in one line or many, or PEM as it is."""
    if "-----BEGIN " in content:
        return content.encode()
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except ValueError:
        raise Refused(f"{where}: content: wanted base64, as the filter b64encode gives it, or PEM") from None
