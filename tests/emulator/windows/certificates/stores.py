"""The certificate stores of an emulated server: real DER certificates, and private keys as files with rights."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from .. import errors
from ..clock import Clock
from ..files.file_system import FileSystem
from ..security import descriptors

STORES = ("My", "Root", "CA", "AuthRoot", "TrustedPeople", "TrustedPublisher", "Disallowed", "WebHosting")
MACHINE_KEYS = "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys"
_LABELS = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "S",
    NameOID.COUNTRY_NAME: "C",
    NameOID.EMAIL_ADDRESS: "E",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
}
KEY_RIGHTS = "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)"


@dataclasses.dataclass
class StoredCertificate:
    """A certificate in a store.

    Attributes:
        der: its bytes.
        key: the private key in PKCS#8 PEM, or None.
        key_path: the key's file, or None.
        exportable: whether Windows gives the key out.
    """

    der: bytes
    key: bytes | None = None
    key_path: str | None = None
    exportable: bool = False

    @property
    def thumbprint(self) -> str:
        """Return the SHA-1 of the DER in upper-case hex."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    @property
    def certificate(self) -> x509.Certificate:
        """Return it parsed."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def subject(self) -> str:
        """Return the subject as .NET writes it; empty for a certificate that cannot be understood."""
        try:
            return written(self.certificate.subject)
        except ValueError:
            return ""

    @property
    def issuer(self) -> str:
        """Return the issuer as .NET writes it."""
        return written(self.certificate.issuer)


def written(name: x509.Name) -> str:
    """Return a name as .NET writes it: the last part first, in quotes where there are special signs."""
    return ", ".join(
        " + ".join(f"{_label(part)}={_quoted(str(part.value))}" for part in rdn) for rdn in reversed(name.rdns)
    )


def _label(part: x509.NameAttribute[t.Any]) -> str:
    return _LABELS.get(part.oid) or f"OID.{part.oid.dotted_string}"


def _quoted(text: str) -> str:
    if text and text.strip() == text and not any(sign in text for sign in ',+="\n<>#;'):
        return text
    return '"' + text.replace('"', '""') + '"'


class CertificateStores:
    """The stores of LocalMachine and CurrentUser.

    Attributes:
        keeps_keys: whether a removed certificate leaves its key's file.
        shares_containers: whether keys of PFX files with the same friendly name share a container.
    """

    def __init__(self, files: FileSystem, clock: Clock) -> None:
        self._files, self._clock = files, clock
        self._stores: dict[tuple[str, str], dict[str, StoredCertificate]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.keeps_keys = self.shares_containers = False
        for location in ("LocalMachine", "CurrentUser"):
            for store in STORES:
                self.make_store(location, store)

    def make_store(self, location: str, store: str) -> None:
        """Make an empty store."""
        self._stores[(location.lower(), store.lower())] = {}
        self._names[(location.lower(), store.lower())] = store

    def all(self, location: str, store: str) -> list[StoredCertificate] | None:
        """Return a store's certificates, or None when there is no such store."""
        return None if (location.lower(), store.lower()) not in self._stores else list(self._shown(location, store))

    def _shown(self, location: str, store: str) -> t.Iterator[StoredCertificate]:
        """Yield what a store shows: those of the user, but for My, show the machine's certificates as well."""
        own = self._stores.get((location.lower(), store.lower()), {})
        yield from own.values()
        # Belief [user-stores]: they inherit the local machine's, Microsoft Learn "System Store Locations".
        if location.lower() == "currentuser" and store.lower() != "my":
            machine = self._stores.get(("localmachine", store.lower()), {})
            yield from (stored for thumbprint, stored in machine.items() if thumbprint not in own)

    def find(self, location: str, store: str, thumbprint: str) -> StoredCertificate | None:
        """Return one certificate, or None."""
        return next((one for one in self._shown(location, store) if one.thumbprint == thumbprint.upper()), None)

    def add(
        self, location: str, store: str, der: bytes, key: bytes | None = None, *, exportable: bool = False
    ) -> StoredCertificate:
        """Add a certificate; with a key (PKCS#8 PEM) its key file is made. One that is there is replaced."""
        where = self._stores.get((location.lower(), store.lower()))
        if where is None:
            raise errors.WindowsError(
                "System.Security.Cryptography.CryptographicException", "The system cannot find the file specified.\r\n"
            )
        stored = StoredCertificate(der, key, None, exportable)
        if key:
            name = hashlib.md5(der + location.encode(), usedforsecurity=False).hexdigest()
            stored.key_path = f"{MACHINE_KEYS}\\{name}_7c1d2f84-6f3b-4b8e-9a55-0d6c2f1e9b10"
            self._files.write(stored.key_path, hashlib.sha256(key).digest())
            self._files.set_sddl(stored.key_path, KEY_RIGHTS)
        elif stored.thumbprint in where:
            return where[stored.thumbprint]
        where[stored.thumbprint] = stored
        return stored

    def remove(self, location: str, store: str, thumbprint: str) -> bool:
        """Remove a certificate, and its key's file where that is not kept; tell whether it was there."""
        stored = self._stores.get((location.lower(), store.lower()), {}).pop(thumbprint.upper(), None)
        if stored and stored.key_path and not self.keeps_keys and self._files.exists(stored.key_path):
            self._files.remove(stored.key_path)
        return stored is not None

    def readable(self, stored: StoredCertificate, sids: t.Collection[str]) -> bool:
        """Tell whether somebody with these SIDs can use the private key."""
        path = stored.key_path
        return bool(path and self._files.exists(path) and self._files.allowed(path, sids, descriptors.READ_DATA))

    def make(
        self,
        location: str = "LocalMachine",
        store: str = "My",
        subject: str = "CN=test",
        *,
        key: bool = True,
        days: int = 365,
        key_size: int = 2048,
        names: t.Sequence[str] = (),
    ) -> StoredCertificate:
        """Make a self-signed certificate and add it (for scenarios)."""
        private = rsa.generate_private_key(65537, key_size)
        common = subject.removeprefix("CN=").split(",")[0]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        now = self._clock.now()
        begin = min(now, now + datetime.timedelta(days=days - 1)) - datetime.timedelta(days=1)
        builder = x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(now + datetime.timedelta(days=days))
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False
            )
        certificate = builder.sign(private, hashes.SHA256())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self.add(location, store, certificate.public_bytes(serialization.Encoding.DER), pem if key else None)

    def dump(self) -> dict[str, t.Any]:
        """Return the stores that hold something, as JSON-able data without keys."""
        locations = {"localmachine": "LocalMachine", "currentuser": "CurrentUser"}
        return {
            f"{locations[where[0]]}\\{self._names[where]}": {
                c.thumbprint: {"subject": c.subject, "has_private_key": c.key is not None, "key_path": c.key_path}
                for c in held.values()
            }
            for where, held in sorted(self._stores.items())
            if held
        }
