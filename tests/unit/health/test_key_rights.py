"""The key pairs that the agent's settings name: planted faults on an emulated server, each found with its cause."""

from __future__ import annotations

import json
from unittest import mock

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_text
from emulator.handlers import probe as model
from emulator.windows.errors import WindowsError
from in_process import Server

SECRET = "canary-of-a-pair"
FILE = f"{chain.WORKING}\\pair.pfx"
NOBODY = "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)"
EVERYBODY = "O:BAD:PAI(A;;FA;;;SY)(A;;FR;;;BU)"


@pytest.fixture(scope="module")
def installed():
    made = chain.server()
    assert chain.failures(chain.converge(made)) == []
    return made


@pytest.fixture
def server(installed):
    return Server(installed.machine.copy())


def settings(server):
    return json_text.parse(server.machine.files.text(f"{chain.RUNTIME}\\appsettings.json")).data


def use(server, section, **keys):
    """Let a section of the settings name another pair."""
    data = settings(server) | {section: keys}
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.json", json.dumps(data).encode())


def judged(server):
    server.new_run()
    given = chain.arguments("win_im_agent_health", chain.inventory(), {})
    result = server.run("win_im_agent_health", {name: value for name, value in given.items() if value is not None})
    assert SECRET not in json.dumps(result)
    found = [check for check in result["checks"] if check["id"] == "key_rights"]
    return result, {check["name"].partition(",")[0].removeprefix("key of "): check for check in found}


def of(server, section="EncryptionCertificate"):
    """Return the stored certificate that a section names."""
    thumbprint = settings(server)[section].get("Thumbprint") or settings(server)[section]["X509Thumbprint"]
    return server.machine.certificates.find("LocalMachine", "My", thumbprint)


def test_the_pairs_of_an_installation_may_be_used_and_cost_no_execution(server):
    result, found = judged(server)
    assert {name: check["state"] for name, check in found.items()} == {
        "EncryptionCertificate": "passed",
        "IdentityServer": "passed",
    }
    assert (result["verified"], server.executions) == (True, 1)


@pytest.mark.parametrize("by", ["thumbprint", "subject", "file"])
def test_a_pair_is_found_by_each_of_its_names(server, by):
    stored = of(server)
    store = {"StoreLocation": "localmachine", "StoreName": "my"}
    if by == "thumbprint":
        use(server, "EncryptionCertificate", Thumbprint=stored.thumbprint.lower(), **store)
    elif by == "subject":
        use(server, "EncryptionCertificate", DistinguishedName=stored.subject, **store)
    else:
        server.machine.files.write(FILE, b"x")
        server.machine.files.set_sddl(FILE, EVERYBODY)
        use(server, "EncryptionCertificate", File="../pair.pfx", Password=SECRET)
    assert judged(server)[1]["EncryptionCertificate"]["state"] == "passed"


def test_a_file_beside_the_program_costs_no_execution(server):
    server.machine.files.write(f"{chain.RUNTIME}\\pair.pfx", b"x")
    use(server, "EncryptionCertificate", File="./pair.pfx", Password=SECRET)
    assert judged(server)[1]["EncryptionCertificate"]["state"] == "passed"
    assert server.executions == 1


def deny(server):
    server.machine.files.set_sddl(of(server).key_path, NOBODY)


def remove(server):
    server.machine.certificates.remove("LocalMachine", "My", of(server).thumbprint)


def without_key(server):
    stored = of(server)
    remove(server)
    server.machine.certificates.add("LocalMachine", "My", stored.der)


def other_store(server):
    use(
        server,
        "EncryptionCertificate",
        Thumbprint=of(server).thumbprint,
        StoreLocation="LocalMachine",
        StoreName="Root",
    )


def no_file(server):
    use(server, "EncryptionCertificate", File="C:\\none.pfx", Password=SECRET)


def closed_file_beside_the_program(server):
    path = f"{chain.RUNTIME}\\Pair.PFX"
    server.machine.files.write(path, b"x")
    server.machine.files.set_sddl(path, NOBODY)
    use(server, "EncryptionCertificate", File="./pair.pfx", Password=SECRET)


def closed_file(server):
    server.machine.files.write(FILE, b"x")
    server.machine.files.set_sddl(FILE, NOBODY)
    use(server, "EncryptionCertificate", File=FILE, Password=SECRET)


FAULTS = {
    "a right that was taken": (deny, "may not read it", "gives its key new rights"),
    "a pair that was removed": (remove, "no such certificate", "The pair was removed"),
    "a pair without its key": (without_key, "without its private key", "imported without its key"),
    "a pair in another store": (other_store, "no such certificate", "im_agent_certificates"),
    "a file that is gone": (no_file, "no such file", "another server's"),
    "a closed file beside the program": (closed_file_beside_the_program, "may not read it", "Run im_certificates"),
    "a file that is closed": (closed_file, "may not read it", "Run im_certificates"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_pair_that_the_agent_cannot_use_fails_with_its_cause(server, name):
    change, words, cause = FAULTS[name]
    change(server)
    result, found = judged(server)
    check = found["EncryptionCertificate"]
    assert (check["state"], result["verified"]) == ("failed", False)
    assert words in check["found"]
    assert cause in " ".join([*check["causes"], check["remedy"]])
    assert found["IdentityServer"]["state"] == "passed"


def test_the_public_key_of_the_servers_pair_is_enough(server):
    stored = of(server, "IdentityServer")
    server.machine.certificates.remove("LocalMachine", "My", stored.thumbprint)
    server.machine.certificates.add("LocalMachine", "My", stored.der)
    _result, found = judged(server)
    assert (found["IdentityServer"]["state"], "public key" in found["IdentityServer"]["found"]) == ("passed", True)


def test_a_key_whose_file_windows_does_not_tell_is_unknown(server):
    server.machine.files.remove(of(server).key_path)
    result, found = judged(server)
    check = found["EncryptionCertificate"]
    assert (check["state"], check["reason"]) == ("unknown", "the key has no file on this server")
    assert result["verified"] is not True


def test_a_question_without_an_answer_is_unknown_with_its_reason(server):
    def fail(_machine, _query):
        raise WindowsError("System.UnauthorizedAccessException", "the answer is denied")

    with mock.patch.dict(model._KINDS, {"certificates": fail}):
        _result, found = judged(server)
    check = found["EncryptionCertificate"]
    assert (check["state"], check["reason"]) == ("unknown", "the answer is denied")


ELSEWHERE = {
    "a user's store": {"Thumbprint": "AB" * 20, "StoreLocation": "CurrentUser", "StoreName": "My"},
    "a vault": {"CertificateAzureKeyVault": "https://x.vault.azure.net/certificates/a"},
    "a share": {"File": "\\\\files.contoso.com\\pairs\\a.pfx"},
    "no path": {"File": f"https://x/a?sig={SECRET}"},
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_pair_that_nobody_can_look_at_is_left_out(server, name):
    use(server, "EncryptionCertificate", **ELSEWHERE[name])
    assert "EncryptionCertificate" not in judged(server)[1]
