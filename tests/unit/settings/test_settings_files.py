"""The settings files as they may be found, and certificate sections in both forms, one in the other's place."""

from __future__ import annotations

import json

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import settings_files

RUNTIME = "C:\\im\\Runtime"
GENERAL, AGENT = f"{RUNTIME}\\appsettings.json", f"{RUNTIME}\\appsettings.agent.json"
BASE = {
    "path": RUNTIME,
    "server_url": "https://im.contoso.com",
    "agent_identifier": "Paris",
    "openid_clients": {"Job": "canary-job"},
    "default_openid_client": "Job",
}
STORE = {"thumbprint": "A" * 40}
SUBJECT = {"subject": "CN=im"}
FILE = {"file": "C:\\im\\pair.pfx", "password": "canary@pfx"}


def server(general="{}", agent="{}"):
    files = {RUNTIME: {"folder": True}, GENERAL: general, AGENT: agent}
    return chain.server({"files": {k: v if isinstance(v, dict) else {"text": v} for k, v in files.items()}})


def settings(made, path=GENERAL):
    return json.loads(made.machine.files.read(path))


def run(made, **options):
    made.new_run()
    return made.run("win_im_agent_settings", {**BASE, **options})


PAIRS = {"encryption_certificate": STORE, "identity_server_certificate": STORE}
FORMS = {
    "store": (STORE, {"Thumbprint": "A" * 40, "StoreLocation": "LocalMachine", "StoreName": "My"}),
    "subject": (SUBJECT, {"DistinguishedName": "CN=im", "StoreLocation": "LocalMachine", "StoreName": "My"}),
    "file": (FILE, {"File": "C:\\im\\pair.pfx", "Password": "@canary@pfx"}),
    "file without a password": ({"file": "C:\\im\\bare.pfx"}, {"File": "C:\\im\\bare.pfx"}),
}


@pytest.mark.parametrize("after", FORMS)
@pytest.mark.parametrize("before", FORMS)
def test_one_form_of_a_pair_takes_the_place_of_the_other(before, after):
    made = server()
    for form in (before, after):
        given, section = FORMS[form]
        result = run(made, encryption_certificate=given, identity_server_certificate=given)
        assert not result.get("failed"), result
        assert settings(made)["EncryptionCertificate"] == section
        names = {"File": "X509KeyFilePath", "Password": "X509KeyFilePassword"}
        names["DistinguishedName"] = "X509SubjectDistinguishedName"
        assert settings(made)["IdentityServer"] == {names.get(k, f"X509{k}"): v for k, v in section.items()}
        assert "canary" not in json.dumps(result)
    assert run(made, encryption_certificate=given, identity_server_certificate=given)["changed"] is False


def test_a_password_that_is_given_by_its_own_key_stays():
    made = server()
    own = {"EncryptionCertificate": {"Password": "canary-own"}}
    bare = {"file": "C:\\im\\a.pfx"}
    result = run(made, encryption_certificate=bare, identity_server_certificate=STORE, settings=own)
    assert not result.get("failed"), result
    assert settings(made)["EncryptionCertificate"] == {"File": "C:\\im\\a.pfx", "Password": "canary-own"}


@pytest.mark.parametrize(
    ("general", "message"),
    [
        ({"folder": True}, "found a folder, or a file over"),
        ({"text": " " * (settings_files.MAX_BYTES + 1)}, "found a folder, or a file over"),
        ({"base64": "e30K/w=="}, "line 2: found a byte that is not UTF-8 (0xFF"),
        ({"text": "{"}, "line 1, column 2"),
        ({"text": '{"a": 1, "A": 2}'}, "appsettings.json"),
    ],
    ids=range(5),
)
def test_a_file_that_cannot_be_read_is_refused_and_stays(general, message):
    made = server(general)
    before = json.dumps(made.machine.dump(), sort_keys=True)
    result = run(made)
    assert result["failed"]
    assert message in result["msg"]
    assert json.dumps(made.machine.dump(), sort_keys=True) == before


def test_a_pair_of_the_service_needs_its_subject():
    made = server()
    result = run(
        made, **PAIRS, https_certificate={"thumbprint": "A" * 40, "subject": "O=Contoso, cn=agent.contoso.com,C=FR"}
    )
    assert not result.get("failed"), result
    found = settings(made)["Kestrel"]["Certificates"]["Default"]
    assert found == {"Subject": "agent.contoso.com", "Store": "My", "Location": "LocalMachine", "AllowInvalid": True}


def test_a_pair_that_a_real_run_would_make_before_is_not_taken_for_a_subject():
    made = server()
    made.new_run()
    given = {"thumbprint": None, "subject": "CN=im", "pending": True}
    arguments = {**BASE, **PAIRS, "encryption_certificate": given}
    result = made.run("win_im_agent_settings", arguments, check=True)
    assert not result.get("failed"), result
    assert '"Thumbprint": "(made by an earlier step)"' in json.dumps(result["diff"]).replace("\\", "")


def test_a_pair_without_a_name_is_refused():
    result = run(server(), encryption_certificate={"store_name": "My"})
    assert "encryption_certificate: found neither file, thumbprint nor subject" in result["msg"]


ENVIRONMENT_FILE = f"{RUNTIME}\\appsettings.agent.Production.json"
BESIDE = [
    ('{"Connections": {"ADExport": {"Servers": null}}}', ()),
    ('{"Connections": {"ADExport": {"Servers": {}}}}', ()),
    ('{"SourcesRootPaths": {"0": "D:\\\\Else"}}', ("SourcesRootPaths:0",)),
    ('{"OpenId:AgentIdentifier": "Other"}', ("OpenId:AgentIdentifier",)),
    ('{"OpenId": null, "openid:agentidentifier": "Paris"}', ()),
]


@pytest.mark.parametrize(("text", "changed"), BESIDE)
def test_a_file_on_top_changes_what_dotnet_lets_it_change(text, changed):
    made = server()
    made.machine.files.write(ENVIRONMENT_FILE, text.encode())
    result = run(
        made,
        **PAIRS,
        connections={"ADExport": {"Servers": [{"Server": "dc1", "BaseDN": "DC=contoso"}], "AuthType": "Negotiate"}},
        sources_root_paths=["C:\\im\\Sources"],
    )
    assert not result.get("failed"), result
    warning = next(one for one in result["warnings"] if ENVIRONMENT_FILE in one)
    named = warning.partition(" and changes ")[2].partition(": remove it")[0]
    assert tuple(filter(None, named.split(", "))) == changed


def test_a_null_section_in_a_file_on_top_leaves_the_pair_below_it():
    made = server()
    made.machine.files.write(f"{RUNTIME}\\appsettings.Production.json", b'{"EncryptionCertificate": null}')
    result = run(made, **PAIRS)
    assert not result.get("failed"), result


def test_two_values_for_one_path_are_refused_by_name():
    result = run(server(), **PAIRS, settings={"Scheduler": {"Enabled": False}, "Scheduler:Enabled": True})
    assert result["failed"]
    assert "Scheduler:Enabled" in result["msg"]
    assert ".NET refuses" in result["msg"]
