# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is brought to the server: key, certificate and chain, from a container, the controller's folder, or made."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import functools
import typing as t
from pathlib import Path

from . import (
    _certificate,
    _kept_pair,
    _key_container,
    _key_pair,
    _opened_container,
    _questions,
    _subject_name,
    _windows_path,
)
from ._certificate import Certificate
from ._held_pairs import Held
from ._named_pairs import Named
from ._pair_rights import FILE_RIGHTS
from ._plan import ControllerFile, Operation, Refused, write
from ._questions import Ask
from ._wanted_pair import MADE, PFX, Pair

with contextlib.suppress(ModuleNotFoundError):  # as in _key_pair.py
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization


@dataclasses.dataclass(frozen=True)
class Keep:
    """Where pairs that are made are kept on the controller.

    Attributes:
        folder: as the task gives it.
        agent: the agent's name in the names of its files.
        passphrase: what encrypts the private keys.
    """

    folder: str
    agent: str
    passphrase: str = dataclasses.field(repr=False)

    @classmethod
    def of(cls, option: dict[str, t.Any] | None) -> Keep | None:
        """Return the option ``keep``; raises Refused."""
        if not option:
            return None
        _kept_pair.check_passphrase(option["passphrase"])
        _kept_pair.path_of(option["folder"], option["agent"], "encryption")
        return cls(option["folder"], option["agent"], option["passphrase"])

    def path(self, pair: Pair) -> Path:
        """Return the file that keeps a pair."""
        return _kept_pair.path_of(self.folder, self.agent, pair.use)


@dataclasses.dataclass(frozen=True)
class Material:
    """Key, certificate and chain, and the file that keeps them on the controller.

    Attributes:
        opened: gives the private key, when it is brought: a container that serves already stays closed.
        made: whether they were made just now.
    """

    opened: t.Callable[[], t.Any] = dataclasses.field(repr=False)
    certificate: t.Any
    chain: tuple[t.Any, ...] = ()
    kept: tuple[ControllerFile, ...] = ()
    made: bool = False

    @property
    def key(self) -> t.Any:
        """Return the private key; raises Refused where its container cannot be opened any more."""
        return self.opened()

    @functools.cached_property
    def described(self) -> Certificate:
        """Return what is known of the certificate."""
        return _certificate.describe(self.certificate.public_bytes(serialization.Encoding.DER))

    @property
    def signers(self) -> frozenset[str]:
        """Return the subjects of the chain."""
        return frozenset(c.subject.rfc4514_string() for c in self.chain)


def given(pair: Pair, now: datetime.datetime, ask: Ask) -> Material | None:
    """Return what a container from the controller holds; None for a pair of another source.

    Raises:
        Refused: it cannot be read, or its certificate is not fit.
    """
    if pair.source != PFX:
        return None
    content, what = pair.container or b"", f"the container of use {pair.use}"
    certificates = ask(_opened_container.question(content, pair.password, what))
    leaf, *chain = map(x509.load_der_x509_certificate, certificates)
    material = Material(lambda: _key_container.read(content, pair.password, what)[0], leaf, tuple(chain))
    pair.judge(material.described, now)
    return material


def made(pair: Pair, keep: Keep | None, now: datetime.datetime, *, check: bool) -> Material | None:
    """Return a pair that is kept on the controller or made now; None in check mode for one that would be made.

    Raises:
        Refused: a kept pair that cannot be opened, or is not fit while no renewal is asked for.
    """
    path = keep.path(pair) if keep else None
    if path and keep:
        kept = _kept_pair.read(path, keep.passphrase)
        if kept:
            kept_key, certificate = kept
            material = Material(lambda: kept_key, certificate)
            if _is_reused(pair, path, material.described, now):
                return material
    if check:
        return None
    key, certificate = _key_pair.make(
        pair.made_subject, now, uses=pair.uses, hosts=pair.hosts, bits=pair.bits, days=pair.days
    )
    files = (_kept_pair.file(path, keep.passphrase, key, certificate),) if path and keep else ()
    return Material(lambda: key, certificate, (), files, made=True)


