"""Sites of IIS: website, website_info."""

from __future__ import annotations

import base64
import re
import typing as t

from emulator.windows.machine import Machine
from hypothesis import strategies as st

from .. import tls, tree, web_server
from ..iis_world import IisWorld
from ..known import Known
from ..world import HERE, Runs, Sequence, Step

SITE, INFO = (f"microsoft.iis.{name}" for name in ("website", "website_info"))
FIRST, SECOND = f"{HERE} one", f"{HERE}-two"
FOLDER, OTHER = f"C:\\fid\\{HERE}\\one", f"C:\\fid\\{HERE}\\two \u00e4"
TREE: tree.Tree = {FOLDER: None, OTHER: None}
STATES = ("started", "started", "stopped", "restarted", "absent")
CERTIFICATE, RENEWED, KEYLESS = (tls.thumbprint(number) for number in (1, 2, 3))

_PREPARE = """
$store = [Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
$store.Open('ReadWrite')
foreach ($pfx in @('{pfx}')) {{
  $store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new(
    [Convert]::FromBase64String($pfx), '{password}', 'MachineKeySet, PersistKeySet, Exportable'))
}}
$store.Add([Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String('{keyless}')))
$store.Close()
"""


def _sound() -> st.SearchStrategy[dict[str, t.Any]]:
    """Return bindings that can be had, if only they are not there already."""
    plain = st.fixed_dictionaries(
        {"ip": st.sampled_from(("*", "*", "10.0.0.1", "10.0.0.2")), "port": st.sampled_from((8080, 8081, 80))},
        optional={
            "hostname": st.sampled_from(("a.example.com", "B.example.com", "")),
            "protocol": st.just("http"),
        },
    )
    secure = st.fixed_dictionaries(
        {
            "ip": st.sampled_from(("*", "*", "10.0.0.1")),
            "port": st.sampled_from((443, 8443)),
            "protocol": st.just("https"),
            "certificate_hash": st.sampled_from((CERTIFICATE, CERTIFICATE, RENEWED, CERTIFICATE.lower())),
        },
        optional={
            "hostname": st.sampled_from(("a.example.com", "b.example.com")),
            "use_sni": st.booleans(),
            "certificate_store_name": st.sampled_from(("My", "my", "MY")),
        },
    )
    return st.one_of(plain, secure)


def _binding() -> st.SearchStrategy[dict[str, t.Any]]:
    odd = st.sampled_from(
        (
            {},
            {"port": 8080},
            {"ip": "*"},
            {"ip": "*", "port": 0},
            {"ip": "", "port": 8080},
            {"ip": "*", "port": 443, "protocol": "https"},
            {"ip": "*", "port": 443, "protocol": "https", "use_ccs": True},
            {"ip": "*", "port": 443, "protocol": "https", "use_ccs": True, "hostname": "a.example.com"},
            {
                "ip": "*",
                "port": 443,
                "hostname": "a.example.com",
                "protocol": "https",
                "use_sni": True,
                "use_ccs": True,
            },
            {"ip": "*", "port": 443, "protocol": "https", "certificate_hash": KEYLESS},
            {"ip": "*", "port": 443, "protocol": "https", "certificate_hash": "0" * 40},
            {
                "ip": "*",
                "port": 443,
                "protocol": "https",
                "certificate_hash": CERTIFICATE,
                "certificate_store_name": "Root",
            },
            {
                "ip": "*",
                "port": 443,
                "protocol": "https",
                "certificate_hash": CERTIFICATE,
                "certificate_store_name": "NoSuchStore",
            },
            {
                "ip": "*",
                "port": 443,
                "hostname": "a.example.com",
                "protocol": "https",
                "certificate_hash": CERTIFICATE,
                "use_ccs": True,
            },
            {"ip": "*", "port": 8080, "certificate_hash": CERTIFICATE},
            {"ip": "*", "port": 8080, "use_sni": True},
            {"ip": "*", "port": 8080, "use_ccs": True},
            {"ip": "*", "port": 8443, "protocol": "https", "certificate_hash": CERTIFICATE, "use_sni": True},
            {"ip": "*", "port": 8080, "hostname": "m\u00fcller.example"},
            {"ip": "*", "port": 8080, "protocol": "ftp"},
            {"ip": "*", "port": "http"},
            {"ip": "*", "port": "8080", "nothing": 1},
        )
    )
    return st.one_of(_sound(), _sound(), _sound(), _sound(), odd)


def _removal() -> st.SearchStrategy[dict[str, t.Any]]:
    return st.fixed_dictionaries(
        {"ip": st.sampled_from(("*", "10.0.0.1", "10.0.0.2")), "port": st.sampled_from((8080, 8081, 80, 443, 8443))},
        optional={"hostname": st.sampled_from(("a.example.com", "b.example.com", ""))},
    )


