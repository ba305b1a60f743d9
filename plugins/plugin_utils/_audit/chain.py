# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The records of a server as a chain: each names the digest of the one before it, and may be signed."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import json
import re
import typing as t
import urllib.parse

from .._core.plan import Refused
from .record import Record, encoded

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_NAME = re.compile(r"(\d{6,})\.json")
ALGORITHM = "Ed25519"
_NO_KEY = "wanted an Ed25519 key in PEM, as 'openssl genpkey -algorithm ed25519' makes it"


def folder(server: str) -> str:
    """Return the name of a server's folder: the server's, with what may not stand in a file's name escaped."""
    name = urllib.parse.quote(server, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def server(name: str) -> str:
    """Return the server of a folder."""
    return urllib.parse.unquote(name)


def file(sequence: int) -> str:
    """Return the name of a record's file."""
    return f"{sequence:06}.json"


def sequence(name: str) -> int:
    """Return the number of a record's file, 0 for another file."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found and name == file(int(found[1])) else 0


def digest(content: bytes) -> str:
    """Return the digest of a record's file."""
    return hashlib.sha256(content).hexdigest()


def linked(record: Record, number: int, former: bytes | None, key: Ed25519PrivateKey | None) -> bytes:
    """Return a record's file as the next one of its chain.

    Args:
        record: the record.
        number: its place in the chain, from 1 on.
        former: the file before it; None for the first.
        key: what it is signed with; None: it is not.
    """
    whole = {**record, "sequence": number, "former": digest(former) if former is not None else ""}
    whole.pop("signature", None)
    if key is not None:
        signature = base64.b64encode(key.sign(encoded(whole))).decode()
        whole["signature"] = {"algorithm": ALGORITHM, "key": public(key.public_key()), "value": signature}
    return encoded(whole)


def public(key: Ed25519PublicKey) -> str:
    """Return a public key as records have it."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def private_key(text: str) -> Ed25519PrivateKey:
    """Return the key of a PEM text; raises Refused."""
    try:
        key = serialization.load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused(f"signing_key: found a text that is no private key without a passphrase, {_NO_KEY}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"signing_key: found a key of another kind, {_NO_KEY}")
    return key


def public_key(text: str) -> Ed25519PublicKey:
    """Return the key of a PEM text, or of the base64 that records have; raises Refused."""
    try:
        if "-----BEGIN" not in text:
            return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused("public_key: found no public key, wanted one of Ed25519 in PEM or base64") from None
    if not isinstance(key, Ed25519PublicKey):
        raise Refused("public_key: found a key of another kind, wanted one of Ed25519")
    return key


@dataclasses.dataclass(frozen=True)
class Problem:
    """The first thing that is wrong with a server's chain.

    Attributes:
        server: whose chain.
        record: the record's file.
        what: changed, removed, reordered or added.
        why: how that shows.
    """

    server: str
    record: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.server}: {self.record} was {self.what}: {self.why}"


@dataclasses.dataclass(frozen=True)
class Head:
    """The newest record of a server.

    Attributes:
        sequence: its number.
        digest: of its file.
    """

    sequence: int
    digest: str


def checked(
    name: str, files: t.Mapping[str, bytes], key: Ed25519PublicKey | None = None, head: Head | None = None
) -> Problem | None:
    """Return the first thing that is wrong with the files of a server, None for nothing.

    Args:
        name: the server.
        files: the content of each file, by its name.
        key: what each record has to be signed with; None: signatures are not looked at.
        head: a record that was there before.
    """
    strange = sorted(one for one in files if not sequence(one))
    if strange:
        return Problem(name, strange[0], "added", "it has no name of a record")
    before: bytes | None = None
    for number in range(1, max(map(sequence, files), default=0) + 1):
        content = files.get(file(number))
        if content is None:
            return Problem(name, file(number), "removed", "there are later ones")
        found = _wrong_alone(name, number, content, files, key) or _wrong_link(name, number, content, before, files)
        if found:
            return found
        if head and number == head.sequence and digest(content) != head.digest:
            return Problem(name, file(number), "changed", "its digest is not the one that is known")
        before = content
    if head and not files.get(file(head.sequence)):
        return Problem(name, file(head.sequence), "removed", "its digest is known, and it is not there")
    return None


def _wrong_alone(
    name: str, number: int, content: bytes, files: t.Mapping[str, bytes], key: Ed25519PublicKey | None
) -> Problem | None:
    """Return what is wrong with a record whatever the others are."""
    record = read(content)
    if record is None or encoded(record) != content:
        return Problem(name, file(number), "changed", "it is not what this collection writes")
    if record.get("server") != name:
        return Problem(name, file(number), "added", "it is a record of another server")
    if key is not None and not _is_signed(record, key):
        unsigned = "signature" not in record
        return Problem(name, file(number), "added" if unsigned else "changed", "its signature is not of this key")
    if record.get("sequence") != number:
        other = files.get(file(int(record["sequence"]))) if isinstance(record.get("sequence"), int) else None
        what = "reordered" if other is not None else "changed"
        return Problem(name, file(number), what, f"it says that it is number {record.get('sequence')}")
    return None


def _wrong_link(
    name: str, number: int, content: bytes, before: bytes | None, files: t.Mapping[str, bytes]
) -> Problem | None:
    """Return what is wrong between a record and the one before it."""
    former = (read(content) or {}).get("former")
    if former == (digest(before) if before is not None else ""):
        return None
    after = read(files.get(file(number + 1), b"")) or {}
    if before is None or after.get("former") == digest(before):
        return Problem(name, file(number), "added", "it does not follow on the one before it")
    return Problem(name, file(number - 1), "changed", f"{file(number)} has another digest of it")


def _is_signed(record: Record, key: Ed25519PublicKey) -> bool:
    signature = record.get("signature")
    if not isinstance(signature, dict) or signature.get("key") != public(key):
        return False
    try:
        value = base64.b64decode(str(signature.get("value")), validate=True)
        key.verify(value, encoded({name: part for name, part in record.items() if name != "signature"}))
    except (ValueError, InvalidSignature):
        return False
    return True


def read(content: bytes) -> Record | None:
    """Return the record of a file, None where it is none."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
