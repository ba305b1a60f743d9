"""PFX and PEM of OpenSSL, Java and Windows-style exports are read, what is wrong with others is said; what we make is
read by OpenSSL and carries the algorithms it should.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container, new_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import certificate, distinguished_name
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)
PASSWORD = "canary-container-5d"
PASSWORDS = (PASSWORD, "", "pässwörd €", "with space ", "@at@")
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on this machine")
needs_keytool = pytest.mark.skipif(not shutil.which("keytool"), reason="no Java keytool on this machine")
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def signed(subject, key, issuer=None, issuer_key=None):
    name = distinguished_name.parse(subject)
    end = NOW + datetime.timedelta(days=900)
    builder = x509.CertificateBuilder(issuer or name, name, key.public_key(), x509.random_serial_number(), NOW, end)
    return builder.sign(issuer_key or key, hashes.SHA256())


KEY, OTHER, MIDDLE = (rsa.generate_private_key(65537, 2048) for _ in range(3))
ROOT = signed("CN=Root", OTHER)
ISSUING = signed("CN=Issuing", MIDDLE, ROOT.subject, OTHER)
LEAF = signed("CN=agent.contoso.com,O=Contoso", KEY, ISSUING.subject, MIDDLE)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


def pem(key, password="", style=serialization.PrivateFormat.PKCS8):
    how = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, style, how)


def certificates(*found):
    return b"".join(c.public_bytes(PEM) for c in found)


def openssl(*words, content=None):
    command = ["openssl", *map(str, words)]
    ran = subprocess.run(command, input=content, capture_output=True, check=False)
    if ran.returncode and b"unsupported" in ran.stderr.lower() and "-legacy" in command:
        pytest.skip("this openssl has no legacy provider")
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode() + ran.stderr.decode()


def exported(folder, *options, password=PASSWORD, key=KEY, leaf=LEAF, chain=()):
    """Return a container that OpenSSL made."""
    source, target = folder / "in.pem", folder / "out.pfx"
    source.write_bytes(pem(key) + certificates(leaf, *chain))
    openssl("pkcs12", "-export", "-in", source, "-out", target, "-passout", f"pass:{password}", *options)
    return target.read_bytes()


def refusal(content, password=PASSWORD):
    with pytest.raises(Refused) as caught:
        key_container.read(content, password, "the container of use encryption")
    message = str(caught.value)
    assert message.startswith("the container of use encryption: ")
    assert not password or password not in message
    return message


# As Windows and .NET export: attributes of a cryptographic provider and a machine key, a friendly name, 3DES or RC2-40.
WINDOWS = ("-CSP", "Microsoft RSA SChannel Cryptographic Provider", "-LMK", "-keyex", "-name", "te-8b0ad3c1")
CIPHERS = {
    "as it is": (),
    "RC2-40 and 3DES": ("-legacy",),
    "3DES": ("-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
    "AES-256": ("-certpbe", "AES-256-CBC", "-keypbe", "AES-256-CBC", "-macalg", "SHA256"),
    "AES-128 with SHA-512": ("-certpbe", "AES-128-CBC", "-keypbe", "AES-128-CBC", "-macalg", "SHA512"),
    "certificates in clear": ("-certpbe", "NONE"),
    "Windows, old": ("-legacy", *WINDOWS),
    "Windows, 3DES": ("-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1", *WINDOWS),
    "Windows, AES": ("-certpbe", "AES-256-CBC", "-keypbe", "AES-256-CBC", "-macalg", "SHA256", *WINDOWS),
}


@needs_openssl
@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("password", PASSWORDS[:2])
@pytest.mark.parametrize("chain", [(), (ISSUING, ROOT)], ids=["alone", "chain"])
def test_containers_of_openssl_are_read(tmp_path, cipher, password, chain):
    key, leaf, more = key_container.read(
        exported(tmp_path, *CIPHERS[cipher], password=password, chain=chain), password, "x"
    )
    assert key.private_numbers() == KEY.private_numbers()
    assert leaf == LEAF
    assert set(more) == set(chain)


@needs_openssl
@pytest.mark.parametrize("password", PASSWORDS[2:])
def test_odd_passwords_open(tmp_path, password):
    assert key_container.read(exported(tmp_path, password=password), password, "x")[1] == LEAF
    assert key_container.read(key_container.pfx(KEY, LEAF, password), password, "x")[1] == LEAF


def keytool(store, *words, alias="agent", algorithm="RSA", size="2048"):
    command = ["keytool", "-genkeypair", "-keyalg", algorithm, "-keysize", size, "-alias", alias, "-dname", "CN=java"]
    command += ["-storetype", "PKCS12", "-keystore", str(store), "-storepass", PASSWORD, "-validity", "100", *words]
    subprocess.run(command, check=True, capture_output=True)


@needs_keytool
def test_containers_of_java_are_read_and_one_with_two_keys_is_refused(tmp_path):
    store = tmp_path / "java.p12"
    keytool(store)
    assert key_container.read(store.read_bytes(), PASSWORD, "x")[1].subject.rfc4514_string() == "CN=java"
    keytool(store, alias="other")
    assert "contains 2 private keys, wanted one: export only the pair" in refusal(store.read_bytes())


@needs_keytool
@pytest.mark.nightly
def test_an_old_container_of_java_is_read(tmp_path):
    store = tmp_path / "java.p12"
    keytool(store, "-J-Dkeystore.pkcs12.legacy")
    assert key_container.read(store.read_bytes(), PASSWORD, "x")[1].subject.rfc4514_string() == "CN=java"


PEMS = {
    "key first": pem(KEY) + certificates(LEAF, ISSUING, ROOT),
    "certificates first": certificates(LEAF, ISSUING, ROOT) + pem(KEY),
    "chain first": certificates(ROOT, ISSUING) + pem(KEY) + certificates(LEAF),
    "encrypted": pem(KEY, PASSWORD) + certificates(LEAF, ISSUING, ROOT),
    "of OpenSSL": pem(KEY, style=serialization.PrivateFormat.TraditionalOpenSSL) + certificates(LEAF, ISSUING, ROOT),
    "of OpenSSL, encrypted": pem(KEY, PASSWORD, serialization.PrivateFormat.TraditionalOpenSSL)
    + certificates(LEAF, ISSUING, ROOT),
    "bag attributes": b"Bag Attributes\n    friendlyName: agent\n" + pem(KEY) + certificates(LEAF, ISSUING, ROOT),
    "byte order mark": b"\xef\xbb\xbf" + pem(KEY) + certificates(LEAF, ISSUING, ROOT),
    "Windows line ends": (pem(KEY) + certificates(LEAF, ISSUING, ROOT)).replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("name", PEMS)
def test_pem_is_read_in_any_order_and_form(name):
    key, leaf, more = key_container.read(PEMS[name], PASSWORD, "x")
    assert key.private_numbers() == KEY.private_numbers()
    assert leaf == LEAF
    assert set(more) == {ISSUING, ROOT}


def damaged(content):
    lines = content.splitlines(keepends=True)
    return b"".join([lines[0], b"AAAA" + lines[1][4:], *lines[2:]])


MADE = key_container.pfx(KEY, LEAF, PASSWORD)
REFUSED = {
    "empty": (b"", "found an empty file"),
    "white space": (b" \n", "found an empty file"),
    "another kind of file": (b"<html>Not found</html>", "neither a PKCS#12 container nor PEM"),
    "DER that is none": (b"\x30\x03\x02\x01\x00", "it is not a PKCS#12 container, or it is damaged"),
    "a certificate": (LEAF.public_bytes(DER), "a certificate alone (.cer), which has no private key"),
    "one byte": (b"\x30", "truncated"),
    "half": (MADE[: len(MADE) // 2], "truncated; copy it again"),
    "one byte short": (MADE[:-1], "truncated"),
    "PEM without key": (certificates(LEAF), "contains no private key"),
    "PEM without certificate": (pem(KEY), "contains no certificate for its private key"),
    "PEM of another's certificate": (pem(KEY) + certificates(ROOT), "its 1 certificates belong to other keys"),
    "PEM with two keys": (pem(KEY) + pem(OTHER) + certificates(LEAF), "contains 2 private keys, wanted one"),
    "PEM with an EC key": (pem(ELLIPTIC) + certificates(LEAF), "contains an EC key, wanted RSA: the agent needs"),
    "PEM, key truncated": (pem(KEY)[:500], "truncated: a part has no end"),
    "PEM, certificate truncated": (pem(KEY) + certificates(LEAF)[:-40], "truncated: a part has no end"),
    "PEM, certificate damaged": (pem(KEY) + damaged(certificates(LEAF)), "a certificate in it is damaged"),
    "PEM, key damaged": (damaged(pem(KEY)) + certificates(LEAF), "the private key cannot be read: it is damaged"),
    "PEM, wrong password": (pem(KEY, "another") + certificates(LEAF), "the password is wrong"),
    "PFX, wrong password": (key_container.pfx(KEY, LEAF, "another"), "cannot be read: the password is wrong"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_the_cause(name):
    content, words = REFUSED[name]
    assert words in refusal(content)


def test_a_password_that_is_missing_or_ends_in_a_line_end_is_said():
    assert "it has a password, and password is empty" in refusal(MADE, "")
    assert "the password is wrong (password ends in a space or line end: is this intended?)" in refusal(
        MADE, PASSWORD + "\n"
    )


@needs_openssl
def test_containers_without_a_key_or_with_an_elliptic_one_are_refused(tmp_path):
    (tmp_path / "leaf.pem").write_bytes(certificates(LEAF))
    bare = tmp_path / "bare.pfx"
    openssl("pkcs12", "-export", "-nokeys", "-in", tmp_path / "leaf.pem", "-out", bare, "-passout", f"pass:{PASSWORD}")
    assert "contains no private key; export it from its store with the private key" in refusal(bare.read_bytes())
    made = exported(tmp_path, key=ELLIPTIC, leaf=signed("CN=curve", ELLIPTIC))
    assert "contains an EC key, wanted RSA" in refusal(made)


@given(st.integers(min_value=0, max_value=len(MADE) - 1))
@settings(max_examples=60, deadline=None)
def test_a_container_cut_anywhere_is_refused_and_nothing_else_happens(length):
    assert any(word in refusal(MADE[:length]) for word in ("truncated", "empty"))


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_bytes_that_are_no_container_are_refused_and_nothing_else_happens(content):
    refusal(content)
    refusal(b"-----BEGIN PRIVATE KEY-----" + content)


# Object identifiers in DER.
TRIPLE_DES, RC2_40 = (bytes.fromhex(f"060a2a864886f70d010c010{n}") for n in (3, 6))
SHA1_MAC, SHA256_MAC = bytes.fromhex("06052b0e03021a"), bytes.fromhex("0609608648016503040201")
PBES2, AES_256 = bytes.fromhex("06092a864886f70d01050d"), bytes.fromhex("060960864801650304012a")


def test_the_compatible_container_has_the_algorithms_of_server_2016_and_no_others():
    made = key_container.pfx(KEY, LEAF, PASSWORD, [ISSUING])
    assert made.count(TRIPLE_DES) == 2, "key and certificates"
    assert SHA1_MAC in made[-80:], "the check value, at the end"
    assert not any(oid in made for oid in (PBES2, AES_256, RC2_40))


def test_the_modern_container_has_aes_and_sha_256():
    made = key_container.pfx(KEY, LEAF, PASSWORD, [ISSUING], modern=True)
    assert made.count(PBES2) == made.count(AES_256) == 2
    assert SHA256_MAC in made[-100:]
    assert TRIPLE_DES not in made
    assert SHA1_MAC not in made


@needs_openssl
@pytest.mark.parametrize(
    ("modern", "mac", "cipher"),
    [
        (False, "MAC: sha1, Iteration ", "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 50000"),
        (True, "MAC: sha256, Iteration ", "PBES2, PBKDF2, AES-256-CBC, Iteration 50000, PRF hmacWithSHA256"),
    ],
)
def test_openssl_reads_what_we_make(tmp_path, modern, mac, cipher):
    made = tmp_path / "made.pfx"
    made.write_bytes(key_container.pfx(KEY, LEAF, PASSWORD, [ISSUING, ROOT], modern=modern))
    shown = openssl("pkcs12", "-info", "-nodes", "-in", made, "-passin", f"pass:{PASSWORD}")
    assert mac in shown
    assert shown.count(cipher) == 2
    assert shown.count("BEGIN CERTIFICATE") == 3
    assert shown.count("BEGIN PRIVATE KEY") == 1


@needs_openssl
@pytest.mark.parametrize(("uses", "purpose"), [({"server"}, "sslserver"), ({"encryption"}, "any")])
def test_openssl_verifies_the_certificates_that_we_make(tmp_path, uses, purpose):
    hosts = ["agent.contoso.com", "10.0.0.1", "münchen.de"]
    made = new_pair.create("CN=agent,O=Contoso", NOW, uses=uses, hosts=hosts, bits=3072, days=30)[1]
    file = tmp_path / "made.pem"
    file.write_bytes(certificates(made))
    at = int(NOW.timestamp())
    strict = ["-x509_strict", "-check_ss_sig", "-attime", at, "-CAfile", file]
    names = ["-verify_hostname", "agent.contoso.com"]
    assert "OK" in openssl("verify", *strict, *names, "-purpose", purpose, file)
    shown = openssl("x509", "-in", file, "-noout", "-text")
    expected = {"sha256WithRSAEncryption", "(3072 bit)", "CA:FALSE", "DNS:agent.contoso.com", "DNS:xn--mnchen-3ya.de"}
    expected |= {"IP Address:10.0.0.1", "Not After : Dec 24 08:00:00 2026 GMT", "Digital Signature, Key Encipherment"}
    assert {words for words in expected if words not in shown} == set()
    assert ("TLS Web Server Authentication" in shown) == ("server" in uses)


@needs_openssl
@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_weak_signatures_of_openssl_are_refused(tmp_path, digest):
    key, file = tmp_path / "key.pem", tmp_path / "weak.pem"
    key.write_bytes(pem(KEY))
    openssl("req", "-x509", "-key", key, f"-{digest}", "-subj", "/CN=weak", "-days", "9", "-out", file)
    found = certificate.describe(x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(DER))
    (objection,) = certificate.objections(found, found.not_before, uses={"encryption"})
    assert objection == f"it is signed with {digest}, wanted SHA-256 or better"


@needs_openssl
def test_the_sample_command_of_the_guide_makes_a_pair_that_is_refused(tmp_path):
    key, file = tmp_path / "usercube.key", tmp_path / "usercube.crt"
    sample = ("req", "-x509", "-newkey", "rsa:1024", "-keyout", key, "-out", file, "-nodes", "-subj", "/CN=Usercube")
    openssl(*sample)
    made = tmp_path / "usercube.pfx"
    openssl("pkcs12", "-export", "-in", file, "-inkey", key, "-out", made, "-passout", f"pass:{PASSWORD}")
    leaf = key_container.read(made.read_bytes(), PASSWORD, "x")[1]
    found = certificate.describe(leaf.public_bytes(DER))
    assert "1024 bits, wanted at least 2048 (the guide's sample with rsa:1024 is too weak)" in str(
        certificate.objections(found, found.not_before, uses={"encryption"})
    )


def odd_leaf():
    """Return key and certificate of a leaf whose basic constraints have a path length, which cryptography refuses and
    OpenSSL and Windows take (RFC 5280, 4.2.1.9: meaningful only with cA).
    """
    name = distinguished_name.parse("CN=odd")
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 5, NOW, NOW + datetime.timedelta(days=900))
    bad = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.19"), bytes.fromhex("3003020100"))
    names = x509.SubjectAlternativeName([x509.DNSName("agent.contoso.com")])
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH])
    for extension in (bad, names, usage):
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(KEY, hashes.SHA256())


def test_a_certificate_with_an_extension_that_cryptography_refuses_is_read_all_the_same():
    odd = odd_leaf()
    with pytest.raises(ValueError, match="path_length"):
        odd.extensions  # noqa: B018  (it is read when it is asked for)
    _key, leaf, _chain = key_container.read(key_container.pfx(KEY, odd, PASSWORD), PASSWORD, what="x")
    read = certificate.describe(leaf.public_bytes(DER))
    assert (read.subject, read.bits, read.common_name) == ("CN=odd", 2048, "odd")
    assert (read.names, read.for_servers) == (("agent.contoso.com",), False)
    assert read.not_after == NOW + datetime.timedelta(days=900)
    assert [c.subject for c in certificate.describe_readable([odd.public_bytes(DER)])] == ["CN=odd"]


def test_a_container_names_no_container_of_windows():
    """A friendly name of the key becomes the name of its container on Windows."""
    content = key_container.pfx(KEY, LEAF, PASSWORD)
    opened = pkcs12.load_pkcs12(content, PASSWORD.encode())
    assert opened.cert.friendly_name is None
