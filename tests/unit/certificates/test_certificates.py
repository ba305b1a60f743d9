"""Key pairs: where they come from, what is refused, who may use them."""

from __future__ import annotations

import base64
import datetime
import json

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container, new_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import certificate, distinguished_name
from cryptography.hazmat.primitives import serialization

NOW = datetime.datetime.now(datetime.UTC)
PASSWORD = "canary-pfx-password-77aa"
POOL = {"pool": "Agent"}


@pytest.fixture(scope="module")
def pair():
    return new_pair.create("CN=agent.contoso.com,O=Contoso", NOW, uses={"server"}, hosts=["agent.contoso.com"])


@pytest.fixture(scope="module")
def weak():
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 1024)
    name = distinguished_name.parse("CN=weak")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + datetime.timedelta(days=9))
    return key, builder.sign(key, hashes.SHA256())


def server(**data):
    return chain.server({"features": ["Web-Server"], "pools": [{"name": "Agent"}], **data})


def run(server, *pairs, check=False):
    server.new_run()
    return server.run("win_im_cert_pair", {"pairs": list(pairs), "identity": POOL}, check=check)


def held(server):
    return {c.thumbprint: c for c in server.machine.certificates.all("LocalMachine", "My")}


def given(pair, **changes):
    return {"use": "encryption", "source": "pfx", "content": pfx(pair), "password": PASSWORD, **changes}


def pfx(pair):
    return base64.b64encode(key_container.pfx(*pair, PASSWORD, rounds=50)).decode()


def sources(pair):
    thumbprint = certificate.describe(pair[1].public_bytes(serialization.Encoding.DER)).thumbprint
    return {
        "made": {"use": "encryption"},
        "pfx": given(pair),
        "store by subject": {"use": "encryption", "source": "store", "subject": "CN=present"},
    }, thumbprint


@pytest.mark.parametrize("source", ["made", "pfx", "store by subject"])
def test_each_source_ends_with_a_pair_that_the_identity_can_use_and_a_second_run_does_nothing(source, pair):
    options = sources(pair)[0][source]
    target = server(certificates=[{"subject": "CN=present"}])
    before = json.dumps(target.machine.dump(), sort_keys=True)
    predicted = run(target, options, check=True)
    assert json.dumps(target.machine.dump(), sort_keys=True) == before
    done = run(target, options)
    assert predicted["changed"] == done["changed"] is True
    found = done["certificates"]["encryption"]
    stored = held(target)[found["thumbprint"]]
    assert target.machine.certificates.readable(stored, target.machine.iis.pool_token("Agent"))
    assert not stored.exportable
    again = run(target, options)
    assert again["changed"] is False
    assert target.executions == 1
    assert again["certificates"] == done["certificates"]
    assert PASSWORD not in json.dumps([predicted, done, again, target.machine.dump()["events"]])


def test_several_new_pairs_reach_the_server_in_one_execution(pair):
    target = server()
    run(
        target,
        {"use": "encryption"},
        given(pair, use="identity_server"),
        {"use": "server", "alternative_names": ["a.b"]},
    )
    assert target.engine.counters.modules["imops.identity_manager.win_im_write"] == 1
    assert len(held(target)) == 3


def test_a_pair_that_the_settings_name_is_kept_before_one_with_the_subject():
    target = server(certificates=[{"subject": "CN=mine"}, {"subject": "CN=Identity Manager Agent encryption"}])
    mine = next(t for t, c in held(target).items() if "mine" in c.subject)
    target.machine.files.make_folder("C:\\im\\Runtime")
    settings = json.dumps({"encryptioncertificate": {"Thumbprint": mine.lower()}})
    target.machine.files.write("C:\\im\\Runtime\\appsettings.json", settings)
    options = {"pairs": [{"use": "encryption"}], "identity": POOL, "settings_path": "C:\\im\\Runtime"}
    assert target.run("win_im_cert_pair", options)["certificates"]["encryption"]["thumbprint"] == mine


