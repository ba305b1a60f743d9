"""The fleet's certificate authority, made at each start, and a certificate for each host: clients really validate
them.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PRINCIPAL_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Authority:
    """A certificate authority whose key lives in memory only.

    Args:
        folder: where its certificate (``ca.pem``) and the hosts' files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._issuer = _name("Emulated Windows servers")
        builder = self._builder(self._issuer, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), False
        )
        usage |= {
            "key_agreement": False,
            "key_cert_sign": True,
            "crl_sign": True,
            "encipher_only": False,
            "decipher_only": False,
        }
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        certificate = builder.sign(self._key, hashes.SHA256())
        self.file = folder / "ca.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self._issuer, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
            now + datetime.timedelta(days=30)
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(key)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(identifier, critical=False).add_extension(authority, critical=False)

    def context(self, name: str, address: str) -> tuple[ssl.SSLContext, bytes]:
        """Return the TLS context of a host, its certificate good for name and address, and the certificate's hash."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(address))]
        builder = self._builder(_name(name), key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        made = builder.sign(self._key, hashes.SHA256())
        certificate = made.public_bytes(serialization.Encoding.PEM)
        file = _kept(self._folder / f"{address}.pem", _pem(key) + certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        file.unlink()
        # HTTP.sys asks for a client's certificate where a listener takes them; who has none logs on otherwise.
        context.load_verify_locations(self.file)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context, made.fingerprint(hashes.SHA256())

    def client(self, user: str) -> tuple[Path, Path]:
        """Return the files of a client's certificate and of its key. WinRM maps one to an account by the principal name
        in it, learn.microsoft.com "Authentication for remote connections", Client certificate-based authentication.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(user), key.public_key())
        utf8 = b"\x0c" + bytes([len(user.encode())]) + user.encode()  # DER of a UTF8String
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.OtherName(PRINCIPAL_NAME, utf8)]), critical=False
        )
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        made = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        stem = hashlib.sha256(user.encode()).hexdigest()[:8]
        return _kept(self._folder / f"client-{stem}.pem", made), _kept(self._folder / f"client-{stem}.key", _pem(key))


def user_of(certificate: bytes | None) -> str:
    """Return the principal name in a client's certificate (DER), without its domain; empty for none."""
    if not certificate:
        return ""
    names = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    others = names.value.get_values_for_type(x509.OtherName)
    found = next((one.value[2:].decode() for one in others if one.type_id == PRINCIPAL_NAME), "")
    return found.partition("@")[0]


def _kept(file: Path, content: bytes) -> Path:
    file.touch(mode=0o600)
    file.write_bytes(content)
    return file
