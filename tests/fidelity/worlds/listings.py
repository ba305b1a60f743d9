"""Certificates of a store that are listed: win_certificate_info.

The store has the sequence's name. Left out are addresses among the alternative names and rarer extensions; thumbprints
with signs that are no digits, which .NET 10 passes over; and the user's stores, which show the machine's certificates
too.
"""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import re
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from emulator.windows.machine import Machine
from hypothesis import strategies as st

from ..known import Difference, Known
from ..world import HERE, Sequence, State, Step, World, quoted
from .certificates import _key

MODULE = "ansible.windows.win_certificate_info"


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


def _named(*parts: tuple[ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


@functools.cache
def _certificate(name: str) -> x509.Certificate:
    """Return a certificate that is the same in each run."""
    key = _key()
    subject = issuer = _named((NameOID.COMMON_NAME, f"fid-{name}"))
    begin, end = datetime.datetime(2025, 1, 1, 2, 3, 4), datetime.datetime(2045, 1, 1)
    number = int.from_bytes(name.encode(), "big")
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    if name == "server":
        extensions = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage("digital_signature", "key_encipherment"), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            (own, False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False),
            (
                x509.SubjectAlternativeName(
                    [
                        x509.DNSName("agent.contoso.com"),
                        x509.DNSName("www.contoso.com"),
                    ]
                ),
                False,
            ),
        ]
        issuer = _named(
            (NameOID.COUNTRY_NAME, "FR"), (NameOID.ORGANIZATION_NAME, "Contoso, Ltd"), (NameOID.COMMON_NAME, "CA")
        )
    if name == "authority":
        extensions = [
            (x509.BasicConstraints(ca=True, path_length=2), True),
            (_usage("key_cert_sign", "crl_sign", "digital_signature"), True),
            (own, False),
        ]
        subject = issuer = _named(
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.ORGANIZATION_NAME, "Contoso, Ltd"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "IT + more"),
            (NameOID.COMMON_NAME, "h\u00e4llo \u65e5\u672c"),
        )
    if name == "nameless":
        subject = _named((NameOID.ORGANIZATION_NAME, 'say "hi"'), (NameOID.LOCALITY_NAME, " Paris"))
        extensions = [(x509.SubjectAlternativeName([x509.DNSName("nameless.contoso.com")]), True)]
    if name == "old":
        begin, end, number = datetime.datetime(1999, 12, 31, 23, 59, 59), datetime.datetime(2001, 1, 1), 0xFF00FF00
        extensions = [(x509.ExtendedKeyUsage([ObjectIdentifier("1.2.3.4.5")]), True)]
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    builder = builder.serial_number(number).not_valid_before(begin).not_valid_after(end)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA384() if name == "authority" else hashes.SHA256())


NAMES = ("plain", "server", "authority", "nameless", "old")
KEYED = "with key"
"""In a start state: the plain certificate with its private key."""


def _der(name: str) -> bytes:
    return _certificate("plain" if name == KEYED else name).public_bytes(Encoding.DER)


def _thumbprint(name: str) -> str:
    return hashlib.sha1(_der(name), usedforsecurity=False).hexdigest().upper()


@functools.cache
def _pkcs12() -> bytes:
    return pkcs12.serialize_key_and_certificates(None, _key(), _certificate("plain"), None, NoEncryption())


_ONES = tuple(map(_thumbprint, NAMES))
THUMBPRINTS = (*_ONES, *_ONES, _ONES[0].lower())
_SPACED = " ".join(_ONES[1][at : at + 2] for at in range(0, 40, 2))
ODD_THUMBPRINTS = ("", "00", "zz", "0" * 40, _SPACED, f" {_ONES[0]} ", _ONES[0][:-2], 5, None)
_place = {
    "store_name": st.sampled_from((*[HERE] * 8, HERE.upper(), f"{HERE}-none")),
    "store_location": st.sampled_from(("LocalMachine", "LocalMachine", "LocalMachine", "localmachine", "Nowhere", "")),
}
ALL = st.fixed_dictionaries({"store_name": st.just(HERE)}, optional={"store_location": st.just("LocalMachine")})
ONE = st.fixed_dictionaries(
    {"store_name": st.just(HERE), "thumbprint": st.sampled_from(THUMBPRINTS)},
    optional={"store_location": _place["store_location"]},
)
ODD = st.fixed_dictionaries(
    {**_place, "thumbprint": st.sampled_from((*THUMBPRINTS, *ODD_THUMBPRINTS))}, optional={"nonsense": st.just(1)}
)