def _unique(binding: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    return tuple(str(binding.get(key, "")).lower() for key in ("ip", "port", "hostname"))


def _bindings() -> st.SearchStrategy[dict[str, t.Any]]:
    several = st.lists(_binding(), max_size=3, unique_by=_unique)
    many = st.lists(_sound(), min_size=3, max_size=4, unique_by=_unique)
    adding = st.fixed_dictionaries({}, optional={"add": several, "remove": st.lists(_removal(), max_size=2)})
    return st.one_of(
        several.map(lambda bindings: {"set": bindings}),
        many.map(lambda bindings: {"set": bindings}),
        many.map(lambda bindings: {"add": bindings}),
        adding,
        adding,
        st.just({"set": [], "add": []}),
        st.just({"set": [], "remove": []}),
    )


def _names() -> st.SearchStrategy[str]:
    usual = st.sampled_from((FIRST, FIRST, FIRST, SECOND, FIRST.upper()))
    odd = st.sampled_from(
        (
            f"{HERE} h\u00e4llo w\u00f6rld",
            f"{HERE} \u0442\u0435\u0441\u0442",
            f"{HERE} it's",
            f"{HERE}.net",
            f"{HERE} {{0}}",
            f"{HERE}<x>",
            f"{HERE}:x",
            f"{HERE}&x",
            "Default Web Site",
        )
    )
    return st.one_of(usual, usual, usual, usual, usual, odd)


PATHS = (
    FOLDER,
    FOLDER,
    FOLDER,
    OTHER,
    FOLDER.replace("\\", "/"),
    FOLDER + "\\",
    FOLDER.upper(),
    f"{FOLDER}\\..\\two \u00e4",
    f"C:\\fid\\{HERE}\\none",
    f"%SystemDrive%\\fid\\{HERE}\\one",
    "",
)


def _site() -> st.SearchStrategy[Step]:
    options = {
        "state": st.sampled_from(STATES),
        "bindings": _bindings(),
        "application_pool": st.sampled_from(("DefaultAppPool", "defaultapppool", "Other", "none \u00e4", "")),
        "preload_enabled": st.sampled_from((True, False, "yes")),
        "site_id": st.sampled_from((7, "8", 1, 2, "x", "0", 4294967296)),
    }
    common = {key: options[key] for key in ("state", "bindings", "application_pool", "preload_enabled")}
    usual = st.fixed_dictionaries({"name": _names(), "physical_path": st.sampled_from(PATHS)}, optional=common)
    bound = st.fixed_dictionaries(
        {"name": _names(), "physical_path": st.just(FOLDER), "bindings": _bindings()},
        optional={"state": options["state"]},
    )
    rest = st.fixed_dictionaries({"name": _names()}, optional={"physical_path": st.sampled_from(PATHS), **options})
    bad = st.sampled_from(
        (
            {},
            {"name": FIRST, "state": "present"},
            {"name": FIRST, "state": "Stopped"},
            {"name": FIRST, "bindings": [{"port": 80}]},
            {"name": FIRST, "bindings": {"set": {"ip": "*", "port": 8080}}},
            {"name": FIRST, "bindings": {"change": []}},
            {"name": FIRST, "preload_enabled": "maybe"},
            {"name": FIRST, "nothing": 1},
        )
    )
    return st.one_of(usual, usual, bound, bound, bound, rest, rest, bad).map(lambda arguments: Step(SITE, arguments))


def _info() -> st.SearchStrategy[Step]:
    usual = st.fixed_dictionaries({}, optional={"name": _names()})
    return st.one_of(usual, usual, usual, usual, st.just({"nothing": 1})).map(lambda arguments: Step(INFO, arguments))


def start() -> st.SearchStrategy[t.Any]:
    """Return no site but the default one, or one or two more."""
    binding = st.sampled_from(
        (
            ["http", "*:80:"],
            ["http", "*:8080:"],
            ["http", "10.0.0.1:8080:"],
            ["http", "*:8080:a.example.com"],
            ["http", "*:8081:"],
            ["https", "*:443:a.example.com", 1],
            ["https", "*:443:", 0],
            ["https", "*:8443:b.example.com", 4],
            ["net.tcp", "808:*"],
        )
    )
    site = st.fixed_dictionaries(
        {
            "bindings": st.lists(binding, max_size=3, unique_by=str),
            "applications": st.sampled_from(
                (
                    {"/": {"pool": "Other", "directories": {"/": {"physicalPath": FOLDER}}}},
                    {"/": {"directories": {"/": {"physicalPath": f"%SystemDrive%\\fid\\{HERE}\\one"}}}},
                )
            ),
        },
        optional={
            "attributes": st.sampled_from(
                (
                    {"serverAutoStart": "false"},
                    {"serverAutoStart": "true"},
                    {"applicationDefaults.preloadEnabled": "true"},
                )
            )
        },
    )
    sites = st.fixed_dictionaries({}, optional={FIRST: site, SECOND: site})
    return sites.map(lambda sites: {"pools": {"Other": {}}, "sites": sites})


def _s(check: bool = False, **more: t.Any) -> Step:
    return Step(SITE, {"name": FIRST, **more}, check)


_HTTP: dict[str, t.Any] = {"ip": "*", "port": 8080}
_HTTPS: dict[str, t.Any] = {"ip": "*", "port": 443, "protocol": "https", "certificate_hash": CERTIFICATE}
_NAMED = {**_HTTPS, "hostname": "a.example.com", "use_sni": True}
FIXED = (
    Sequence(
        {"pools": {"Other": {}}},
        (
            _s(),
            _s(physical_path=f"C:\\fid\\{HERE}\\none"),
            _s(check=True, physical_path=FOLDER, bindings={"set": [_HTTP]}),
            _s(physical_path=FOLDER, state="stopped", bindings={"set": [_HTTP, _NAMED]}),
            _s(physical_path=FOLDER, state="stopped", bindings={"set": [_HTTP, _NAMED]}),
            Step(INFO, {"name": FIRST}),
            _s(check=True, bindings={"add": [{**_NAMED, "certificate_hash": RENEWED}]}),
            _s(physical_path=OTHER, application_pool="Other", preload_enabled=True, state="restarted"),
            _s(bindings={"add": [{"ip": "10.0.0.1", "port": 8080}, {"port": 8081}]}),
            _s(bindings={"remove": [_HTTP]}),
            _s(bindings={"set": []}),
            Step(INFO, {}),
        ),
    ),
    Sequence(
        {
            "sites": {
                FIRST: {
                    "bindings": [["net.tcp", "808:*"], ["http", "*:8080:"], ["https", "*:8443:", 4]],
                    "applications": {"/": {"directories": {"/": {"physicalPath": FOLDER}}}},
                    "attributes": {"serverAutoStart": "false"},
                },
                SECOND: {
                    "bindings": [["http", "*:8080:"]],
                    "applications": {"/": {"directories": {"/": {"physicalPath": FOLDER}}}},
                },
            }
        },
        (
            Step(INFO, {"name": SECOND}),
            Step(INFO, {"name": FIRST}),
            Step(INFO, {"name": f"{HERE}-none"}),
            _s(),
            _s(bindings={"add": [{**_HTTPS, "port": 8443}]}),
            _s(bindings={"add": [{**_HTTPS, "use_sni": True}]}),
            _s(bindings={"add": [{**_HTTP, "certificate_hash": CERTIFICATE}]}),
            _s(bindings={"add": [{**_HTTPS, "certificate_hash": KEYLESS}]}),
            _s(bindings={"add": [{**_HTTPS, "certificate_hash": "0" * 40}]}),
            Step(SITE, {"name": f"{HERE}<x>", "physical_path": FOLDER}),
            Step(SITE, {"name": f"{HERE}-3", "physical_path": FOLDER, "site_id": 2}),
            Step(SITE, {"name": SECOND, "state": "absent"}, check=True),
            Step(SITE, {"name": SECOND, "state": "absent"}),
            Step(SITE, {"name": SECOND, "state": "absent"}),
        ),
    ),
)


TWO = 'Exception calling "AddSslCertificate" with "2" argument(s): '
NO_NUMBER = "Input string was not in a correct format."


class SitesWorld(IisWorld):
    """A server with IIS, two folders, three certificates (one without its key) and a few sites."""

    name = "sites"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {SITE: _site(), INFO: _info()}
    around = _site()
    fixed = FIXED
    always = TREE
    known = (
        Known(
            "arguments of AddSslCertificate",
            (SITE,),
            ("msg",),
            "rig",
            "the double of IIS makes a code method of it, so that the object itself counts as an argument; the message"
            " that administrators know has two",
            lambda d: str(d.real) == str(d.modelled).replace(TWO, TWO.replace("2", "3")) and TWO in str(d.modelled),
        ),
        Known(
            "a string that is not a number",
            (SITE, INFO),
            ("msg",),
            "engine 7",
            ".NET since 7 names the value that it cannot read; .NET Framework does not",
            lambda d: (
                NO_NUMBER in str(d.modelled)
                and re.sub(r"The input string '[^']*' was", "Input string was", str(d.real)) == str(d.modelled)
            ),
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return no site but the default one, or one or two more."""
        return start()

    def prepare(self, real: Runs) -> None:
        """Install IIS, and import the certificates."""
        web_server.prepare(real)
        pfx = "', '".join(base64.b64encode(tls.pfx(number)).decode() for number in (1, 2))
        keyless = base64.b64encode(tls.der(3)).decode()
        real.script(_PREPARE.format(pfx=pfx, password=tls.PASSWORD, keyless=keyless))

    def machine(self) -> Machine:
        """Return a server with IIS and the certificates."""
        machine = web_server.server()
        for number in (1, 2, 3):
            key = None if number == 3 else tls.pem_key(number)
            machine.certificates.add("LocalMachine", "My", tls.der(number), key)
        return machine
