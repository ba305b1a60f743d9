# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One key pair as a task wants it: what for, where from, where to, and when it is due."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import re
import typing as t
from pathlib import Path

from .._core import probe
from .._core.kept import check_given
from .._core.plan import Refused
from .._core.probe import Query
from .._windows import distinguished_name, roots, windows_path
from .._windows import thumbprint as thumbprint_text
from .._windows.certificate import SERVER, Certificate, objections
from .._windows.host_name import ascii_form, covered
from . import new_pair

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
        "key_size": {"type": "int", "choices": list(new_pair.KEY_SIZES), "default": 2048},
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
        "former_file_password": {"type": "str", "no_log": True},
        "container": {"type": "str", "choices": ["compatible", "modern"], "default": "compatible"},
        "same_as": {"type": "str", "choices": list(USES)},
    },
}


@dataclasses.dataclass(frozen=True)
class Pair:
    """One key pair that is wanted on the server.

    Attributes:
        use: what it is for.
        source: made, pfx or store.
        subject: of a pair to create or to find; empty where none is given.
        hosts: DNS names and addresses of a pair to create; one for ``server`` has to cover them.
        container: a PFX or PEM from the controller; None until it has been read.
        password: of the container.
        path: of a PFX file on the server, where the pair is kept in one; empty for a store.
        file_password: of that file.
        former_file_password: of the files of before; one that needs it is replaced.
        modern: whether containers are encrypted with AES, which Windows Server 2016 does not read.
        same_as: another use whose pair is used for this one too.
        uses: all uses of the pair.
        organization: whose agent it is; empty where that is not known.
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
    former_file_password: str = dataclasses.field(repr=False)
    modern: bool
    same_as: str
    uses: tuple[str, ...]
    organization: str = ""

    @classmethod
    def of(cls, number: int, given: dict[str, t.Any], organization: str = "") -> Pair:
        """Return a pair of the option ``pairs``; raises Refused."""
        where = f"pairs, entry {number} (use {given['use']})"
        container = _container(where, given)
        thumbprint = _thumbprint(where, given)
        _check_source(where, given)
        hosts = _hosts(where, given["alternative_names"])
        _check_subject(where, given.get("subject") or "")
        _check_days(where, given)
        return cls(
            use=given["use"],
            source=given["source"],
            subject=given.get("subject") or "",
            hosts=hosts,
            bits=given["key_size"],
            days=given["valid_days"],
            container=container,
            password=given.get("password") or "",
            thumbprint=thumbprint,
            location=given["store_location"],
            store=given["store_name"],
            warn_days=given["warn_days"],
            fail_days=given["fail_days"],
            renew=given["renew"],
            path=_place(where, given),
            file_password=given.get("file_password") or "",
            former_file_password=given.get("former_file_password") or "",
            modern=given["container"] == "modern",
            same_as=given.get("same_as") or "",
            uses=(given["use"],),
            organization=organization,
        )

    def for_uses(self, uses: tuple[str, ...], host_name: str) -> Pair:
        """Return the pair for all uses that share it; one for ``server`` covers ``host_name`` too.

        Raises:
            Refused: a pair for ``server`` that is a file, or would be created without a host name.
        """
        if self.same_as or SERVER not in uses:
            return dataclasses.replace(self, uses=uses)
        where = f"pairs, use {self.use}" + (f" (which is used for {SERVER} too)" if self.use != SERVER else "")
        if self.path:
            raise Refused(f"{where}: place: found 'file', wanted 'store': HTTP.sys opens a site's pair in a store only")
        hosts = self.hosts
        if host_name and not covered(host_name, hosts):
            hosts = (*hosts, ascii_form(host_name))
        if self.source == MADE and not hosts:
            raise Refused(
                f"{where}: alternative_names: found none, wanted the host name of the https binding, here or in the"
                " option host_name"
            )
        return dataclasses.replace(self, uses=uses, hosts=hosts)

    @property
    def made_subject(self) -> str:
        """Return the subject of a pair to create. The default names the organisation, since a server may have the
        agents of several.
        """
        if self.subject or not self.organization or self.hosts:
            return self.plain_subject
        # O has at most 64 characters too.
        return f"{self.plain_subject},{distinguished_name.formatted({'O': self.organization[:64]})}"

    @property
    def plain_subject(self) -> str:
        """Return the subject without an organisation, which version 1.0.0 gave."""
        if self.subject:
            return self.subject
        # A CN has at most 64 characters (RFC 5280); the host names themselves are in the alternative names.
        first = next((host for host in self.hosts if len(host) <= 64), None)
        return f"CN={first or f'Identity Manager Agent {self.use}'}"

    @property
    def slots(self) -> tuple[str, ...]:
        """Return the two files that a pair in a file alternates between, so that a renewal never overwrites the pair
        that the settings name.
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
            folder = probe.file(self.path.rpartition("\\")[0])
            slots = self.slots
            return (*map(probe.file, slots), *map(probe.acl, slots), folder, roots.question(self.path))
        return (probe.certificates(self.location, self.store),)

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
        """Return why a certificate must not be used, as sentences."""
        return objections(certificate, now, uses=self.uses, hosts=self.hosts, fail_days=self.fail_days)

    def check(self, certificate: Certificate, now: datetime.datetime) -> None:
        """Raise Refused for a certificate that must not be used."""
        found = self.objections(certificate, now)
        if found:
            raise Refused(
                f"the certificate {certificate.thumbprint} ({certificate.subject}) for use {self.use}:"
                f" {'; '.join(found)}"
            )

    def is_earlier(self, certificate: Certificate) -> bool:
        """Tell whether a certificate was created for this pair, now or by an earlier run."""
        return self._is_created(certificate, self.made_subject)

    def is_of_first_version(self, certificate: Certificate) -> bool:
        """Tell whether a certificate has the subject that version 1.0.0 gave a pair of this use, whoever's it is."""
        return self._is_created(certificate, self.plain_subject)

    def _is_created(self, certificate: Certificate, subject: str) -> bool:
        return (
            self.source == MADE
            and certificate.issuer == certificate.subject
            and distinguished_name.is_same(subject, certificate.subject)
        )


