"""ansible.windows.win_certificate_info: the certificates of a store, as .NET and Windows describe them."""

from __future__ import annotations

import base64
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from ..model.call import Call, ModuleFailure, handles
from ..windows.certificates.stores import StoredCertificate
from .ansible_windows_certificates import LOCATIONS

_FIELDS = {
    "2.5.29.14": "Subject Key Identifier",
    "2.5.29.15": "Key Usage",
    "2.5.29.17": "Subject Alternative Name",
    "2.5.29.19": "Basic Constraints",
    "2.5.29.35": "Authority Key Identifier",
    "2.5.29.37": "Enhanced Key Usage",
}
_USAGES = {
    "digital_signature": (0x80, "DigitalSignature", "Digital Signature"),
    "content_commitment": (0x40, "NonRepudiation", "Non-Repudiation"),
    "key_encipherment": (0x20, "KeyEncipherment", "Key Encipherment"),
    "data_encipherment": (0x10, "DataEncipherment", "Data Encipherment"),
    "key_agreement": (0x08, "KeyAgreement", "Key Agreement"),
    "key_cert_sign": (0x04, "KeyCertSign", "Certificate Signing"),
    "crl_sign": (0x02, "CrlSign", "Off-line CRL Signing, CRL Signing"),
}
_PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "Server Authentication",
    "1.3.6.1.5.5.7.3.2": "Client Authentication",
    "1.3.6.1.5.5.7.3.3": "Code Signing",
    "1.3.6.1.5.5.7.3.4": "Secure Email",
    "1.3.6.1.5.5.7.3.8": "Time Stamping",
}
_SIMPLE = (
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.EMAIL_ADDRESS,
)


@handles("ansible.windows.win_certificate_info")
def win_certificate_info(call: Call) -> dict[str, t.Any]:
    """List a store's certificates, or the one of a thumbprint; a store that is not there has none."""
    location, store, thumbprint = (call.arguments[name] for name in ("store_location", "store_name", "thumbprint"))
    if location is None or location.lower() not in {known.lower() for known in LOCATIONS}:
        message = f"value of store_location must be one of: {', '.join(LOCATIONS)}. Got no match for: {location}"
        raise ModuleFailure(message)
    wanted = None if thumbprint is None else "".join(thumbprint.split()).upper()
    held = call.machine.certificates.all(location, store) or []
    listed = sorted((one for one in held if wanted in {None, one.thumbprint}), key=lambda one: one.thumbprint)
    return {"changed": False, "exists": bool(listed), "certificates": [_shown(one) for one in listed]}


def _shown(stored: StoredCertificate) -> dict[str, t.Any]:
    parsed = stored.certificate
    begin, end = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    number = parsed.serial_number
    algorithm = parsed.signature_hash_algorithm
    named = _simple(parsed.subject)
    extensions: list[dict[str, t.Any]] = []
    shown: dict[str, t.Any] = {
        "archived": False,
        "dns_names": [named],
        "extensions": extensions,
        "friendly_name": "",
        "has_private_key": stored.key is not None,
        "issued_by": _simple(parsed.issuer),
        "issued_to": named,
        "issuer": stored.issuer,
        "public_key": base64.b64encode(_public_key(parsed)).decode(),
        "raw": base64.b64encode(stored.der).decode(),
        "serial_number": number.to_bytes(number.bit_length() // 8 + 1, "big").hex().upper(),
        "signature_algorithm": f"{algorithm.name if algorithm else ''}{_kind(parsed)}",
        "subject": stored.subject,
        "thumbprint": stored.thumbprint,
        "valid_from": int(begin.timestamp()),
        "valid_from_iso8601": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
        "valid_to": int(end.timestamp()),
        "valid_to_iso8601": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "version": parsed.version.value + 1,
    }
    for extension in parsed.extensions:
        words, more = _described(extension.value)
        oid = extension.oid.dotted_string
        extensions.append({"critical": extension.critical, "field": _FIELDS.get(oid, oid), "value": words})
        shown["dns_names"] += more.pop("dns_names", [])
        shown.update(more)
    return shown


def _kind(parsed: x509.Certificate) -> str:
    return "RSA" if parsed.signature_algorithm_oid.dotted_string.startswith("1.2.840.113549.1.1.") else "ECDSA"


def _public_key(parsed: x509.Certificate) -> bytes:
    key = parsed.public_key()
    if _kind(parsed) == "RSA":
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _simple(name: x509.Name) -> str:
    """Return what stands for a name: the common name, or the next best part."""
    for oid in (*_SIMPLE, *(attribute.oid for attribute in name)):
        if found := name.get_attributes_for_oid(oid):
            return str(found[-1].value)
    return ""


def _described(value: x509.ExtensionType) -> tuple[str, dict[str, t.Any]]:
    """Return Windows's words for an extension, and what the module takes out of it."""
    if isinstance(value, x509.BasicConstraints):
        limit = "None" if value.path_length is None else value.path_length
        words = f"Subject Type={'CA' if value.ca else 'End Entity'}, Path Length Constraint={limit}"
        return words, {"is_ca": value.ca, "path_length_constraint": value.path_length or 0}
    if isinstance(value, x509.KeyUsage):
        used = [_USAGES[name] for name in _USAGES if getattr(value, name)]
        bits = sum(bit for bit, _, _ in used)
        words = f"{', '.join(words for _, _, words in used)} ({bits:02x})"
        return words, {"key_usages": [name for _, name, _ in reversed(used)]}
    if isinstance(value, x509.ExtendedKeyUsage):
        oids = [oid.dotted_string for oid in value]
        names = [_PURPOSES.get(oid) for oid in oids]
        words = ", ".join(f"{_PURPOSES.get(oid, 'Unknown Key Usage')} ({oid})" for oid in oids)
        return words, {"intended_purposes": None if names == [None] else [name or "" for name in names]}
    # Belief [extension-words]: Windows shows a key's identifier as bare pairs of digits, and several alternative names
    # as "DNS Name=a, DNS Name=b" and "IP Address=192.0.2.7"; the module reads "DNS Name=" of it.
    if isinstance(value, x509.SubjectKeyIdentifier):
        return value.digest.hex(" "), {"ski": value.digest.hex().upper()}
    if isinstance(value, x509.AuthorityKeyIdentifier):
        return f"KeyID={(value.key_identifier or b'').hex(' ')}", {}
    if isinstance(value, x509.SubjectAlternativeName):
        hosts, addresses = value.get_values_for_type(x509.DNSName), value.get_values_for_type(x509.IPAddress)
        listed = [*(f"DNS Name={host}" for host in hosts), *(f"IP Address={address}" for address in addresses)]
        return ", ".join(listed), {"dns_names": hosts}
    return value.public_bytes().hex(" "), {}