def test_a_pair_that_expires_is_told_and_renewed_beside_the_old_only_when_asked():
    target = server(certificates=[{"subject": "CN=Identity Manager Agent encryption", "days": 10}])
    (old,) = held(target)
    told = run(target, {"use": "encryption"})
    assert any("expires in" in w and w.endswith(": run the playbook renew") for w in told["warnings"])
    assert set(held(target)) == {old}
    renewed = run(target, {"use": "encryption", "renew": "when_expiring"})["certificates"]["encryption"]["thumbprint"]
    assert set(held(target)) == {old, renewed}
    assert run(target, {"use": "encryption", "renew": "when_expiring"})["changed"] is False


REFUSED = {
    "wrong password": (lambda pair, weak: given(pair, password="not-the-one-44"), "the password is wrong"),
    "truncated": (lambda pair, weak: given(pair, content=pfx(pair)[:400]), "truncated"),
    "no base64": (lambda pair, weak: given(pair, content="???"), "wanted base64"),
    "rsa 1024": (lambda pair, weak: given(weak), "rsa:1024"),
    "host not covered": (lambda pair, weak: given(pair, use="server", alternative_names=["x.y"]), "does not cover"),
    "neither file nor content": (lambda pair, weak: {"use": "encryption", "source": "pfx"}, "either file"),
    "no such file": (lambda pair, weak: given(pair, content=None, file="/nowhere.pfx"), "cannot read /nowhere.pfx"),
    "bad thumbprint": (lambda pair, weak: {"use": "encryption", "source": "store", "thumbprint": "12"}, "40 hex"),
    "not in the store": (
        lambda pair, weak: {"use": "encryption", "source": "store", "thumbprint": "A" * 40},
        "found no certificate",
    ),
    "several with the subject": (
        lambda pair, weak: {"use": "encryption", "source": "store", "subject": "CN=twin"},
        "found 2 certificates",
    ),
    "no private key": (
        lambda pair, weak: {"use": "encryption", "source": "store", "subject": "CN=bare"},
        "no private key",
    ),
    "expired": (lambda pair, weak: {"use": "encryption", "source": "store", "subject": "CN=old"}, "expired on"),
    "no such store": (lambda pair, weak: {"use": "encryption", "store_name": "Nowhere"}, "no certificate store"),
    "bad subject": (lambda pair, weak: {"use": "encryption", "subject": "agent"}, "wanted parts such as CN=name"),
    "a name that reads like another option": (
        lambda pair, weak: {"use": "encryption", "alternative_names": ["subject: x"]},
        "alternative_names: found 'subject: x'",
    ),
    "server without names": (lambda pair, weak: {"use": "server"}, "alternative_names"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_not_be_used_is_refused_before_anything_is_written(name, pair, weak):
    options, reason = REFUSED[name]
    certificates = [{"subject": "CN=twin"}, {"subject": "CN=twin"}, {"subject": "CN=bare", "key": False}]
    target = server(certificates=[*certificates, {"subject": "CN=old", "days": -1}])
    before = json.dumps(target.machine.dump(), sort_keys=True)
    result = run(target, {k: v for k, v in options(pair, weak).items() if v is not None})
    assert result["failed"]
    assert reason in result["msg"]
    assert PASSWORD not in result["msg"]
    assert json.dumps(target.machine.dump(), sort_keys=True) == before


def test_one_entry_twice_is_refused_by_its_use(pair):
    assert "found use encryption twice" in run(server(), given(pair), given(pair))["msg"]


WARNED = {
    "a store of authorities": (
        {"store_name": "AuthRoot"},
        "store AuthRoot for use encryption is a store of authorities",
    ),
    "a person's store": ({"store_location": "CurrentUser"}, "is that of the account which Ansible connects as"),
    "a life as short as its end": (
        {"renew": "when_expiring", "valid_days": 30, "warn_days": 30},
        "is valid for 30 days and is renewed within 30 days",
    ),
    "a life longer than its end": ({"renew": "when_expiring", "valid_days": 31, "warn_days": 30}, ""),
    "a short life that is not renewed": ({"valid_days": 30, "warn_days": 30}, ""),
    "the usual": ({}, ""),
}


@pytest.mark.parametrize("name", WARNED)
def test_a_choice_that_is_taken_but_odd_is_told(name):
    options, words = WARNED[name]
    done = run(server(), {"use": "encryption", **options}, check=True)
    assert done["changed"], done
    told = done.get("warnings", [])
    assert bool(told) is bool(words), told
    assert not words or any(words in warning for warning in told)
