# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the key pairs that the agent's own settings name: they are there, and the agent's identity may use the
private key.

The certificate of the site is none of them: HTTP.sys opens its key, as SYSTEM.
"""

from __future__ import annotations

import base64
import dataclasses
import ntpath
import typing as t

from .._agent.pair_keys import PLAIN, X509
from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered, Query
from .._core.secret_form import looks_secret
from .._dotnet.json_text import fold
from .._windows import certificate, distinguished_name, sddl, windows_path
from .._windows import thumbprint as thumbprints
from . import held_settings
from .check import Check, State
from .wanted import Wanted

ID = "key_rights"
PAGE = "Netwrix Identity Manager, Installation Guide: Production Ready, Install the Agent"
_SECTIONS = {
    "EncryptionCertificate": PLAIN,
    "IdentityServer": X509,
    "PasswordResetSettings:EncryptionCertificate": PLAIN,
}
_PUBLIC_IS_ENOUGH = "IdentityServer"
"""The section of which the agent needs the public key at least, vendor page "Protect Agent/Server Communication"."""
_MACHINE, _USUAL_STORE = "LocalMachine", "My"
_READ_DATA = 0x1
"""The right without which a key's file cannot be opened."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """A key pair as a section of the settings names it.

    Attributes:
        section: the section.
        file: the path of a PFX; empty for a pair in a store.
        thumbprint: upper case; empty where the subject names it.
        subject: a distinguished name.
        store: of the computer.
        in_runtime: whether the file is in the folder Runtime itself, whose files the first probe lists.
    """

    section: str
    file: str = ""
    thumbprint: str = ""
    subject: str = ""
    store: str = _USUAL_STORE
    in_runtime: bool = False

    @property
    def question(self) -> Query:
        """Return the question about it."""
        if not self.file:
            return probe.certificates(_MACHINE, self.store)
        folder, name = ntpath.split(self.file)
        return _files_of(folder) if self.in_runtime and name.lower().endswith(".pfx") else probe.acl(self.file)

    @property
    def words(self) -> str:
        """Return what and where it is."""
        if self.file:
            return self.file
        return f"{self.thumbprint or self.subject} in {_MACHINE}\\{self.store}"

    def is_in(self, item: t.Mapping[str, t.Any]) -> bool:
        """Tell whether a certificate of the store is the one that it names."""
        if self.thumbprint:
            return bool(item["thumbprint"] == self.thumbprint)
        for found in certificate.describe_readable([base64.b64decode(item["certificate"])]):
            try:
                return distinguished_name.is_same(self.subject, found.subject)
            except Refused:
                return fold(self.subject) == fold(found.common_name)
        return False


def _files_of(folder: str) -> Query:
    return probe.files(folder, "*.pfx", rights=True)


def questions_ahead(wanted: Wanted) -> tuple[Query, ...]:
    """Return what is asked before the settings are known: most pairs are in this store, or beside the program."""
    return (probe.certificates(_MACHINE, _USUAL_STORE), _files_of(wanted.folders.path("Runtime")))


def questions(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return what has to be asked for the pairs that the agent's settings name."""
    found = {probe.key(pair.question): pair.question for pair in _pairs(wanted, ask)}
    return tuple(found.values())


def _pairs(wanted: Wanted, ask: Ask) -> tuple[Pair, ...]:
    """Return the pairs that can be looked at, without those of a user's store, a vault, a share, or what is no path."""
    try:
        values = held_settings.of_agent(wanted, ask).values
    except (Refused, ValueError):
        return ()
    found, runtime = [], wanted.folders.path("Runtime")
    for section, keys in _SECTIONS.items():
        path = fold(section)
        file, thumbprint, subject, location, store = (values.get(f"{path}:{fold(key)}", "").strip() for key in keys)
        if file:
            full = windows_path.normal(ntpath.join(runtime, file.replace("/", "\\")))
            # A share shows itself to the agent's identity only: the session has no credentials for another server.
            here = not full.startswith("\\\\") and windows_path.why_not_absolute(full) is None
            if here and not looks_secret(full):
                beside = windows_path.same(ntpath.dirname(full), runtime)
                full = windows_path.join(runtime, ntpath.basename(full)) if beside else full
                found.append(Pair(section, file=full, in_runtime=beside))
        elif (thumbprint or subject) and location.lower() == _MACHINE.lower():
            found.append(Pair(section, "", thumbprints.cleaned(thumbprint), subject, store or _USUAL_STORE))
    return tuple(found)


def checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield for each pair whether it is there, and whether the identity may use its private key."""
    for pair in _pairs(wanted, ask):
        name = f"key of {pair.section}, {pair.words}"
        try:
            judge = _of_file if pair.file else _of_store
            yield judge(pair, name, ask(pair.question), wanted, ask)
        except NotAnswered as failed:
            reason = failed.message.strip() or failed.kind
            yield Check(ID, name, State.UNKNOWN, "no answer", "a readable key", reason=reason, page=PAGE)


def _gone(name: str, found: str) -> Check:
    remedy = "Run im_certificates and im_settings: im_agent_certificates."
    causes = ("The pair was removed, or the settings name another server's.", "It was imported without its key.")
    return Check(ID, name, State.FAILED, found, "the pair with its private key", remedy, causes, page=PAGE)


def _of_file(pair: Pair, name: str, answer: list[t.Mapping[str, t.Any]] | None, wanted: Wanted, ask: Ask) -> Check:
    """Return the check of a file; the answer has its rights, or by their names those of all such files beside it."""
    own = ntpath.basename(pair.file).lower()
    found = [item for item in answer or [] if item and item.get("name", own).lower() == own]
    return _rights(name, found[0]["sddl"], pair.file, wanted, ask) if found else _gone(name, "no such file")


def _of_store(pair: Pair, name: str, answer: list[t.Mapping[str, t.Any]] | None, wanted: Wanted, ask: Ask) -> Check:
    held = [item for item in answer or [] if pair.is_in(item)]
    if not held:
        return _gone(name, "no such certificate")
    with_key = [item for item in held if item["has_private_key"]]
    if not with_key:
        if pair.section == _PUBLIC_IS_ENOUGH:
            return Check(ID, name, State.PASSED, "the public key, which is enough here", "a public key", page=PAGE)
        return _gone(name, "a certificate without its private key")
    key = with_key[0]["key"] or {}
    if not key.get("sddl"):
        reason = key.get("error") or "Windows does not tell its file"
        return Check(ID, name, State.UNKNOWN, "a private key", "a readable key", reason=reason, page=PAGE)
    return _rights(name, key["sddl"], key.get("path") or "", wanted, ask)


def _rights(name: str, text: str, path: str, wanted: Wanted, ask: Ask) -> Check:
    granted = sddl.parse(text, path).granted(wanted.identity.token(wanted.identity.sid(ask)))
    words = f"{wanted.identity.name} may read it"
    if granted & _READ_DATA:
        return Check(ID, name, State.PASSED, words, words, page=PAGE)
    causes = ("The pair was imported again, by hand, which gives its key new rights.", "Somebody took the right away.")
    found = f"{wanted.identity.name} may not read it"
    return Check(ID, name, State.FAILED, found, words, "Run im_certificates.", causes, page=PAGE)
