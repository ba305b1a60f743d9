"""A PFX container that a test made is not opened: OpenSSL checks its RSA key each time, a third of a chain's CPU."""

from __future__ import annotations

import typing as t

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12


def opened_once(patched: pytest.MonkeyPatch) -> None:
    """Keep what containers hold that were made or opened before, by their bytes and password.

    Args:
        patched: undoes it.
    """
    known: dict[tuple[bytes, bytes | None], t.Any] = {}
    opened, made = pkcs12.load_key_and_certificates, pkcs12.serialize_key_and_certificates

    def make(name: t.Any, key: t.Any, certificate: t.Any, chain: t.Any, encryption: t.Any) -> bytes:
        content = made(name, key, certificate, chain, encryption)
        known[content, getattr(encryption, "password", None)] = key, certificate, list(chain or ())
        return content

    def once(content: bytes, password: bytes | None, backend: t.Any = None) -> t.Any:
        found = bytes(content), password
        if found not in known:
            known[found] = opened(content, password, backend)
        return known[found]

    patched.setattr(pkcs12, "serialize_key_and_certificates", make)
    patched.setattr(pkcs12, "load_key_and_certificates", once)
