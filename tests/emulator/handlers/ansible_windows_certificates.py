"""ansible.windows.win_certificate_store and win_certificate_info."""

from __future__ import annotations

import base64
import hashlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ..model.call import Call, ModuleFailure, handles
from ..windows.certificates import StoredCertificate


@handles("ansible.windows.win_certificate_store")
def win_certificate_store(call: Call) -> dict[str, t.Any]:
    """Import or remove certificates; the file is opened on every run."""
    arguments, stores = call.arguments, call.machine.certificates
    location, store = arguments.get("store_location") or "LocalMachine", arguments.get("store_name") or "My"
    store = "CA" if store == "CertificateAuthority" else store
    if stores.all(location, store) is None:
        raise ModuleFailure(f"unable to find store '{store}': (The system cannot find the file specified)")
    state = arguments.get("state") or "present"
    if state == "exported":
        raise ModuleFailure("the emulator's win_certificate_store does not export")
    if state == "absent" and not arguments.get("path"):
        thumbprint = str(arguments["thumbprint"]).upper()
        there = stores.find(location, store, thumbprint) is not None
        if there and not call.check:
            stores.remove(location, store, thumbprint)
        return {"changed": there, "thumbprints": [arguments["thumbprint"]]}
    found, key = _file(call)
    der = found.public_bytes(serialization.Encoding.DER)
    thumbprint = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    present = stores.find(location, store, thumbprint)
    if state == "absent":
        if present and not call.check:
            stores.remove(location, store, thumbprint)
        return {"changed": present is not None, "thumbprints": [thumbprint]}
    changed = present is None or bool(key and not present.key)
    if changed and not call.check:
        exportable = bool(arguments.get("key_exportable", True))
        stores.add(location, store, der, key, exportable=exportable)
    return {"changed": changed, "thumbprints": [thumbprint]}


def _file(call: Call) -> tuple[x509.Certificate, bytes | None]:
    """Return certificate and private key of a file on the server."""
    path = call.arguments["path"]
    if not call.machine.files.is_file(path):
        raise ModuleFailure(f"File at '{path}' either does not exist or is not a file")
    content = call.machine.files.read(path)
    if b"BEGIN CERTIFICATE" in content:
        return x509.load_pem_x509_certificate(content), None
    try:
        password = (call.arguments.get("password") or "").encode() or None
        key, certificate, _ = pkcs12.load_key_and_certificates(content, password)
    except ValueError:
        message = "Failed to load cert from file: The specified network password is not correct."
        raise ModuleFailure(message) from None
    assert certificate is not None
    if key is None:
        return certificate, None
    plain = serialization.NoEncryption()
    return certificate, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


@handles("ansible.windows.win_certificate_info")
def win_certificate_info(call: Call) -> dict[str, t.Any]:
    """List a store's certificates, or the one of a thumbprint."""
    arguments = call.arguments
    location, store = arguments.get("store_location") or "LocalMachine", arguments.get("store_name") or "My"
    wanted = (arguments.get("thumbprint") or "").upper()
    held = call.machine.certificates.all(location, store) or []
    listed = sorted((c for c in held if wanted in {"", c.thumbprint}), key=lambda c: c.thumbprint)
    return {"changed": False, "exists": bool(listed), "certificates": [_shown(c) for c in listed]}


def _shown(stored: StoredCertificate) -> dict[str, t.Any]:
    parsed = stored.certificate
    return {
        "thumbprint": stored.thumbprint,
        "subject": stored.subject,
        "issuer": ", ".join(reversed(parsed.issuer.rfc4514_string().split(","))),
        "valid_from": int(parsed.not_valid_before_utc.timestamp()),
        "valid_to": int(parsed.not_valid_after_utc.timestamp()),
        "valid_from_iso8601": parsed.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "valid_to_iso8601": parsed.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "serial_number": f"{parsed.serial_number:X}",
        "has_private_key": stored.key is not None,
        "version": parsed.version.value + 1,
        "raw": base64.b64encode(stored.der).decode(),
    }
