"""Where a secret is on an emulated server: a search of all that the server keeps, which knows nothing of our code."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import typing as t

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from emulator.windows.agent import protect_tools
from emulator.windows.iis import schema_values
from emulator.windows.machine import Machine

HISTORY = {
    "event logs": "Windows keeps its logs until they are full, and a policy may have it note command lines and scripts",
    "process list": "of programs that ran: an event 4688 of each, where process creation is audited",
}
"""What Windows itself keeps, and nobody but its administrators may clear."""


def text_forms(secret: str) -> set[bytes]:
    """Return the bytes that a text may be kept as: in UTF-8 and UTF-16, as JSON or IIS writes it, in base64."""
    plain = {secret, json.dumps(secret)[1:-1], schema_values.secret(secret, "AnyProvider").split(":")[2]}
    forms = {one.encode(coding) for one in plain for coding in ("utf-8", "utf-16-le")}
    for lead in range(3):  # base64 of a longer text with it inside, but for what depends on its neighbours
        inside = base64.b64encode(b"x" * lead + secret.encode())
        forms.add(inside[4 if lead else 0 : len(inside) // 4 * 4 - 4])
    return {form for form in forms if form}


def key_forms(pem: bytes) -> set[bytes]:
    """Return the bytes that a private key may be kept as; ``pem``: PKCS#8, not encrypted."""
    key = serialization.load_pem_private_key(pem, None)
    forms = {hashlib.sha256(pem).digest()}  # what the emulator's key files hold
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
        forms |= {der, base64.b64encode(der), base64.b64encode(der)[:64]}
    return forms


def found(machine: Machine, forms: t.Collection[bytes]) -> list[str]:
    """Return the places of a server where one of some byte strings is."""
    places = [*_places(machine), *_opened(machine)]
    return [place for place, content in places if any(form in content for form in forms)]


def _opened(machine: Machine) -> t.Iterator[tuple[str, bytes]]:
    """Yield each file with encrypted settings as whoever has the server's key pairs and the product reads it."""
    pairs = [one for one in machine.certificates.all("LocalMachine", "My") or () if one.key]
    for node in _files(machine):
        for text in re.findall(rf"{protect_tools.MARK}[\w+/=]+", (node.content or b"").decode("utf-8", "replace")):
            for pair in pairs:
                with contextlib.suppress(protect_tools.CannotOpen):
                    yield node.path, protect_tools.opened(text, pair).encode()
        for text in re.findall(rb"[\w+/=]{16}@[\w+/=]{24,}", node.content or b""):
            with contextlib.suppress(protect_tools.CannotOpen):  # of the vendor's tool for passwords of PFX files
                yield node.path, protect_tools.opened_password(text.decode()).encode()


def holds_key(machine: Machine, pem: bytes, passwords: t.Iterable[str]) -> list[str]:
    """Return the places of a server that a private key can be had from, PFX files with some passwords among them."""
    public = _public(serialization.load_pem_private_key(pem, None))
    stored = [
        f"certificate {one.thumbprint} in {location}\\{store}"
        for location in ("LocalMachine", "CurrentUser")
        for store in ("My", "WebHosting", "Root", "CA", "TrustedPeople")
        for one in machine.certificates.all(location, store) or ()
        if one.key and _public(serialization.load_pem_private_key(one.key, None)) == public
    ]
    files = [
        node.path
        for node in _files(machine)
        if node.content and node.content[:1] == b"0" and _opens(node.content, public, passwords)
    ]
    return [*found(machine, key_forms(pem)), *stored, *files]


def _opens(content: bytes, public: bytes, passwords: t.Iterable[str]) -> bool:
    for password in passwords:
        try:
            key, _certificate, _more = pkcs12.load_key_and_certificates(content, password.encode() or None)
        except ValueError:
            continue
        return key is not None and _public(key) == public
    return False


def _public(key: t.Any) -> bytes:
    made: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return made


def _files(machine: Machine) -> t.Iterator[t.Any]:
    for drive in sorted(machine.files.drives):
        yield from machine.files.walk(f"{drive}:\\")


def _places(machine: Machine) -> t.Iterator[tuple[str, bytes]]:
    for node in _files(machine):
        yield node.path, node.path.encode() + b"\0" + (node.content or b"")
    dump = machine.dump()
    for key, values in dump["registry"].items():
        yield f"registry {key}", json.dumps(values, ensure_ascii=False).encode()
    for part in ("services", "accounts", "certificates", "iis"):
        yield part, json.dumps(dump[part], ensure_ascii=False).encode()
    for name, password in machine.services.passwords.items():
        yield f"password of service {name}", password.encode()
    yield "event logs", json.dumps(dump["events"], ensure_ascii=False).encode()
    yield "process list", "\n".join(dump["processes"]).encode()
