"""Key pairs over their life: where they are put, kept and renewed, what a cut leaves, and when they are due."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import shutil

import by_day
import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import (
    key_container,
    new_pair,
    wanted_pair,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import distinguished_name
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from emulator.windows.security.descriptors import pool_sid

NOW = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)
CLOCK = "2026-11-24T08:00:00Z"
PASSWORD, PASSPHRASE = "canary-file-password-9c", "canary-keep-passphrase-51"
FILE = "C:\\im\\Certificates\\files.pfx"
HOST = "agent.contoso.com"
SUBJECT = "CN=Identity Manager Agent encryption"
IDENTITIES = {
    "pool": {"pool": "Agent"},
    "service": {"service": "Agent"},
    "account": {"account": "CONTOSO\\svc"},
    "gMSA": {"account": "CONTOSO\\agent$"},
}


@pytest.fixture(scope="module")
def authority():
    """Return a root, an intermediate below it, and a site's pair below that."""
    return make_chain()


def signed(subject, issuer, issuer_key, *, ca, names=()):
    key = rsa.generate_private_key(65537, 2048)
    name = distinguished_name.parse(subject)
    builder = x509.CertificateBuilder(
        issuer or name, name, key.public_key(), x509.random_serial_number(), NOW, NOW + datetime.timedelta(days=900)
    ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    return key, builder.sign(issuer_key or key, hashes.SHA256())


def make_chain():
    root_key, root = signed("CN=Root", None, None, ca=True)
    middle_key, middle = signed("CN=Issuing", root.subject, root_key, ca=True)
    key, leaf = signed("CN=agent.contoso.com", middle.subject, middle_key, ca=False, names=["agent.contoso.com"])
    return root, middle, (key, leaf)


def server(**data):
    return chain.server(
        {
            "clock": CLOCK,
            "features": ["Web-Server"],
            "pools": [{"name": "Agent"}],
            "accounts": [{"name": "CONTOSO\\svc"}, {"name": "CONTOSO\\agent$", "kind": "gmsa"}],
            "files": {"C:\\im\\Certificates": {"folder": True}},
            **data,
        }
    )


def run(server, *pairs, check=False, identity="pool", **more):
    server.new_run()
    arguments = {"pairs": list(pairs), "identity": IDENTITIES[identity], **more}
    return server.run("win_im_cert_pair", arguments, check=check)


def held(server):
    return {c.thumbprint: c for c in server.machine.certificates.all("LocalMachine", "My")}


def in_file(**changes):
    return {"use": "encryption", "place": "file", "path": FILE, "file_password": PASSWORD, **changes}


def container(pair, *more):
    return base64.b64encode(key_container.pfx(*pair, PASSWORD, more, rounds=50)).decode()


def state(server):
    return json.dumps(server.machine.dump(), sort_keys=True)


@functools.cache
def given_pair():
    return new_pair.create("CN=given,O=Contoso", NOW, uses={"server"}, hosts=[HOST])


def options(source, place, folder):
    """Return how an entry says where a pair comes from and where it goes."""
    where = {"place": "file", "path": FILE, "file_password": PASSWORD} if place == "file" else {}
    key, certificate = given_pair()
    encrypted = serialization.BestAvailableEncryption(PASSWORD.encode())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encrypted)
    pem += certificate.public_bytes(serialization.Encoding.PEM)
    files = {"PFX file": key_container.pfx(key, certificate, PASSWORD, rounds=50), "PEM file": pem}
    if source in files:
        file = folder / "given"
        file.write_bytes(files[source])
        return {"source": "pfx", "file": str(file), "password": PASSWORD, **where}
    return {
        "made": where,
        "PFX bytes": {"source": "pfx", "content": container((key, certificate)), "password": PASSWORD, **where},
        "store, thumbprint": {"source": "store"},
        "store, subject": {"source": "store", "subject": "CN=present"},
    }[source]


BROUGHT = ("made", "PFX file", "PEM file", "PFX bytes")
SOURCES = [(source, place) for source in BROUGHT for place in ("store", "file")]
SOURCES += [("store, thumbprint", "store"), ("store, subject", "store")]
MATRIX = [
    (source, place, use, identity)
    for source, place in SOURCES
    for use in wanted_pair.USES
    for identity in IDENTITIES
    if not (place == "file" and use == "server")
]


