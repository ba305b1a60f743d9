"""What Ansible sends, made by ansible-core's own code, is understood."""

from __future__ import annotations

import base64
import json

import payloads
import pytest
from ansible.executor.powershell import module_manifest
from emulator.model.payload import SEPARATOR, decode
from hypothesis import given, settings
from hypothesis import strategies as st

BOOTSTRAP = module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode()
NAMES = {
    "ansible.windows.win_ping": "ansible.windows.win_ping",
    "win_ping": "ansible.windows.win_ping",
    "ansible.windows.win_feature": "ansible.windows.win_feature",
    "microsoft.iis.website": "microsoft.iis.website",
    "imops.identity_manager.win_im_probe": "imops.identity_manager.win_im_probe",
}
WITHOUT_INTERNAL = st.dictionaries(
    st.text("abcdefgh", min_size=1),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@pytest.mark.parametrize("asked", NAMES)
def test_a_module_is_known_by_its_resolved_name_and_travels_with_its_text(asked):
    found = decode(BOOTSTRAP, payloads.module(asked, {"data": "x"}))
    assert (found.kind, found.name) == ("module", NAMES[asked])
    assert found.arguments["data"] == "x"
    assert found.arguments["_ansible_check_mode"] is False
    assert (found.become, found.asynchronous) == (None, None)
    assert found.script.strip()


TEMPLATE = payloads.module("ansible.windows.win_ping", {"data": "PLACE"})


@given(WITHOUT_INTERNAL)
@settings(max_examples=60, deadline=None)
def test_arguments_arrive_as_they_were_given(arguments):
    found = decode(BOOTSTRAP, [line.replace('"PLACE"', json.dumps(arguments)) for line in TEMPLATE])
    assert found.arguments["data"] == arguments


@pytest.mark.parametrize("text", ["häß €", "a\nb\r\nc", "'\"`$x\\", "\u2028\0\0\0", "😀", ""])
def test_texts_survive_ansibles_own_encoding(text):
    found = decode(BOOTSTRAP, payloads.module("ansible.windows.win_ping", {"data": text}))
    assert found.arguments["data"] == text


def test_utilities_of_a_module_travel_with_it():
    found = decode(BOOTSTRAP, payloads.module("ansible.windows.win_get_url", {"url": "u", "dest": "d"}))
    (web,) = [text for name, text in found.utilities.items() if name.endswith("WebRequest.psm1")]
    assert "Get-AnsibleWindowsWebRequestSpec" in web


@pytest.mark.parametrize("password", ["secret", 'q"\\ü', None])
def test_become_tells_user_and_password(password):
    lines = payloads.module("ansible.windows.win_ping", {}, become=payloads.runas("CONTOSO\\svc", password))
    found = decode(BOOTSTRAP, lines)
    assert found.become
    assert (found.become.user, found.become.password) == ("CONTOSO\\svc", password)
    assert found.kind == "module"


@pytest.mark.parametrize("become", [None, "SYSTEM"])
def test_async_tells_job_folder_and_timeout(become):
    plugin = payloads.runas(become) if become else None
    found = decode(BOOTSTRAP, payloads.module("ansible.windows.win_ping", {}, timeout=77, become=plugin))
    assert found.asynchronous
    assert found.asynchronous["AsyncJid"].startswith("j")
    assert (found.asynchronous["AsyncDir"], found.asynchronous["Timeout"]) == ("C:\\async", 77)
    assert (found.become.user if found.become else None) == become


def test_a_script_is_no_module():
    found = decode(BOOTSTRAP, payloads.script("Format-Volume C"))
    assert (found.kind, found.script, found.arguments) == ("script", "Format-Volume C", {})


HELPERS = [
    ("psrp_put_file.ps1", {"Path": "C:\\x"}, "put_file"),
    ("winrm_put_file.ps1", {"Path": "C:\\x"}, "put_file"),
    ("psrp_fetch_file.ps1", {"Path": "C:\\x", "BufferSize": 10}, "fetch_file"),
    ("winrm_fetch_file.ps1", {"Path": "C:\\x", "BufferSize": 10, "Offset": 5}, "fetch_file"),
    ("powershell_mkdtemp.ps1", {"Directory": "%TEMP%", "Name": "n"}, "mkdtemp"),
    ("powershell_expand_user.ps1", {"Path": "~\\x"}, "expand_user"),
]


@pytest.mark.parametrize(("name", "parameters", "kind"), HELPERS)
def test_the_connections_own_scripts_are_known(name, parameters, kind):
    found = decode(BOOTSTRAP, payloads.connection(name, parameters))
    assert (found.kind, found.arguments, found.data) == (kind, parameters, ())


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_a_files_lines_follow_the_payload(chunks):
    lines = [base64.b64encode(chunk).decode() for chunk in chunks]
    found = decode(BOOTSTRAP, payloads.connection("psrp_put_file.ps1", {"Path": "C:\\x"}, lines))
    assert found.data == tuple(lines)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("",),
        ("hello", "world"),
        ('{"name": "other"}', SEPARATOR, "{}"),
        (SEPARATOR,),
        ('{"name": "exec_wrapper"}',),
    ],
)
def test_what_is_not_ansibles_is_raw(lines):
    found = decode("whoami", lines)
    assert (found.kind, found.name, found.data) == ("raw", "whoami", lines)


def test_a_payload_without_a_module_says_what_is_in_it():
    manifest = json.dumps({"scripts": {}, "actions": [{"name": "dance.ps1"}]})
    with pytest.raises(ValueError, match=r"dance\.ps1"):
        decode(BOOTSTRAP, ('{"name": "exec_wrapper"}', SEPARATOR, manifest))
