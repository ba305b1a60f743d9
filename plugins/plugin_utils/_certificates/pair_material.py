# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is sent to the server: key, certificate and chain, from a container or the controller's folder, or new."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import functools
import typing as t
from pathlib import Path

from .._agent import secret_files
from .._core import probe
from .._core.plan import ControllerFile, Operation, Refused, write
from .._core.probe import Ask
from .._core.touched import STORES
from .._windows import broad_groups, distinguished_name, windows_path
from .._windows.certificate import Certificate, describe
from . import kept_pair, key_container, new_pair
from .in_settings import Named
from .on_server import Installed
from .wanted_pair import MADE, PFX, Pair

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization


@dataclasses.dataclass(frozen=True)
class Keep:
    """Where created pairs are kept on the controller.

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
        kept_pair.check_passphrase(option["passphrase"])
        kept_pair.path_of(option["folder"], option["agent"], "encryption")
        return cls(option["folder"], option["agent"], option["passphrase"])

    def path(self, pair: Pair) -> Path:
        """Return the file that keeps a pair."""
        return kept_pair.path_of(self.folder, self.agent, pair.use)


@dataclasses.dataclass(frozen=True)
class Material:
    """Key, certificate and chain, and the file that keeps them on the controller.

    Attributes:
        open_key: returns the private key; called only to send it, so that a container whose certificate the server
            has already is not opened.
        is_new: whether they were created just now.
    """

    open_key: t.Callable[[], t.Any] = dataclasses.field(repr=False)
    certificate: t.Any
    chain: tuple[t.Any, ...] = ()
    kept: tuple[ControllerFile, ...] = ()
    is_new: bool = False

    @property
    def key(self) -> t.Any:
        """Return the private key; raises Refused where its container can no longer be opened."""
        return self.open_key()

    @functools.cached_property
    def described(self) -> Certificate:
        """Return the properties of the certificate."""
        return describe(self.certificate.public_bytes(serialization.Encoding.DER))

    @property
    def signers(self) -> frozenset[str]:
        """Return the subjects of the chain."""
        return frozenset(c.subject.rfc4514_string() for c in self.chain)


def from_container(pair: Pair, now: datetime.datetime, ask: Ask) -> Material | None:
    """Return what a container from the controller contains; None for a pair of another source.

    Raises:
        Refused: it cannot be read, or its certificate must not be used.
    """
    if pair.source != PFX:
        return None
    content, what = pair.container or b"", f"the container of use {pair.use}"
    certificates = ask(probe.container(content, pair.password, what=what))
    leaf, *chain = map(x509.load_der_x509_certificate, certificates)
    material = Material(lambda: key_container.read(content, pair.password, what=what)[0], leaf, tuple(chain))
    pair.check(material.described, now)
    return material


def kept_or_new(pair: Pair, keep: Keep | None, now: datetime.datetime, *, check: bool) -> Material | None:
    """Return a pair that is kept on the controller or created now; None in check mode for one that would be created.

    Raises:
        Refused: a kept pair that cannot be opened, or must not be used while no renewal is asked for.
    """
    path = keep.path(pair) if keep else None
    if path and keep:
        kept = kept_pair.read(path, keep.passphrase)
        if kept:
            kept_key, certificate = kept
            material = Material(lambda: kept_key, certificate)
            if _is_reused(pair, path, material.described, now):
                return material
    if check:
        return None
    key, certificate = new_pair.create(
        pair.made_subject, now, uses=pair.uses, hosts=pair.hosts, bits=pair.bits, days=pair.days
    )
    files = (kept_pair.file(path, keep.passphrase, key, certificate),) if path and keep else ()
    return Material(lambda: key, certificate, (), files, is_new=True)


def _is_reused(pair: Pair, path: Path, certificate: Certificate, now: datetime.datetime) -> bool:
    """Tell whether a kept pair is used again; raises Refused for one that must not be while no renewal is asked for."""
    if pair.due(certificate, now):
        return False
    found = pair.objections(certificate, now)
    subjects = (pair.made_subject, pair.plain_subject)  # the second is what version 1.0.0 gave
    if not any(distinguished_name.is_same(subject, certificate.subject) for subject in subjects):
        found.append(f"its subject is {certificate.subject}, wanted {pair.made_subject}")
    if found and pair.renew == "never":
        raise Refused(
            f"the kept pair {path} for use {pair.use} cannot be used: {'; '.join(found)}. It is replaced only if you"
            " ask for it: set renew: always for one run"
        )
    return not found


def operations(pair: Pair, material: Material | None, sid: str, ask: Ask) -> list[Operation]:
    """Return what puts a pair into its place; in check mode a pair that would be created has no bytes.

    Args:
        pair: at the place where it goes.
        material: what is sent.
        sid: of the identity, which may read a new file.
        ask: answers questions.
    """
    is_new = pair.source == MADE and (material is None or material.is_new)
    verb = "create" if is_new else ("write" if pair.path else "import")
    does = f"{verb} the key pair for use {pair.use} in {pair.where}"
    if pair.path:
        return [*_folder(pair, ask), _file(pair, material, does, sid, ask)]
    if material is None:
        return [write(does, "certificate")]
    phrase = key_container.passphrase()  # the container lives for one execution
    rounds = key_container.FEW_ROUNDS
    container = key_container.pfx(
        material.key, material.certificate, phrase, material.chain, modern=pair.modern, rounds=rounds
    )
    imported = write(
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
    return [dataclasses.replace(one, touches=STORES) for one in (*_chain(pair, material), imported)]


def next_slot(pair: Pair, present: list[Installed], named: Named | None) -> str:
    """Return the file for a new pair: one that is not there, else the one that the settings do not name, else the one
    that expires first.
    """
    taken = {h.pair.path: h for h in present}
    free = [slot for slot in pair.slots if slot not in taken]
    if free:
        return free[0]
    unnamed = [s for s in pair.slots if not (named and named.file and windows_path.same(named.file, s))]
    return min(unnamed, key=lambda slot: taken[slot].certificate.not_after)


def _folder(pair: Pair, ask: Ask) -> list[Operation]:
    folder = pair.path.rpartition("\\")[0]
    if ask(probe.file(folder)) is not None:
        return []
    return [write(f"create the folder {folder}", "folder", path=folder, sddl=broad_groups.NEW_FOLDER)]


def _file(pair: Pair, material: Material | None, does: str, sid: str, ask: Ask) -> Operation:
    if material is None:
        return write(does, "file", path=pair.path)
    present = ask(probe.file(pair.path))
    rounds = key_container.ROUNDS
    container = key_container.pfx(
        material.key, material.certificate, pair.file_password, material.chain, modern=pair.modern, rounds=rounds
    )
    return write(
        does,
        "file",
        secret=True,
        path=pair.path,
        content=base64.b64encode(container).decode(),
        expect=present["sha256"] if present else "absent",
        sddl=secret_files.rights(sid),
        backups=0,
    )


def _chain(pair: Pair, material: Material) -> list[Operation]:
    """Return the import of intermediate certificates, which the server sends to clients. A root is left out:
    whom to trust is not decided here.
    """
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
                thumbprint=describe(der).thumbprint,
                keyless=True,
            )
        )
    return operations
