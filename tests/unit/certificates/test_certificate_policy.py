"""What is refused of certificates; how host names, subjects and serial numbers are written. Tables, frozen clock."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import new_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import (
    distinguished_name,
    host_name,
    thumbprint,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.certificate import (
    describe,
    objections,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

NOW = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)
DAY, SECOND = datetime.timedelta(days=1), datetime.timedelta(seconds=1)
KEYS = {bits: rsa.generate_private_key(65537, bits) for bits in (1024, 2048)} | {
    "EC": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def certificate(
    key=2048, begin=NOW - DAY, end=NOW + 100 * DAY, names=("agent.contoso.com",), usage=None, digest=None, cn="agent"
):
    """Make one, signed by a strong key, so that only what the case says is odd."""
    subject = distinguished_name.parse(f"CN={cn}")
    builder = x509.CertificateBuilder(subject, subject, KEYS[key].public_key(), 1, begin, end)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([new_pair._general_name(n) for n in names]), critical=False
        )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return describe(builder.sign(KEYS[2048], digest or hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def with_signature(found, name):
    """Return a description with another signature hash: no library signs with what must not be used any more."""
    import dataclasses

    return dataclasses.replace(found, signature_hash=name)


# name: (the certificate, what is asked of it, the sentence; None for one that is fit)
POLICY = {
    "fit": (certificate(), {}, None),
    "rsa 1024, the guide's sample": (certificate(1024), {}, "its RSA key has 1024 bits, wanted at least 2048 (the"),
    "rsa 2048": (certificate(2048), {}, None),
    "EC": (certificate("EC"), {}, "its key is EC, wanted RSA"),
    "EdDSA": (certificate("EdDSA"), {}, "its key is EdDSA, wanted RSA"),
    "SHA-1": (with_signature(certificate(), "sha1"), {}, "signed with sha1, wanted SHA-256 or better"),
    "MD5": (with_signature(certificate(), "md5"), {}, "signed with md5"),
    "SHA-384": (certificate(digest=hashes.SHA384()), {}, None),
    "valid from now": (certificate(begin=NOW), {}, None),
    "valid from a second later": (certificate(begin=NOW + SECOND), {}, "valid only from 2026-11-24"),
    "valid until now": (certificate(end=NOW), {}, None),
    "expired a second ago": (certificate(end=NOW - SECOND), {}, "expired on 2026-11-24"),
    "more than fail_days": (certificate(end=NOW + 11 * DAY), {"fail_days": 10}, None),
    "fail_days": (certificate(end=NOW + 11 * DAY - SECOND), {"fail_days": 10}, "expires on 2026-12-05, within 10 days"),
    "covered": (certificate(), {"hosts": ["Agent.contoso.com"]}, None),
    "not covered": (certificate(), {"hosts": ["x.y"]}, "does not cover the host name x.y, only agent.contoso.com"),
    "one of two not covered": (certificate(), {"hosts": ["agent.contoso.com", "x.y"]}, "host name x.y"),
    "wildcard": (certificate(names=["*.contoso.com"]), {"hosts": ["agent.contoso.com"]}, None),
    "wildcard for one label": (certificate(names=["*.contoso.com"]), {"hosts": ["a.b.contoso.com"]}, "a.b.contoso.com"),
    "wildcard not for its domain": (certificate(names=["*.contoso.com"]), {"hosts": ["contoso.com"]}, "not cover"),
    "address": (certificate(names=["10.0.0.1"]), {"hosts": ["10.0.0.1"]}, None),
    "another address": (certificate(names=["10.0.0.1"]), {"hosts": ["10.0.0.2"]}, "10.0.0.2, only 10.0.0.1"),
    "address of six": (certificate(names=["2001:db8::1"]), {"hosts": ["2001:0DB8:0::1"]}, None),
    "address by wildcard": (certificate(names=["*.0.0.1"]), {"hosts": ["10.0.0.1"]}, "does not cover"),
    "international": (certificate(names=["agent.münchen.de"]), {"hosts": ["AGENT.MÜNCHEN.de"]}, None),
    "international, as ASCII": (certificate(names=["münchen.de"]), {"hosts": ["xn--mnchen-3ya.de"]}, None),
    "CN only": (
        certificate(names=(), cn="agent.contoso.com"),
        {"hosts": ["agent.contoso.com"]},
        "only its CN names it, and it has no subject alternative name",
    ),
    "no names": (certificate(names=()), {"hosts": ["x.y"]}, "it has no subject alternative name"),
    "for servers": (certificate(usage=ExtendedKeyUsageOID.SERVER_AUTH), {"hosts": []}, None),
    "for anything": (certificate(usage=ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), {"hosts": []}, None),
    "for clients": (certificate(usage=ExtendedKeyUsageOID.CLIENT_AUTH), {"hosts": []}, "does not name servers"),
}


@pytest.mark.parametrize("name", POLICY)
def test_policy(name):
    found, asked, sentence = POLICY[name]
    uses = {"server"} if "hosts" in asked else {"encryption"}
    found_objections = objections(found, NOW, uses=uses, **asked)
    if sentence is None:
        assert found_objections == []
    else:
        assert len(found_objections) == 1
        assert sentence in found_objections[0]


def test_names_and_usage_are_asked_of_a_site_s_certificate_only():
    found = certificate(names=(), usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    assert objections(found, NOW, uses={"encryption"}, hosts=["x.y"]) == []


def test_each_fault_is_told():
    found = certificate(1024, end=NOW - DAY, names=())
    assert len(objections(found, NOW, uses={"server"}, hosts=["x.y"])) == 3


def extensions(made):
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    try:
        extended = [o._name for o in made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value]
    except x509.ExtensionNotFound:
        extended = []
    return usage.digital_signature, usage.key_encipherment, usage.data_encipherment, usage.key_cert_sign, extended


@pytest.mark.parametrize(
    ("uses", "data", "extended"),
    [
        ({"server"}, False, ["serverAuth"]),
        ({"encryption"}, True, []),
        ({"identity_server"}, True, []),
        ({"password_reset"}, True, []),
        ({"encryption", "server"}, True, ["serverAuth"]),
    ],
)
def test_the_key_usage_of_a_made_pair_fits_its_uses(uses, data, extended, monkeypatch):
    monkeypatch.setattr(rsa, "generate_private_key", lambda **_: KEYS[2048])
    made = new_pair.create("CN=a", NOW, uses=uses, hosts=["a.b", "10.0.0.1", "bücher.de"])[1]
    assert extensions(made) == (True, True, data, False, extended)
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    described = describe(made.public_bytes(serialization.Encoding.DER))
    assert described.names == ("a.b", "xn--bcher-kva.de", "10.0.0.1")
    assert objections(described, NOW, uses=uses, hosts=["a.b", "10.0.0.1", "bücher.de"]) == []


def test_a_serial_number_follows_from_the_key_alone():
    numbers = {new_pair.serial(rsa.generate_private_key(65537, 1024)) for _ in range(5)}
    assert len(numbers) == 5
    assert all(0 < number < 2**159 for number in numbers), "RFC 5280: positive, at most 20 bytes"
    assert new_pair.serial(KEYS[2048]) == new_pair.serial(KEYS[2048])


SUBJECTS = {
    "CN=a,O=b": "CN=a,O=b",
    "cn = a , o = b": "CN=a,O=b",
    "CN=Agent\\, Paris,O=Contoso": "CN=Agent\\, Paris,O=Contoso",
    'CN=a, O="Contoso, Inc."': "CN=a,O=Contoso\\, Inc.",
    'CN="say ""yes"""': 'CN=say \\"yes\\"',
    "CN=a\\2Cb": "CN=a\\,b",
    "CN=a\\+b": "CN=a\\+b",
    "CN=Zoë O'Neil": "CN=Zoë O'Neil",
    "CN=a,S=Bavaria,C=DE": "CN=a,ST=Bavaria,C=DE",
    "CN=a,OU=x,OU=y,DC=contoso,DC=com": "CN=a,OU=x,OU=y,DC=contoso,DC=com",
}


