"""Certificates in stores and files: win_certificate_store.

Not drawn, since Wine cannot do it: files with several certificates, PKCS #12 as a file to export to, a service's
stores; removal from a store of the user, which shows the machine's certificates too.
"""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import itertools
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from emulator.handlers.ansible_windows_certificates import NO_CERTIFICATE, NO_STORE, WRONG_PASSWORD
from emulator.windows.machine import Machine
from hypothesis import strategies as st

from ..known import ABSENT, Difference, Known
from ..world import HERE, Sequence, State, Step, World, named, quoted

PLACE = f"C:\\fid\\{HERE}"
MODULE = "ansible.windows.win_certificate_store"
LOCATIONS = ("LocalMachine", "CurrentUser")
PASSWORD = "opensesame"
BITS = 512


def _prime(seed: str) -> int:
    """Return the same prime number for the same seed: recorded answers hold the thumbprints."""
    number = int.from_bytes(hashlib.sha512(seed.encode()).digest(), "big") | 3 << (BITS - 2) | 1
    for candidate in itertools.count(number, 2):
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7, 11)) and (candidate - 1) % 65537:
            return candidate
    raise AssertionError


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    p, q = _prime("p"), _prime("q")
    d = rsa.rsa_recover_private_exponent(65537, p, q)
    parts = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *parts, rsa.RSAPublicNumbers(65537, p * q)).private_key()