@pytest.mark.parametrize(("source", "place", "use", "identity"), by_day.one_in(7, MATRIX))
def test_every_source_place_use_and_identity(source, place, use, identity, tmp_path):
    target = server(certificates=[{"subject": "CN=present", "names": [HOST]}])
    wanted = {"use": use, **options(source, place, tmp_path)}
    if source == "store, thumbprint":
        wanted["thumbprint"] = next(iter(held(target)))
    # An agent that is a service opens the site's pair itself; under IIS HTTP.sys does, as SYSTEM.
    more = {"host_name": HOST, "grant_server": identity == "service"}
    before = state(target)
    predicted = run(target, wanted, check=True, identity=identity, **more)
    assert state(target) == before
    done = run(target, wanted, identity=identity, **more)
    assert not done.get("failed"), done
    assert predicted["changed"] is done["changed"]
    assert predicted.get("operations") == done.get("operations")
    opens = use != "server" or identity == "service"
    assert done["changed"] is (opens or source in BROUGHT)
    found = done["certificates"][use]
    account = {"pool": "IIS APPPOOL\\Agent", "service": "NT SERVICE\\Agent"}.get(
        identity, IDENTITIES[identity].get("account")
    )
    token = target.machine.accounts.token(account)
    if place == "file":
        assert found["file"] == FILE
        assert target.machine.files.allowed(FILE, token, 0x120089)
        assert not target.machine.files.allowed(FILE, {"S-1-1-0", "S-1-5-11", "S-1-5-32-545"}, 0x1)
        assert key_container.read(target.machine.files.read(FILE), PASSWORD, "x")[1]
    else:
        stored = held(target)[found["thumbprint"]]
        assert target.machine.certificates.readable(stored, token) is opens
        assert not stored.exportable
    again = run(target, wanted, identity=identity, **more)
    assert again["changed"] is False
    assert target.executions == 1
    assert target.engine.counters.modules["imops.identity_manager.win_im_probe"] == 1
    assert again["certificates"] == done["certificates"]
    assert PASSWORD not in json.dumps([predicted, done, again]) + state(target)


def test_two_uses_may_share_a_pair():
    target = server()
    done = run(target, {"use": "encryption"}, {"use": "password_reset", "same_as": "encryption"})
    assert done["certificates"]["password_reset"] == done["certificates"]["encryption"]
    assert len(held(target)) == 1
    refused = run(target, {"use": "encryption"}, {"use": "password_reset", "same_as": "identity_server"})
    assert "wanted a use that has a pair of its own" in refused["msg"]


def test_a_pair_that_is_made_is_kept_encrypted_for_nobody_else_and_reused(tmp_path):
    keep = {"folder": str(tmp_path / "pairs"), "agent": "paris.contoso.com", "passphrase": PASSPHRASE}
    target = server()
    predicted = run(target, {"use": "encryption"}, check=True, keep=keep)
    assert not (tmp_path / "pairs").exists()
    done = run(target, {"use": "encryption"}, keep=keep)
    (kept,) = (tmp_path / "pairs").iterdir()
    assert kept.name == "paris.contoso.com-encryption.pem"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert b"ENCRYPTED PRIVATE KEY" in kept.read_bytes()
    other = server()
    again = run(other, {"use": "encryption"}, keep=keep)
    assert again["certificates"]["encryption"]["thumbprint"] == done["certificates"]["encryption"]["thumbprint"]
    assert predicted["changed"]
    assert PASSPHRASE not in json.dumps([predicted, done, again]) + state(other)
    renewed = run(other, {"use": "encryption", "renew": "always"}, keep=keep)["certificates"]["encryption"][
        "thumbprint"
    ]
    assert renewed != done["certificates"]["encryption"]["thumbprint"]
    former = [path for path in kept.parent.iterdir() if path.name.endswith(".former.pem")]
    assert len(former) == 1, "a renewed pair does not overwrite the one that it follows"
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in kept.parent.iterdir())


def test_without_the_folder_the_pair_on_the_server_is_kept(tmp_path):
    keep = {"folder": str(tmp_path / "pairs"), "agent": "paris", "passphrase": PASSPHRASE}
    target = server()
    made = run(target, {"use": "encryption"}, keep=keep)["certificates"]
    shutil.rmtree(tmp_path / "pairs")
    assert run(target, {"use": "encryption"}, keep=keep)["certificates"] == made
    assert not (tmp_path / "pairs").exists(), "an execution environment forgets its folders; the server does not"


KEPT_WRONG = {
    "short passphrase": ({"passphrase": "short"}, "at least 12"),
    "an agent's name that leads elsewhere": ({"agent": "../root"}, "letters, digits, dots and dashes"),
    "another passphrase": ({"passphrase": PASSPHRASE + "x"}, "keep.passphrase is wrong"),
}


@pytest.mark.parametrize("name", KEPT_WRONG)
def test_a_kept_pair_that_cannot_be_opened_is_told(name, tmp_path):
    changes, words = KEPT_WRONG[name]
    keep = {"folder": str(tmp_path), "agent": "paris", "passphrase": PASSPHRASE}
    run(server(), {"use": "encryption"}, keep=keep)
    refused = run(server(), {"use": "encryption"}, keep={**keep, **changes})
    assert words in refused["msg"]
    assert PASSPHRASE not in refused["msg"]


