# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The key pairs that a server's settings name: by thumbprint, by subject, or as a file."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import fingerprint, settings_text
from .._agent.pair_keys import PLAIN, X509
from .._agent.settings_files import AGENT, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL, MAX_BYTES
from .._core import file_content, probe
from .._core.plan import Refused
from .._core.probe import Ask, Query
from .._dotnet import configuration
from .._dotnet.json_text import fold
from .._windows import distinguished_name, windows_path
from .._windows import thumbprint as thumbprint_text
from .._windows.certificate import Certificate

SECTIONS = {
    "encryption": (GENERAL, ("EncryptionCertificate",), PLAIN),
    "identity_server": (GENERAL, ("IdentityServer",), X509),
    "password_reset": (AGENT, ("PasswordResetSettings", "EncryptionCertificate"), PLAIN),
}


@dataclasses.dataclass(frozen=True)
class Named:
    """The pair that a section of the settings names; what it does not name is empty.

    Attributes:
        file: absolute path of a PFX, which takes precedence over the store.
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

    def matches(self, certificate: Certificate) -> bool:
        """Tell whether a certificate of the store is the one, or one of those, that the section names."""
        if self.file:
            return False
        if self.thumbprint:
            return certificate.thumbprint == self.thumbprint
        if "=" not in self.subject:
            return bool(self.subject) and certificate.common_name == self.subject.lower()
        try:
            return distinguished_name.is_same(self.subject, certificate.subject)
        except Refused:
            return self.subject.casefold() == certificate.subject.casefold()

    def is_in(self, location: str, store: str) -> bool:
        """Tell whether the pair may be in a store; a section without location or name allows any."""
        return self.location.lower() in {"", location.lower()} and self.store.lower() in {"", store.lower()}


def question(settings_path: str, name: str) -> Query:
    """Ask for a settings file, as the settings' own plan asks, so that it is asked once."""
    return probe.file(windows_path.join(settings_path, name), MAX_BYTES)


def questions(settings_path: str) -> tuple[Query, ...]:
    """Return the questions about the settings of a Runtime folder; none without one."""
    if not settings_path:
        return ()
    files = (GENERAL, AGENT, ENCRYPTED_GENERAL, ENCRYPTED_AGENT)
    return (*(question(settings_path, name) for name in files), fingerprint.question(settings_path))


def refuse_losing(settings_path: str, ask: Ask) -> None:
    """Raise Refused where an encrypted file is there that this collection did not make: only the pair that it was made
    with reads it, so no new pair may take its place. Our own are encrypted again from the inventory.
    """
    if not settings_path:
        return
    ours = fingerprint.known(settings_path, ask)
    for name in (ENCRYPTED_GENERAL, ENCRYPTED_AGENT):
        if f"{name} pair" not in ours and ask(question(settings_path, name)) is not None:
            raise Refused(
                f"found {windows_path.join(settings_path, name)}, which somebody else encrypted, and no pair on the"
                " server that the settings name for use encryption: with a new pair the agent could not read this file."
                " Give the pair that it was encrypted with (source: pfx, or source: store), or move the file away;"
                " renew: always for one run creates a new pair all the same"
            )


def by_use(settings_path: str, ask: Ask) -> dict[str, Named]:
    """Return the pairs that the settings of a Runtime folder name; raises Refused for settings that cannot be read,
    since the pair that they name would be taken for unused.
    """
    if not settings_path:
        return {}
    data = {
        name: _settings(ask(question(settings_path, name)), windows_path.join(settings_path, name))
        for name in (GENERAL, AGENT)
    }
    found = {}
    for use, (name, path, words) in SECTIONS.items():
        section: t.Any = data[name]
        for key in path:
            section = _below(section).get(fold(key))
        values = _below(section)
        texts = [v if isinstance(v := values.get(fold(word)), str) else "" for word in words]
        file, thumbprint, subject, location, store = texts
        if file or thumbprint or subject:
            found[use] = Named(
                file=_absolute(settings_path, file),
                thumbprint=thumbprint_text.cleaned(thumbprint),
                subject=subject.strip(),
                location=location,
                store=store,
            )
    return found


def password(settings_path: str, use: str, ask: Ask) -> str:
    """Return the clear password of the PFX file that the settings name for a use; empty for none.

    The product takes an '@' in front of a password that has another one away (vendor page "Settings Files").
    """
    name, path, words = SECTIONS[use]
    value: t.Any = _settings(ask(question(settings_path, name)), windows_path.join(settings_path, name))
    for key in (*path, "X509KeyFilePassword" if words is X509 else "Password"):
        value = _below(value).get(fold(key))
    if not isinstance(value, str):
        return ""
    return value[1:] if value.startswith("@") and "@" in value[1:] else value


def _below(section: t.Any) -> dict[str, t.Any]:
    return {fold(key): value for key, value in section.items()} if isinstance(section, dict) else {}


def _absolute(settings_path: str, file: str) -> str:
    return windows_path.normal(windows_path.join(settings_path, file.replace("/", "\\"))) if file else ""


def _settings(answer: dict[str, t.Any] | None, path: str) -> dict[str, t.Any]:
    try:
        content = file_content.of(answer, path, MAX_BYTES)
        return configuration.tree(settings_text.document(path, content).data) if content else {}
    except Refused as refusal:
        raise Refused(f"{refusal} (which key pairs it names is not known, so none is replaced)") from None