@pytest.mark.parametrize("text", SUBJECTS)
def test_subjects_are_read_as_people_and_windows_write_them(text):
    assert distinguished_name.parse(text).rfc4514_string() == SUBJECTS[text]
    assert distinguished_name.is_same(text, SUBJECTS[text].upper())


BAD_SUBJECTS = ("", "agent", "CN=", "CN=a,", "CN=a,,O=b", "X=a", 'CN="a', "C=FRA", f"CN={'x' * 65}")


@pytest.mark.parametrize("text", BAD_SUBJECTS)
def test_a_subject_that_cannot_be_is_refused_with_what_was_found(text):
    with pytest.raises(Refused, match="subject: found") as caught:
        distinguished_name.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("name", ["", "*", "a b", "https://a.b", "a.b:443", "a..b", "-a", "a/b", "x" * 64, "*.*.b"])
def test_what_is_no_host_name_is_refused(name):
    with pytest.raises(Refused, match="wanted a host name"):
        host_name.ascii_form(name)


@pytest.mark.parametrize(
    "text",
    [
        "ab" * 20,
        "AB" * 20,
        " ".join(["ab"] * 20),
        ":".join(["ab"] * 20),
        "\u200e" + "ab" * 20,
        "\u200eab " * 20,
        "ab" * 20 + "\n",
    ],
)
def test_a_thumbprint_is_taken_as_people_copy_it(text):
    assert thumbprint.cleaned(text) == "AB" * 20