@functools.cache
def certificate(name: str) -> x509.Certificate:
    """Return a certificate that is the same in each run."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin, number = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC), int.from_bytes(name.encode(), "big")
    builder = x509.CertificateBuilder(subject, subject, _key().public_key(), number, begin, begin.replace(year=2045))
    return builder.sign(_key(), hashes.SHA256())


def _der(name: str) -> bytes:
    return certificate(name).public_bytes(Encoding.DER)


def _thumbprint(name: str) -> str:
    return hashlib.sha1(_der(name), usedforsecurity=False).hexdigest().upper()


@functools.cache
def _files() -> dict[str, bytes]:
    """Return the files that each sequence has."""

    def pfx(password: str | None) -> bytes:
        how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return pkcs12.serialize_key_and_certificates(None, _key(), certificate("fid-a"), None, how)

    return {
        "a.cer": _der("fid-a"),
        "a.pem": certificate("fid-a").public_bytes(Encoding.PEM),
        "b.cer": _der("fid-b"),
        "locked.pfx": pfx(PASSWORD),
        "open.pfx": pfx(None),
        "text.cer": b"hello",
    }


THUMBPRINTS = (_thumbprint("fid-a"), _thumbprint("fid-b"), _thumbprint("fid-a").lower(), "00", "zz")


def _path(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names).map(lambda name: f"{PLACE}\\{name}")


_store = {
    "store_name": st.sampled_from((*[HERE] * 8, HERE.upper(), f"{HERE}-none")),
    "store_location": st.sampled_from(
        ("LocalMachine", "LocalMachine", "LocalMachine", "CurrentUser", "localmachine", "Nowhere")
    ),
}
_keys = {
    "password": st.sampled_from((PASSWORD, PASSWORD, PASSWORD, "wrong")),
    "key_storage": st.sampled_from(("machine", "default", "user", "Machine", "token")),
    "key_exportable": st.sampled_from((True, False, "no")),
}
_import = _path("a.cer", "a.cer", "a.pem", "b.cer", "locked.pfx", "locked.pfx", "open.pfx", "text.cer", "none", "A.CER")
IMPORT = st.fixed_dictionaries({**_store, "path": _import}, optional=_keys)
_machine = {**_store, "store_location": st.sampled_from(("LocalMachine", "localmachine"))}
REMOVE = st.fixed_dictionaries(
    {**_machine, "state": st.just("absent")}, optional={"thumbprint": st.sampled_from(THUMBPRINTS)}
)
REMOVE_FILE = st.fixed_dictionaries({**_machine, "state": st.just("absent"), "path": _import}, optional=_keys)
EXPORT = st.fixed_dictionaries(
    {
        **_store,
        "state": st.just("exported"),
        "thumbprint": st.sampled_from((*THUMBPRINTS[:3], *THUMBPRINTS)),
        "path": _path(
            "out.cer", "out.cer", "out.pem", "a.cer", "a.pem", "b.cer", "text.cer", "none\\x", ".", "h\u00e4"
        ),
    },
    optional={"file_type": st.sampled_from(("der", "pem", "PEM", "p7b"))},
)
BAD = st.sampled_from(
    (
        {},
        {"state": "exported", "path": f"{PLACE}\\x"},
        {"state": "gone", "path": f"{PLACE}\\a.cer"},
        {"path": f"{PLACE}\\a.cer", "store_type": "service", "store_location": f"{HERE}-none"},
        {"path": f"{PLACE}\\a.cer", "store_type": "other"},
        {"path": f"{PLACE}\\a.cer", "nonsense": 1},
    )
)

_LAY = """
$store = [Security.Cryptography.X509Certificates.X509Store]::new({store}, '{location}')
$store.Open('ReadWrite')
foreach ($der in @({certificates})) {{
  $store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String($der)))
}}
$store.Close()
"""
_READ = """
# Wine writes a store when the last of its certificates is let go of.
foreach ($time in 1, 2) {{ [GC]::Collect(); [GC]::WaitForPendingFinalizers() }}
$found = [ordered]@{{}}
foreach ($location in 'LocalMachine', 'CurrentUser') {{
  $store = [Security.Cryptography.X509Certificates.X509Store]::new({store}, $location)
  $store.Open('ReadOnly')
  foreach ($one in $store.Certificates) {{
    $found["$location|$($one.Thumbprint)"] = [ordered]@{{ private = $one.HasPrivateKey }}
  }}
  $store.Close()
}}
foreach ($path in [IO.Directory]::GetFiles({folder})) {{
  $content = [Convert]::ToBase64String([IO.File]::ReadAllBytes($path))
  if ($path.EndsWith('.pfx')) {{ $content = 'pkcs12' }}
  $found[[IO.Path]::GetFileName($path)] = [ordered]@{{ content = $content }}
}}
ConvertTo-Json $found -Depth 4 -Compress
"""


def _call(check: bool = False, **arguments: t.Any) -> Step:
    arguments = {key: f"{PLACE}\\{value}" if key == "path" else value for key, value in arguments.items()}
    return Step(MODULE, {"store_name": HERE, **arguments}, check)


FIXED = (
    Sequence(
        {"LocalMachine": ["fid-b"]},
        (
            _call(path="a.cer", check=True),
            _call(path="a.cer"),
            _call(path="a.pem"),
            _call(path="b.cer"),
            _call(path="locked.pfx", password="wrong"),
            _call(path="locked.pfx"),
            _call(path="text.cer"),
            _call(path="none"),
            _call(path="a.cer", store_location="Nowhere"),
            _call(path="a.cer", store_name=f"{HERE}-none"),
            _call(state="exported", path="out.pem", thumbprint=_thumbprint("fid-a"), file_type="pem", check=True),
            _call(state="exported", path="out.pem", thumbprint=_thumbprint("fid-a"), file_type="pem"),
            _call(state="exported", path="out.pem", thumbprint=_thumbprint("fid-a").lower(), file_type="pem"),
            _call(state="exported", path="out.pem", thumbprint=_thumbprint("fid-a")),
            _call(state="exported", path="out.pem", thumbprint=_thumbprint("fid-b"), check=True),
            _call(state="exported", path="none\\x", thumbprint=_thumbprint("fid-a")),
            _call(state="exported", path=".", thumbprint=_thumbprint("fid-a")),
            _call(state="exported", path="x", thumbprint="00"),
            _call(state="absent", thumbprint="00"),
            _call(state="absent", thumbprint=_thumbprint("fid-a"), check=True),
            _call(state="absent"),
            _call(),
        ),
    ),
    Sequence(
        {},
        (
            _call(path="locked.pfx", password=PASSWORD, key_storage="machine"),
            _call(path="locked.pfx", password=PASSWORD, key_storage="machine"),
            _call(path="a.cer"),
            _call(state="absent", thumbprint=_thumbprint("fid-a")),
        ),
    ),
    Sequence({}, (_call(path="a.pem"), _call(path="open.pfx"))),
)


def _said_otherwise(windows: str, *wine: str) -> t.Callable[[Difference], bool]:
    """Return what tells whether the messages are the same but for a sentence of Windows."""
    return lambda d: (
        windows in str(d.modelled) and str(d.real) in {str(d.modelled).replace(windows, text) for text in wine}
    )


def _meant(difference: Difference) -> bool:
    """Tell whether an entry of the state is a certificate of the call, where the call worked or where that shows."""
    location, _, thumbprint = difference.field[1].partition("|")
    named = str(difference.arguments.get("store_location", "LocalMachine")).lower()
    shows = {"localmachine": {"localmachine", "currentuser"}}.get(named, {named})
    return location.lower() in shows and all(
        thumbprint in {str(one).upper() for one in result.get("thumbprints", ())} for result in difference.results
    )


def _removed(difference: Difference) -> bool:
    return (
        difference.modelled == ABSENT
        and isinstance(difference.real, dict)
        and _meant(difference)
        and difference.arguments.get("state") == "absent"
        and not difference.check
        and all(result.get("changed") is True for result in difference.results)
    )


def _key_added(difference: Difference) -> bool:
    return (
        difference.real is False
        and difference.modelled is True
        and _meant(difference)
        and str(difference.arguments.get("path")).endswith(".pfx")
        and all(result.get("changed") is True for result in difference.results)
    )


def _in_one_store(start: dict[str, list[str]]) -> dict[str, list[str]]:
    machine = start.get("LocalMachine", [])
    return {location: [c for c in held if held is machine or c not in machine] for location, held in start.items()}


class CertificatesWorld(World):
    """A store of the sequence's name at both locations, and a folder with certificates' files."""

    name = "certificates"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(IMPORT, IMPORT, IMPORT, REMOVE, REMOVE_FILE, EXPORT, EXPORT, BAD).map(
            lambda arguments: Step(MODULE, arguments)
        )
    }
    fixed = FIXED
    known = (
        Known(
            "message for a wrong password",
            (MODULE,),
            ("msg",),
            "Wine",
            "Wine's code for a wrong password has the text of success",
            _said_otherwise(WRONG_PASSWORD, "Success."),
        ),
        Known(
            "message for a file without a certificate",
            (MODULE,),
            ("msg",),
            "Wine",
            "Wine has no text for the code 0x80092009",
            _said_otherwise(NO_CERTIFICATE, "Unknown error (0x80092009)"),
        ),
        Known(
            "message for a missing store",
            (MODULE,),
            ("msg",),
            "Wine",
            "Wine has a different text for error 2",
            _said_otherwise(NO_STORE, "File not found."),
        ),
        Known(
            "removal",
            (MODULE,),
            ("state", "*"),
            "Wine",
            "a certificate that is removed from a store stays in Wine's registry",
            _removed,
            ends=True,
        ),
        Known(
            "a key for a certificate that is there",
            (MODULE,),
            ("state", "*", "private"),
            "Wine",
            "adding a certificate with its key over one without leaves the key out; Windows replaces it",
            _key_added,
            ends=True,
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return names of the certificates that are in the store of each location; none in both, since Wine then loses
        the others of the user's store, in which the machine's are seen too.
        """
        some = st.lists(st.sampled_from(("fid-a", "fid-b")), unique=True)
        return st.fixed_dictionaries({}, optional=dict.fromkeys(LOCATIONS, some)).map(_in_one_store)

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the script that makes stores and files."""
        folder = named(PLACE, name)
        lines = [f"$null = [IO.Directory]::CreateDirectory({quoted(folder)})"]
        for file, content in _files().items():
            path, text = quoted(folder + "\\" + file), base64.b64encode(content).decode()
            lines.append(f"[IO.File]::WriteAllBytes({path}, [Convert]::FromBase64String('{text}'))")
        for location in LOCATIONS:
            held = ", ".join(f"'{base64.b64encode(_der(one)).decode()}'" for one in start.get(location, ()))
            lines.append(_LAY.format(store=quoted(name), location=location, certificates=held))
        return "\n".join(lines)

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Make stores and files in the model."""
        folder = named(PLACE, name)
        machine.files.make_folder(folder)
        for file, content in _files().items():
            machine.files.write(f"{folder}\\{file}", content)
        for location in LOCATIONS:
            machine.certificates.make_store(location, name)
            for one in start.get(location, ()):
                machine.certificates.add(location, name, _der(one))

    def read_script(self, name: str) -> str:
        """Return the script that lists both stores and the folder."""
        return _READ.format(store=quoted(name), folder=quoted(named(PLACE, name)))

    def read(self, machine: Machine, name: str) -> State:
        """List both stores and the folder of the model."""
        state: State = {}
        for location in LOCATIONS:
            for one in machine.certificates.all(location, name) or ():
                state[f"{location}|{one.thumbprint}"] = {"private": one.key is not None}
        folder = named(PLACE, name)
        for file in machine.files.children(folder):
            content = base64.b64encode(machine.files.read(f"{folder}\\{file}")).decode()
            state[file] = {"content": "pkcs12" if file.endswith(".pfx") else content}
        return state
