"""ansible.windows.win_certificate_store."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError

LOCATIONS = ("CurrentUser", "LocalMachine")
WRONG_PASSWORD = "The specified network password is not correct.\r\n"
NO_CERTIFICATE = "Cannot find the requested object.\r\n"
NO_STORE = "The system cannot find the file specified"
_PEM = b"-----BEGIN CERTIFICATE-----"


@handles("ansible.windows.win_certificate_store")
def win_certificate_store(call: Call) -> dict[str, t.Any]:
    """Import, export or remove certificates; a file that is named is opened on every run."""
    arguments = call.arguments
    location, store = _place(call)
    result: dict[str, t.Any] = {"changed": False, "thumbprints": []}
    state = arguments["state"].lower()
    if state == "exported":
        return _export(call, location, store, result)
    if state == "absent" and arguments["path"] is None:
        return _remove(call, location, store, arguments["thumbprint"], result)
    found, key = _file(call, result)
    der = found.public_bytes(serialization.Encoding.DER)
    thumbprint = _thumbprint(found)
    if state == "absent":
        return _remove(call, location, store, thumbprint, result)
    present = call.machine.certificates.find(location, store, thumbprint)
    result["thumbprints"] = [thumbprint]
    result["changed"] = present is None or bool(key and not present.key)
    if result["changed"] and not call.check:
        call.machine.certificates.add(location, store, der, key, exportable=arguments["key_exportable"])
    return result


def _place(call: Call) -> tuple[str, str]:
    """Return location and store, which must be there."""
    location, store = call.arguments["store_location"], call.arguments["store_name"]
    if call.arguments["store_type"].lower() == "service":
        if call.machine.services.get(location) is None:
            message = f"value of store_location '{location}' is not a valid windows service"
            raise ModuleFailure(message, thumbprints=[])
        raise ModuleFailure("the emulator has no certificate stores of services")
    if location.lower() not in {known.lower() for known in LOCATIONS}:
        raise ModuleFailure(
            f"value of store_location must be one of: {', '.join(LOCATIONS)}. Got no match for: {location}",
            thumbprints=[],
        )
    store = "CA" if store.lower() == "certificateauthority" else store
    if call.machine.certificates.all(location, store) is None:
        raise ModuleFailure(
            f"unable to find store '{store}': (CertOpenStore failed ({NO_STORE}, Win32ErrorCode 2 - 0x00000002))",
            thumbprints=[],
        )
    return location, store


def _thumbprint(certificate: x509.Certificate) -> str:
    der = certificate.public_bytes(serialization.Encoding.DER)
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def _remove(call: Call, location: str, store: str, thumbprint: str, result: dict[str, t.Any]) -> dict[str, t.Any]:
    result["thumbprints"] = [thumbprint]
    result["changed"] = call.machine.certificates.find(location, store, thumbprint) is not None
    if result["changed"] and not call.check:
        call.machine.certificates.remove(location, store, thumbprint)
    return result


def _export(call: Call, location: str, store: str, result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Write a certificate's file, unless it is that certificate's already."""
    files, path, kind = call.machine.files, call.arguments["path"], call.arguments["file_type"].lower()
    thumbprint = call.arguments["thumbprint"]
    result["thumbprints"] = [thumbprint]
    if files.is_folder(path):
        raise ModuleFailure(f"Cannot export cert to path '{path}' as it is a directory", **result)
    if files.is_file(path) and _holds(call, path, kind, thumbprint):
        return result
    stored = call.machine.certificates.find(location, store, thumbprint)
    if stored is None:
        raise ModuleFailure("Found 0 certs when only expecting 1", **result)
    if kind == "pkcs12":
        raise ModuleFailure("the emulator's win_certificate_store exports no private keys")
    if files.is_file(path):  # the module removes it before it asks for check mode
        files.remove(path, force=True)
        result["changed"] = True
    if not call.check:
        try:
            files.write(path, _as_pem(stored.der) if kind == "pem" else stored.der)
        except WindowsError as error:
            reasons = {"System.UnauthorizedAccessException": "permissions"}
            why = reasons.get(error.type_name, "IO Exception")
            raise ModuleFailure(f"Failed to write cert to file due to {why}: {error.message}", **result) from None
    result["changed"] = True
    return result


def _as_pem(der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[i : i + 76] for i in range(0, len(text), 76)]
    return "\r\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"]).encode()


def _holds(call: Call, path: str, kind: str, thumbprint: str) -> bool:
    """Tell whether a file is of a kind and has a certificate, as the module finds out."""
    content = call.machine.files.read(path)
    try:
        found, key = _file(call, {})
    except ModuleFailure:
        return False
    pkcs12_name = path.endswith((".pfx", ".p12"))
    actual = "pem" if content.startswith(_PEM) else "pkcs12" if key or pkcs12_name else "der"
    return actual == kind and _thumbprint(found) == thumbprint.upper()


def _file(call: Call, result: dict[str, t.Any]) -> tuple[x509.Certificate, bytes | None]:
    """Return certificate and private key of a file on the server."""
    path = call.arguments["path"]
    if not call.machine.files.is_file(path):
        raise ModuleFailure(f"File at '{path}' either does not exist or is not a file", **result)
    content = call.machine.files.read(path)
    if content.startswith(_PEM):
        return x509.load_pem_x509_certificate(content), None
    with contextlib.suppress(ValueError):
        return x509.load_der_x509_certificate(content), None
    try:
        password = (call.arguments["password"] or "").encode() or None
        key, certificate, _ = pkcs12.load_key_and_certificates(content, password)
    except ValueError as error:
        why = WRONG_PASSWORD if "password" in str(error).lower() else NO_CERTIFICATE
        message = f'Failed to load cert from file: Exception calling "Import" with "3" argument(s): "{why}"'
        raise ModuleFailure(message, **result) from None
    assert certificate is not None
    if key is None:
        return certificate, None
    plain = serialization.NoEncryption()
    return certificate, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
