"""Which private keys are the agent's: those that its settings name, and those that its identity may use."""

from __future__ import annotations

import base64
import datetime
import functools

import pytest
import ready_keys
from ansible_collections.imops.identity_manager.plugins.plugin_utils._restore import keys
from ansible_collections.imops.identity_manager.plugins.plugin_utils._restore.wanted import ARGUMENT_SPEC, Wanted
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

AGENT, NEIGHBOUR = "S-1-5-82-1", "S-1-5-82-2"
ALWAYS = "(A;;FA;;;SY)(A;;FA;;;BA)"
STORE = "Cert:\\LocalMachine\\My"


@functools.cache
def certificate(subject):
    key, now = ready_keys.all_keys()[0], datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    name = x509.Name.from_rfc4514_string(subject)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
    return made.sign(key, hashes.SHA256())


def thumbprint(subject):
    return certificate(subject).fingerprint(hashes.SHA1()).hex().upper()


def item(subject, *users, content=None):
    given = "".join(f"(A;;FR;;;{sid})" for sid in users)
    der = content or certificate(subject).public_bytes(serialization.Encoding.DER)
    return {
        "thumbprint": thumbprint(subject),
        "certificate": base64.b64encode(der).decode(),
        "key": {"sddl": f"O:BAD:{ALWAYS}{given}", "path": "C:\\keys\\one"},
    }


def subjects(settings, *items):
    """Return the subjects of the keys that are found."""
    arguments = {name: one.get("default") for name, one in ARGUMENT_SPEC["argument_spec"].items()}
    wanted = Wanted.of({**arguments, "step": "keep", "path": "C:\\agent", "pool": "Agent", "site": "Agent"})
    files = {"C:\\agent\\Runtime\\appsettings.json": base64.b64encode(settings.encode()).decode(), "none": None}
    found = keys.found(wanted, files, lambda _query: list(items))
    named = {f"{STORE}\\{thumbprint(one)}": one for one in ("CN=agent", "CN=agent,O=Contoso", "CN=other")}
    return [named[path] for path in found]


NAMED = {
    "by thumbprint": (f'{{"Thumbprint": "{thumbprint("CN=agent").lower()}"}}', True),
    "by subject": ('{"X509SubjectDistinguishedName": "cn=Agent"}', True),
    "by common name, as Kestrel's section": ('{"Subject": "Agent"}', True),
    "after a comment with a quote": ('{// 5" of it\n"Subject": "agent"}', True),
    "in XML, after a folder": ('<a path="C:\\b\\"/><a value="CN=agent"/>', True),
    "a part of a word": ('{"Url": "https://agent.contoso.com", "Path": "C:\\\\agent\\\\Work"}', False),
    "a key of the settings": ('{"Agents": {"My agent": 1}}', False),
    "another subject with this common name": ('{"DistinguishedName": "CN=agent,O=Contoso"}', False),
    "nothing": ("", False),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_certificate_is_named_by_a_whole_value(name):
    settings, named = NAMED[name]
    assert subjects(settings, item("CN=agent", AGENT), item("CN=other", NEIGHBOUR)) == ["CN=agent"] * named


KEYS = {
    "one that nobody but administrators may use makes no other one the agent's": ((), (), ["CN=agent"]),
    "nor does one of another identity": ((AGENT,), (NEIGHBOUR,), ["CN=agent"]),
    "one that the agent's identity may use is": ((AGENT,), (AGENT, NEIGHBOUR), ["CN=agent", "CN=other"]),
    "one that only the agent's identity may use is": ((AGENT,), (AGENT,), ["CN=agent", "CN=other"]),
}


@pytest.mark.parametrize("name", KEYS)
def test_another_key_is_the_agents_where_its_identity_may_use_it(name):
    own, others, found = KEYS[name]
    assert subjects('{"DistinguishedName": "CN=agent"}', item("CN=agent", *own), item("CN=other", *others)) == found


def test_a_certificate_that_cannot_be_read_is_left_out():
    odd = item("CN=other", AGENT, content=b"\x30\x03\x02\x01\x00")
    assert subjects('{"DistinguishedName": "CN=agent"}', odd, item("CN=agent", AGENT)) == ["CN=agent"]
