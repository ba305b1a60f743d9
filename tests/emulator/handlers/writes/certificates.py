"""Certificates of the stores."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ...windows.errors import WindowsError
from ...windows.machine import Machine
from .operation import Operation, Result, text


def add(machine: Machine, operation: Operation, check: bool) -> Result:
    """Import a PFX, or a certificate without its key."""
    location, store = operation.get("location") or "LocalMachine", operation.get("store") or "My"
    wanted = text(operation, "thumbprint").upper()
    if machine.certificates.all(location, store) is None:
        raise WindowsError(
            "System.Security.Cryptography.CryptographicException", "The system cannot find the file specified.\r\n"
        )
    present = machine.certificates.find(location, store, wanted)
    keyless = bool(operation.get("keyless"))
    if present and (keyless or present.key):
        return {"changed": False, "thumbprint": wanted}
    if check:
        return {"changed": True, "thumbprint": wanted}
    if keyless:
        return _keyless(machine, base64.b64decode(text(operation, "content")), wanted, location, store)
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(
            base64.b64decode(text(operation, "content")), str(operation.get("password") or "").encode() or None
        )
    except ValueError:
        raise WindowsError(
            "System.Security.Cryptography.CryptographicException", "The specified network password is not correct.\r\n"
        ) from None
    assert certificate is not None
    der = certificate.public_bytes(serialization.Encoding.DER)
    thumbprint = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    if thumbprint != wanted:
        raise WindowsError("WrongCertificate", f"the PFX holds the certificate {thumbprint}, not {wanted}")
    if key is None:
        raise WindowsError("NoPrivateKey", f"the PFX of {wanted} holds no private key")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    machine.certificates.add(location, store, der, pem, exportable=bool(operation.get("exportable")))
    return {"changed": True, "thumbprint": thumbprint}


def _keyless(machine: Machine, der: bytes, wanted: str, location: str, store: str) -> Result:
    found = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    if found != wanted:
        raise WindowsError("WrongCertificate", f"the PFX holds the certificate {found}, not {wanted}")
    machine.certificates.add(location, store, der, None)
    return {"changed": True, "thumbprint": found}


def remove(machine: Machine, operation: Operation, check: bool) -> Result:
    """Remove a certificate."""
    location, store = operation.get("location") or "LocalMachine", operation.get("store") or "My"
    thumbprint = text(operation, "thumbprint")
    there = machine.certificates.find(location, store, thumbprint) is not None
    if there and not check:
        machine.certificates.remove(location, store, thumbprint)
    return {"changed": there}