_LAY = """
$store = [Security.Cryptography.X509Certificates.X509Store]::new({store}, 'LocalMachine')
$store.Open('ReadWrite')
foreach ($der in @({certificates})) {{
  $store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String($der)))
}}
foreach ($pfx in @({keyed})) {{
  $bytes, $flags = [Convert]::FromBase64String($pfx), 'MachineKeySet, PersistKeySet'
  $store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes, '', $flags))
}}
$store.Close()
"""
_READ = """
$found = [ordered]@{{}}
$store = [Security.Cryptography.X509Certificates.X509Store]::new({store}, 'LocalMachine')
$store.Open('ReadOnly')
foreach ($one in $store.Certificates) {{ $found[$one.Thumbprint] = [ordered]@{{ private = $one.HasPrivateKey }} }}
$store.Close()
ConvertTo-Json $found -Depth 4 -Compress
"""


def _call(thumbprint: t.Any = "all", check: bool = False, **more: t.Any) -> Step:
    given = {} if thumbprint == "all" else {"thumbprint": thumbprint}
    return Step(MODULE, {"store_name": HERE, **given, **more}, check)


FIXED = (
    Sequence(
        {"held": [*NAMES]},
        (
            _call(check=True),
            _call(),
            *(_call(thumbprint) for thumbprint in (*_ONES, _ONES[0].lower(), *ODD_THUMBPRINTS)),
            _call(store_location="Nowhere"),
            _call(store_location="localmachine"),
            _call(store_name=f"{HERE}-none"),
            _call(store_name=f"{HERE}-none", thumbprint=_ONES[0]),
            _call(nonsense=1),
        ),
    ),
    Sequence({"held": []}, (_call(), _call(_ONES[0]))),
    Sequence({"held": [KEYED, "server"]}, (_call(), _call(_ONES[0]), _call(_ONES[1]))),
)


def _with_header(difference: Difference) -> bool:
    """Tell whether the real value is the octet string with its type and length, the modelled one without."""
    digits = str(difference.modelled)
    return bool(re.fullmatch("[0-9a-f]{2}( [0-9a-f]{2}){19}", digits)) and difference.real == f"04 14 {digits}"


def _in_digits(hosts: t.Sequence[str]) -> str:
    """Return several alternative names as bytes in hexadecimal digits; of one nothing, since Wine reads that."""
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    return names.public_bytes().hex().upper() if len(hosts) > 1 else ""


def _names_in_digits(difference: Difference) -> bool:
    hosts = [part.removeprefix("DNS Name=") for part in str(difference.modelled).split(", ")]
    return bool(difference.real == _in_digits(hosts))


def _names_not_read(difference: Difference) -> bool:
    """Tell whether the real list lacks just the names that the real extension has in digits."""
    digits = _in_digits(difference.modelled[1:])
    listed = difference.results[0]["certificates"]
    shown = [extension["value"] for one in listed for extension in one["extensions"]]
    return bool(digits) and difference.real == difference.modelled[:1] and digits in shown


class ListingsWorld(World):
    """A store of the machine with some certificates."""

    name = "listings"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(ALL, ONE, ONE, ODD).map(lambda arguments: Step(MODULE, arguments))
    }
    fixed = FIXED
    known = (
        Known(
            "identifier of a certificate's key",
            (MODULE,),
            ("certificates", "*", "extensions", "*", "value"),
            "Wine",
            "Wine shows the identifier with the type and length before it",
            _with_header,
        ),
        Known(
            "several alternative names",
            (MODULE,),
            ("certificates", "*", "extensions", "*", "value"),
            "Wine",
            "Wine writes several alternative names as bytes; a single one as text",
            _names_in_digits,
        ),
        Known(
            "host names among several alternative names",
            (MODULE,),
            ("certificates", "*", "dns_names"),
            "Wine",
            "the module reads them from the text that Wine does not have",
            _names_not_read,
        ),
    )
    listed_by: t.Mapping[str, str] = {"certificates": "thumbprint"}

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return names of the certificates that are in the store."""
        return st.fixed_dictionaries({"held": st.lists(st.sampled_from((*NAMES, KEYED)), unique=True)})

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the script that makes the store."""

        def listed(contents: t.Iterable[bytes]) -> str:
            return ", ".join(f"'{base64.b64encode(content).decode()}'" for content in contents)

        held = start.get("held", ())
        plain = [_der(one) for one in held if one != KEYED and not (one == "plain" and KEYED in held)]
        return _LAY.format(
            store=quoted(name), certificates=listed(plain), keyed=listed([_pkcs12()] if KEYED in held else [])
        )

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Make the store in the model."""
        machine.certificates.make_store("LocalMachine", name)
        held = start.get("held", ())
        for one in held:
            if one != "plain" or KEYED not in held:
                machine.certificates.add("LocalMachine", name, _der(one), _pem() if one == KEYED else None)

    def read_script(self, name: str) -> str:
        """Return the script that lists the store."""
        return _READ.format(store=quoted(name))

    def read(self, machine: Machine, name: str) -> State:
        """List the store of the model."""
        listed = machine.certificates.all("LocalMachine", name) or ()
        return {one.thumbprint: {"private": one.key is not None} for one in listed}


def _pem() -> bytes:
    return _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
