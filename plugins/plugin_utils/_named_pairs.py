# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The key pairs that a server's settings name: by thumbprint, by subject, or as a file."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _json_text, _questions, _subject_name, _windows_path
from ._certificate import Certificate
from ._load_order import AGENT, GENERAL, MAX_BYTES
from ._plan import Refused
from ._questions import Ask, Query
from ._wanted_pair import as_thumbprint

_PLAIN = ("File", "Thumbprint", "DistinguishedName", "StoreLocation", "StoreName")
_X509 = ("X509KeyFilePath", "X509Thumbprint", "X509SubjectDistinguishedName", "X509StoreLocation", "X509StoreName")
SECTIONS = {
    "encryption": (GENERAL, ("EncryptionCertificate",), _PLAIN),
    "identity_server": (GENERAL, ("IdentityServer",), _X509),
    "password_reset": (AGENT, ("PasswordResetSettings", "EncryptionCertificate"), _PLAIN),
}


@dataclasses.dataclass(frozen=True)
class Named:
    """What a section of the settings says about its pair; empty texts for what it does not say.

    Attributes:
        file: absolute path of a PFX, which beats the store.
        thumbprint: upper case.
        subject: a distinguished name, or a bare common name.
        location: of the store.
        store: its name.
    """

    file: str = ""
    thumbprint: str = ""
    subject: str = ""
    location: str = ""
    store: str = ""

    def means(self, certificate: Certificate) -> bool:
        """Tell whether a certificate of the store is the one, or one of those, that are meant."""
        if self.file:
            return False
        if self.thumbprint:
            return certificate.thumbprint == self.thumbprint
        if "=" not in self.subject:
            return bool(self.subject) and certificate.common_name == self.subject.lower()
        try:
            return _subject_name.is_same(self.subject, certificate.subject)
        except Refused:
            return False

    def is_in(self, location: str, store: str) -> bool:
        """Tell whether a store is where the pair is; one that is not told may be any."""
        return self.location.lower() in {"", location.lower()} and self.store.lower() in {"", store.lower()}


def question(settings_path: str, name: str) -> Query:
    """Ask for a settings file, as the settings' own plan asks, so that it is asked once."""
    return _questions.file(_windows_path.join(settings_path, name), MAX_BYTES)


def questions(settings_path: str) -> tuple[Query, ...]:
    """Return the questions about the settings of a Runtime folder; none without one."""
    return tuple(question(settings_path, name) for name in (GENERAL, AGENT)) if settings_path else ()


def by_use(settings_path: str, ask: Ask) -> dict[str, Named]:
    """Return the pairs that the settings of a Runtime folder name. Settings that cannot be read name none."""
    if not settings_path:
        return {}
    data = {name: _settings(ask(question(settings_path, name))) for name in (GENERAL, AGENT)}
    found = {}
    for use, (name, path, words) in SECTIONS.items():
        section: t.Any = data[name]
        for key in path:
            section = _below(section).get(key.lower())
        values = _below(section)
        texts = [v if isinstance(v := values.get(word.lower()), str) else "" for word in words]
        file, thumbprint, subject, location, store = texts
        if file or thumbprint or subject:
            found[use] = Named(
                _absolute(settings_path, file), as_thumbprint(thumbprint), subject.strip(), location, store
            )
    return found


def _below(section: t.Any) -> dict[str, t.Any]:
    return {key.lower(): value for key, value in section.items()} if isinstance(section, dict) else {}


def _absolute(settings_path: str, file: str) -> str:
    return _windows_path.normal(_windows_path.join(settings_path, file.replace("/", "\\"))) if file else ""


def _settings(answer: dict[str, t.Any] | None) -> dict[str, t.Any]:
    if not answer or not answer.get("content"):
        return {}
    try:
        return _json_text.parse(base64.b64decode(answer["content"]).decode("utf-8-sig")).data
    except (_json_text.BadJson, UnicodeDecodeError):
        return {}