def _thumbprint(where: str, given: dict[str, t.Any]) -> str:
    """Return the option ``thumbprint`` without what was copied with it; empty where none is given."""
    thumbprint = thumbprint_text.cleaned(given.get("thumbprint") or "")
    if thumbprint and not re.fullmatch("[0-9A-F]{40}", thumbprint):
        raise Refused(f"{where}: thumbprint: found {given['thumbprint']!r}, {_why_no_thumbprint(thumbprint)}")
    return thumbprint


def _why_no_thumbprint(found: str) -> str:
    wanted = "wanted the 40 hexadecimal digits of a SHA-1 thumbprint, as certlm.msc shows it"
    return f"{wanted}; 64 are the SHA-256 fingerprint" if len(found) == 64 else wanted


def _check_source(where: str, given: dict[str, t.Any]) -> None:
    """Raise Refused for options that contradict the source ``store``."""
    check_given(f"{where}: password", given.get("password"), "the controller opens the container with it")
    former = given.get("former_file_password")
    check_given(f"{where}: former_file_password", former, "the controller opens the former file with it")
    if given["source"] != MADE or given["place"] != FILE:
        why = "only the file that the settings name with it has one to keep"
        check_given(f"{where}: file_password", given.get("file_password"), why)
    if given["source"] != IN_STORE:
        return
    if given["place"] == FILE:
        raise Refused(f"{where}: place: found 'file', wanted 'store' for source store")
    if not (thumbprint_text.cleaned(given.get("thumbprint") or "") or given.get("subject")):
        raise Refused(
            f"{where}: found neither thumbprint nor subject, wanted one, since the source is the server's store"
        )


def _hosts(where: str, names: list[str]) -> tuple[str, ...]:
    """Return the alternative names as certificates have them, each once."""
    try:
        return tuple(dict.fromkeys(map(ascii_form, names)))
    except Refused as refusal:
        raise Refused(f"{where}: alternative_names: {refusal}") from None


def _check_subject(where: str, subject: str) -> None:
    """Raise Refused for a subject that cannot be read."""
    try:
        if subject:
            distinguished_name.parse(subject)
    except Refused as refusal:
        raise Refused(f"{where}: {refusal}") from None


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
            " every run would create a new pair"
        )


def _place(where: str, given: dict[str, t.Any]) -> str:
    """Return the path of the PFX file on the server; empty for a store."""
    if given["place"] == STORE:
        if given.get("path") or given.get("file_password") or given.get("former_file_password"):
            raise Refused(f"{where}: found path or a password of the file, wanted them with place file only")
        return ""
    if given.get("same_as"):
        raise Refused(f"{where}: found place file and same_as, wanted the place with use {given['same_as']} only")
    path = given.get("path") or ""
    reason = windows_path.why_not_absolute(path)
    if reason:
        raise Refused(f"{where}: path: found {path!r}, wanted the PFX file's absolute Windows path ({reason})")
    if not given.get("file_password"):
        raise Refused(f"{where}: file_password: found nothing, wanted the password that protects the file")
    return windows_path.normal(path)


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
    refuse_sample(where, given["file"])
    return t.cast("bytes | None", given.get("container_bytes"))


def refuse_sample(where: str, file: str) -> None:
    """Raise Refused for a file of the SDK, whose certificate is a sample."""
    if SDK in {part.lower() for part in Path(file).parts[:-1]}:
        raise Refused(
            f"{where}: file: found {file}, a sample of the SDK, wanted a pair of your own: the agent refuses to start"
            " with the sample"
        )


def from_text(where: str, content: str) -> bytes:
    """Return the bytes of the option ``content``: base64, in one line or many, or PEM as it is."""
    if "-----BEGIN " in content:
        return content.encode()
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except ValueError:
        raise Refused(f"{where}: content: wanted base64, as the filter b64encode gives it, or PEM") from None
