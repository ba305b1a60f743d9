"""The vendor's tools Usercube-Protect-X509JsonFile.exe and Usercube-Protect-CertificatePassword.exe, and how the agent
reads what they wrote: our model of them.

The page "Usercube-Protect-X509JsonFile" says that every value of a JSON file becomes a text that only the pair of
EncryptionCertificate opens, and that two runs give different texts. The texts themselves are ours: a random AES key,
sealed with RSA, then the value.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import re
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import pkcs12

from ..certificates.stores import CertificateStores, StoredCertificate
from ..files.file_system import FileSystem
from .dotnet_config import BadConfiguration, Configuration, loads

MARK = "kxABA"
_PRODUCT_KEY = b"the same in every installation !!"[:32]
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class CannotOpen(Exception):
    """A protected text that this pair does not open."""


def pair(files: FileSystem, certificates: CertificateStores, settings: Configuration) -> StoredCertificate | None:
    """Return the pair that EncryptionCertificate names, in a file or a store, or None."""
    section = "EncryptionCertificate"
    file = settings.get(f"{section}:File")
    if file:
        return _in_file(files, file, settings.get(f"{section}:Password") or "")
    location, store = settings.get(f"{section}:StoreLocation") or "", settings.get(f"{section}:StoreName") or ""
    return certificates.find(location, store, settings.get(f"{section}:Thumbprint") or "")


def _in_file(files: FileSystem, path: str, password: str) -> StoredCertificate | None:
    """Return the pair of a PFX by its absolute path; its key file is the PFX itself, as far as rights go."""
    if not files.is_file(path):
        return None
    try:
        key, certificate = container(files.read(path), password)
    except ValueError:
        return None
    if key is None or certificate is None:
        return None
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return StoredCertificate(certificate.public_bytes(serialization.Encoding.DER), pem, path)


@functools.lru_cache(64)
def container(content: bytes, password: str) -> tuple[t.Any, x509.Certificate | None]:
    """Return key and certificate of a PFX with the password of the settings; raises ValueError and CannotOpen. Kept,
    since opening one is slow on purpose.
    """
    key, certificate, _chain = pkcs12.load_key_and_certificates(content, opened_password(password).encode() or None)
    return key, certificate


@functools.lru_cache(64)
def friendly_name(content: bytes, password: str) -> bytes | None:
    """Return the friendly name in a PFX, which its key has as well, or None; raises as ``container``."""
    found = pkcs12.load_pkcs12(content, opened_password(password).encode() or None)
    return found.cert.friendly_name if found.cert else None


@functools.lru_cache(64)
def _private_key(pem: bytes) -> t.Any:
    return serialization.load_pem_private_key(pem, None)


def json_file(files: FileSystem, certificates: CertificateStores, folder: str, arguments: list[str]) -> tuple[int, str]:
    """Write the input with every value protected."""
    try:
        source = arguments[arguments.index("--input-json-file-path") + 1]
        target = arguments[arguments.index("--output-json-file-path") + 1]
        settings = Configuration()
        settings.add(loads(files.read(f"{folder}\\appsettings.json").decode("utf-8-sig"), "appsettings.json"))
        data = loads(files.read(source).decode("utf-8-sig"), "input")
    except (ValueError, IndexError, BadConfiguration) as error:
        return 1, f"The arguments or files cannot be read: {error}"
    found = pair(files, certificates, settings)
    if found is None:
        return 2, "The certificate of EncryptionCertificate cannot be loaded."
    key = found.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    files.write(target, json.dumps(_sealed(data, key), indent=2).encode())
    return 0, "Done."


def _sealed(data: t.Any, key: rsa.RSAPublicKey) -> t.Any:
    if isinstance(data, dict):
        return {name: _sealed(value, key) for name, value in data.items()}
    if isinstance(data, list):
        return [_sealed(value, key) for value in data]
    secret, nonce = os.urandom(32), os.urandom(12)
    text = data if isinstance(data, str) else json.dumps(data)
    body = AESGCM(secret).encrypt(nonce, text.encode(), None)
    return MARK + base64.b64encode(key.encrypt(secret, _OAEP) + nonce + body).decode()


def opened(text: str, stored: StoredCertificate) -> str:
    """Return a protected value in clear; raises CannotOpen."""
    key = _private_key(stored.key or b"")
    assert isinstance(key, rsa.RSAPrivateKey)
    try:
        raw = base64.b64decode(text.removeprefix(MARK), validate=True)
        size = key.key_size // 8
        secret = key.decrypt(raw[:size], _OAEP)
        return AESGCM(secret).decrypt(raw[size : size + 12], raw[size + 12 :], None).decode()
    except Exception:
        raise CannotOpen("the value was not protected with this certificate") from None


def certificate_password(arguments: list[str]) -> tuple[int, str]:
    """Say a PFX password as the settings may have it: two parts in base64, joined with ``@``."""
    if len(arguments) != 2 or arguments[0] != "--pfx-password":
        return 1, "Required option 'pfx-password' is missing."
    nonce = os.urandom(12)
    body = AESGCM(_PRODUCT_KEY).encrypt(nonce, _unquoted(arguments[1]).encode(), None)
    return 0, f"{base64.b64encode(nonce).decode()}@{base64.b64encode(body).decode()}"


def opened_password(text: str) -> str:
    """Return a certificate's password as the agent reads it: one ``@`` in front of a clear one that has an ``@``."""
    if text.startswith("@") or "@" not in text:
        return text.removeprefix("@")
    try:
        nonce, body = (base64.b64decode(part, validate=True) for part in text.split("@"))
        return AESGCM(_PRODUCT_KEY).decrypt(nonce, body, None).decode()
    except Exception:
        raise CannotOpen("the password was not made by the tool") from None


def _unquoted(argument: str) -> str:
    """Return an argument as a program sees it that was quoted on the command line."""
    quoted = len(argument) > 1 and argument.startswith('"') and argument.endswith('"')
    inside = argument[1:-1] if quoted else argument
    inside = re.sub(r'(\\+)"', lambda match: match[1][: len(match[1]) // 2] + '"', inside)
    return re.sub(r"(\\+)$", lambda match: match[1][: len(match[1]) // 2], inside) if quoted else inside
