"""Key pairs that the agent could not use, and files that hold none, are told apart in words."""

from __future__ import annotations

import dataclasses
import datetime
import re

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils import _key_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._plan import Refused
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "agent")])
RSA, OTHER, SHORT = (rsa.generate_private_key(65537, bits) for bits in (2048, 2048, 1024))
CURVE = ec.generate_private_key(ec.SECP256R1())
PLAIN = serialization.NoEncryption()
PASSWORD = "canary-pfx-password"


def certificate(key, begins=NOW - DAY, ends=NOW + 100 * DAY):
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1).not_valid_before(begins).not_valid_after(ends)
    return builder.sign(key, hashes.SHA256())


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, PLAIN)


def text(made):
    return made.public_bytes(serialization.Encoding.PEM)


def pfx(key, made, password=PASSWORD):
    return pkcs12.serialize_key_and_certificates(
        b"x", key, made, None, serialization.BestAvailableEncryption(password.encode())
    )


@pytest.mark.parametrize(
    ("made", "changes", "days", "said"),
    [
        (certificate(RSA), {}, 0, []),
        (certificate(RSA), {}, 99, []),
        (certificate(RSA), {}, 100, ["it expires on 2026-09-09, within 100 days"]),
        (certificate(SHORT), {}, 0, ["its RSA key has 1024 bits, wanted at least 2048"]),
        (certificate(CURVE), {}, 0, ["its key is not RSA"]),
        (certificate(RSA), {"signature_hash": "sha1"}, 0, ["it is signed with sha1, wanted SHA-256 or better"]),
        (certificate(RSA, begins=NOW + DAY), {}, 0, ["it is valid only from 2026-06-02"]),
        (certificate(RSA, ends=NOW + DAY / 2), {}, 0, []),
        (certificate(RSA, ends=NOW + DAY / 2), {}, 1, ["it expires on 2026-06-01, within 1 days"]),
        (certificate(RSA, ends=NOW - DAY / 2), {}, 0, ["it expired on 2026-05-31"]),
        (certificate(SHORT, ends=NOW - DAY / 2), {}, 0, ["1024 bits", "it expired on 2026-05-31"]),
    ],
    ids=range(11),
)
def test_what_is_wrong_with_a_certificate(made, changes, days, said):
    described = _key_pair.describe(made.public_bytes(serialization.Encoding.DER))
    found = _key_pair.objections(dataclasses.replace(described, **changes), NOW, use="encryption", fail_days=days)
    assert len(found) == len(said), found
    assert all(words in text for words, text in zip(said, found, strict=True)), found


@pytest.mark.parametrize(
    ("content", "password", "message"),
    [
        (pfx(RSA, certificate(RSA)), "wrong", "cannot be read: the password is wrong"),
        (pfx(RSA, certificate(RSA))[:200], PASSWORD, "cannot be read"),
        (b"no container", PASSWORD, "holds no private key|no PKCS#12 container"),
        (pfx(None, certificate(RSA)), PASSWORD, "holds no private key; export it"),
        (pfx(CURVE, certificate(CURVE)), PASSWORD, "holds another kind of key, wanted RSA"),
        (pem(RSA) + pem(OTHER) + text(certificate(RSA)), "", "holds two private keys, wanted one"),
        (pem(RSA), "", "holds no certificate for its private key"),
        (pem(RSA) + text(certificate(OTHER)), "", "holds no certificate for its private key"),
        (pem(CURVE) + text(certificate(CURVE)), "", "holds another kind of key, wanted RSA"),
        (text(certificate(RSA)), "", "holds no private key"),
        (
            pem(RSA)[:300] + b"\n-----END PRIVATE KEY-----\n" + text(certificate(RSA)),
            "",
            "the private key cannot be read",
        ),
    ],
    ids=range(11),
)
def test_a_file_that_holds_no_pair_is_refused_without_its_password(content, password, message):
    with pytest.raises(Refused) as refused:
        _key_pair.read(content, password, "the file x.pfx")
    assert re.search(f"the file x.pfx: .*({message})", str(refused.value)), refused.value
    assert PASSWORD not in str(refused.value)


def test_both_forms_are_read_with_what_else_they_hold():
    other = certificate(OTHER)
    for content, password in (
        (pfx(RSA, certificate(RSA)), PASSWORD),
        (pem(RSA) + text(other) + text(certificate(RSA)), ""),
    ):
        key, made, more = _key_pair.read(content, password, "it")
        assert key.public_key() == RSA.public_key() == made.public_key()
        assert more == ([other] if not password else [])