REFUSED = {
    "a site's certificate in a file": (in_file(use="server", alternative_names=["a.b"]), "wanted 'store'"),
    "a file without a path": (in_file(path=None), "wanted the PFX file's absolute Windows path"),
    "a file without a password": (in_file(file_password=None), "wanted the password that protects the file"),
    "a path with place store": ({"use": "encryption", "path": FILE}, "with place file only"),
    "the sample of the SDK": (
        {"use": "encryption", "source": "pfx", "file": "/opt/SDK/Usercube.pfx"},
        "the agent refuses to start with the sample",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_place_that_cannot_be_is_refused(name):
    wanted, words = REFUSED[name]
    target = server()
    before = state(target)
    refused = run(target, {key: value for key, value in wanted.items() if value is not None})
    assert words in refused["msg"]
    assert state(target) == before


def test_a_file_of_another_password_is_told_and_not_overwritten():
    target = server()
    run(target, in_file())
    before = target.machine.files.read(FILE)
    refused = run(target, in_file(file_password="canary-other"))
    assert "the file_password is wrong" in refused["msg"]
    assert target.machine.files.read(FILE) == before


@pytest.mark.parametrize(
    "rights",
    [
        "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;BU)(A;;FR;;;{sid})",
        "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-21-1-2-3-1001)(A;;FR;;;{sid})",
        "O:S-1-5-21-1-2-3-1001D:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;{sid})",
        "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;{sid})",
        "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)",
        "O:BAD:AI(A;;FR;;;{sid})",
    ],
    ids=["Users", "somebody", "owner", "full control", "not the identity", "inherits"],
)
def test_an_existing_file_is_for_administrators_and_the_identity_alone_after_a_run(rights):
    target = server()
    run(target, in_file())
    exact = target.machine.files.sddl(FILE)
    target.machine.files.set_sddl(FILE, rights.format(sid=pool_sid("Agent")))
    before = state(target)
    predicted = run(target, in_file(), check=True)
    assert state(target) == before
    done = run(target, in_file())
    assert (predicted["operations"], predicted["changed"]) == (done["operations"], True)
    assert target.machine.files.sddl(FILE) == exact
    assert run(target, in_file())["changed"] is False


# Frozen clock: the pair ends on 2026-12-24 at 08:00, thirty days after the server's time.
THRESHOLDS = [
    (31, 0, False, False),
    (30, 0, True, False),
    (29, 0, True, False),
    (1, 0, True, False),
    (0, 0, True, False),
    (-1, 0, None, True),
    (10, 10, None, True),
    (11, 10, True, False),
]


@pytest.mark.parametrize(("days", "fail_days", "warns", "refuses"), THRESHOLDS)
def test_thresholds_of_expiry(days, fail_days, warns, refuses):
    pair = new_pair.create("CN=given", NOW - datetime.timedelta(days=60), uses={"encryption"}, days=60 + days)
    wanted = {"use": "encryption", "source": "pfx", "content": container(pair), "password": PASSWORD}
    result = run(server(), {**wanted, "warn_days": 30, "fail_days": fail_days})
    assert bool(result.get("failed")) == refuses
    if not refuses:
        remedy = "give the file of its successor in im_agent_certificates"
        assert any("expires in" in w and remedy in w for w in result.get("warnings", [])) == warns
        assert result["certificates"]["encryption"]["days_left"] == days


@pytest.mark.parametrize(("days", "renews"), [(31, False), (30, True), (0, True)])
def test_a_made_pair_is_renewed_when_its_days_are_reached(days, renews):
    target = server(certificates=[{"subject": SUBJECT, "days": days}])
    result = run(target, {"use": "encryption", "renew": "when_expiring", "warn_days": 30})
    assert result["changed"], "at least the right on the key"
    assert len(held(target)) == (2 if renews else 1)


def test_a_chain_is_imported_and_a_site_without_one_is_refused(authority):
    root, middle, pair = authority
    wanted = {"use": "server", "source": "pfx", "password": PASSWORD, "alternative_names": ["agent.contoso.com"]}
    alone = {**wanted, "content": container(pair)}
    refused = run(server(), alone)
    assert "signed by CN=Issuing, whose certificate is neither" in refused["msg"]
    warned = run(server(), {**alone, "use": "encryption", "alternative_names": []})
    assert any("signed by CN=Issuing" in warning for warning in warned["warnings"])
    target = server()
    done = run(target, {**wanted, "content": container(pair, middle, root)})
    assert not done.get("failed"), done
    intermediate = {c.subject for c in target.machine.certificates.all("LocalMachine", "CA")}
    assert intermediate == {"CN=Issuing"}, "whom to trust is not ours to decide"
    assert target.machine.certificates.all("LocalMachine", "Root") == []
    assert run(target, {**wanted, "content": container(pair, middle, root)})["changed"] is False
    trusted = server()
    trusted.machine.certificates.add("LocalMachine", "CA", middle.public_bytes(serialization.Encoding.DER))
    assert not run(trusted, alone).get("failed")