def _is_reused(pair: Pair, path: Path, certificate: Certificate, now: datetime.datetime) -> bool:
    """Tell whether a kept pair serves; raises Refused for one that does not while no renewal is asked for."""
    if pair.due(certificate, now):
        return False
    found = pair.objections(certificate, now)
    if not _subject_name.is_same(pair.made_subject, certificate.subject):
        found.append(f"its subject is {certificate.subject}, wanted {pair.made_subject}")
    if found and pair.renew == "never":
        raise Refused(
            f"the kept pair {path} for use {pair.use} is not fit: {'; '.join(found)}. It is not replaced unless renewal"
            " is asked for: say renew: always, once"
        )
    return not found


def brings(
    pair: Pair, material: Material | None, present: list[Held], named: Named | None, sid: str, ask: Ask
) -> list[Operation]:
    """Return what brings a pair to its place; in check mode a pair that would be made has no bytes.

    Args:
        pair: at the place where it goes.
        material: what is brought.
        present: the certificates of its place.
        named: what the settings name.
        sid: the identity's, which may read a new file.
        ask: answers questions.
    """
    is_made = pair.source == MADE and (material is None or material.made)
    verb = "make" if is_made else ("write" if pair.path else "import")
    does = f"{verb} the key pair for use {pair.use} in {pair.where}"
    if pair.path:
        return [*_folder(pair, ask), _file(pair, material, does, sid, ask)]
    if material is None:
        return [write(does, "certificate")]
    phrase = _key_container.passphrase()  # the container lives for one execution
    rounds = _key_container.FEW_ROUNDS
    container = _key_container.pfx(
        material.key, material.certificate, phrase, material.chain, modern=pair.modern, rounds=rounds
    )
    brought = write(
        does,
        "certificate",
        secret=True,
        content=base64.b64encode(container).decode(),
        password=phrase,
        location=pair.location,
        store=pair.store,
        thumbprint=material.described.thumbprint,
        exportable=False,
    )
    return [*_chain(pair, material), brought]


def free_slot(pair: Pair, present: list[Held], named: Named | None) -> str:
    """Return the file for a new pair: one that is not there, else the one that the settings do not name, else the one
    that ends first.
    """
    taken = {h.pair.path: h for h in present}
    free = [slot for slot in pair.slots if slot not in taken]
    if free:
        return free[0]
    unnamed = [s for s in pair.slots if not (named and named.file and _windows_path.same(named.file, s))]
    return min(unnamed, key=lambda slot: taken[slot].certificate.not_after)


def _folder(pair: Pair, ask: Ask) -> list[Operation]:
    folder = pair.path.rpartition("\\")[0]
    if ask(_questions.file(folder)) is not None:
        return []
    return [write(f"make the folder {folder}", "folder", path=folder)]


def _file(pair: Pair, material: Material | None, does: str, sid: str, ask: Ask) -> Operation:
    if material is None:
        return write(does, "file", path=pair.path)
    present = ask(_questions.file(pair.path))
    rounds = _key_container.ROUNDS
    container = _key_container.pfx(
        material.key, material.certificate, pair.file_password, material.chain, modern=pair.modern, rounds=rounds
    )
    return write(
        does,
        "file",
        secret=True,
        path=pair.path,
        content=base64.b64encode(container).decode(),
        expect=present["sha256"] if present else "absent",
        sddl=FILE_RIGHTS.format(sid=sid),
        backups=0,
    )


def _chain(pair: Pair, material: Material) -> list[Operation]:
    """Return the import of intermediate certificates, which clients are sent; whom to trust is not decided here."""
    operations = []
    for certificate in material.chain:
        if certificate.issuer == certificate.subject:
            continue
        der = certificate.public_bytes(serialization.Encoding.DER)
        operations.append(
            write(
                f"import a certificate of the chain for use {pair.use}",
                "certificate",
                content=base64.b64encode(der).decode(),
                location=pair.location,
                store="CA",
                thumbprint=_certificate.describe(der).thumbprint,
                keyless=True,
            )
        )
    return operations
