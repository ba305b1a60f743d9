"""The search of a whole server finds what it is there for: a secret in each form, at each place."""

from __future__ import annotations

import base64
import json

import chain
import pytest
import rotations
import whole_search
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from emulator.windows.agent import protect_tools
from emulator.windows.iis import schema_values

SECRET = 'canary-"quoted"-7d'
FILE = "C:\\Windows\\Temp\\anything.bin"
FORMS = {
    "plain": SECRET.encode(),
    "inside": b"before " + SECRET.encode() + b" after",
    "UTF-16": SECRET.encode("utf-16-le"),
    "JSON": json.dumps({"a": SECRET}).encode(),
    "base64": base64.b64encode(SECRET.encode()),
    "base64 of more": base64.b64encode(b"ab" + SECRET.encode() + b"cde"),
    "IIS": schema_values.secret(SECRET, "IISWASOnlyAesProvider").encode(),
    "the tool's": protect_tools.certificate_password(["--pfx-password", SECRET.replace('"', '\\"')])[1].encode(),
}
PLACES = {
    "registry": lambda m: m.registry.set("HKLM:\\SOFTWARE\\X", "Y", "String", f"a {SECRET}"),
    "name of a file": lambda m: m.files.write(f"C:\\Windows\\Temp\\{SECRET}", b""),
    "service": lambda m: m.services.passwords.update(x=SECRET),
    "event logs": lambda m: m.events.add("Application", "x", 1, "Error", SECRET),
    "process list": lambda m: m.ran(f"tool.exe {SECRET}"),
}


def found(machine):
    return whole_search.found(machine, whole_search.text_forms(SECRET))


@pytest.fixture
def machine():
    made = chain.server().machine
    made.files.make_folder("C:\\Windows\\Temp")
    assert found(made) == []
    return made


@pytest.mark.parametrize("form", FORMS)
def test_a_text_is_found_in_each_form(machine, form):
    machine.files.write(FILE, FORMS[form])
    assert found(machine) == [FILE]


@pytest.mark.parametrize("place", PLACES)
def test_a_text_is_found_at_each_place(machine, place):
    PLACES[place](machine)
    assert len(found(machine)) == 1
    assert (found(machine)[0] in whole_search.HISTORY) is (place in whole_search.HISTORY)


def test_a_private_key_is_found_in_stores_and_files(machine):
    stored = machine.certificates.make(subject="CN=x")
    assert len(whole_search.holds_key(machine, stored.key, ())) == 2, "the store, and the key's file"
    machine.certificates.remove("LocalMachine", "My", stored.thumbprint)
    assert whole_search.holds_key(machine, stored.key, ()) == []
    key = serialization.load_pem_private_key(stored.key, None)
    locked = serialization.BestAvailableEncryption(b"canary-pfx")
    machine.files.write(FILE, pkcs12.serialize_key_and_certificates(b"x", key, stored.certificate, None, locked))
    assert whole_search.holds_key(machine, stored.key, ["canary-other"]) == []
    assert whole_search.holds_key(machine, stored.key, ["canary-other", "canary-pfx"]) == [FILE]
    machine.files.write(FILE, stored.key)
    assert whole_search.holds_key(machine, stored.key, ()) == [FILE]


def test_what_windows_keeps_is_named_in_the_guide():
    page = rotations.PAGE.read_text("utf-8")
    assert [name for name in whole_search.HISTORY if f"| {name} |" not in page] == []
