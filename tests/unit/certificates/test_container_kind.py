"""A file of another format that is given for a container is named as what it is, with what to do."""

from __future__ import annotations

import base64

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7, pkcs12

PFX = chain.FILES.key_pair.read_bytes()
PASSWORD = chain.CANARIES["pfx"]
CERTIFICATE = pkcs12.load_key_and_certificates(PFX, PASSWORD.encode())[1]
PEM = CERTIFICATE.public_bytes(Encoding.PEM).decode()
FILES = {
    "base64": (base64.encodebytes(PFX), "base64 text of a container; decode it first"),
    "base64 with a mark": (b"\xef\xbb\xbf" + base64.b64encode(PFX), "base64 text of a container; decode it first"),
    "base64 in UTF-16": (base64.b64encode(PFX).decode().encode("utf-16"), "base64 text of a container; decode"),
    "PEM in UTF-16": (PEM.encode("utf-16"), "PEM in UTF-16, as Out-File .*; save it as ASCII or UTF-8"),
    ".cer": (CERTIFICATE.public_bytes(Encoding.DER), r"a certificate alone \(\.cer\), which has no private key"),
    ".p7b": (
        pkcs7.serialize_certificates([CERTIFICATE], Encoding.DER),
        r"a PKCS#7 \(\.p7b\), which has no private key",
    ),
    "a text": (b"hello", "neither a PKCS#12 container nor PEM"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_format_is_named_as_what_it_is(name):
    content, named = FILES[name]
    with pytest.raises(Refused, match=f"^the container: .*{named}"):
        key_container.read(content, PASSWORD, what="the container", option="password")


def test_a_container_is_still_read():
    assert key_container.read(PFX, PASSWORD, what="x", option="password")[1] == CERTIFICATE
