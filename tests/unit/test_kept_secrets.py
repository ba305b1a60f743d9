"""`kept` in the place of a secret: what the server has stays, and a server that has none is refused; wherever a secret
can stand.
"""

from __future__ import annotations

import json

import chain
import install_playbook
import pytest

ACCOUNT, PASSWORD = "CONTOSO\\svc-agent", "canary-kept-Pa55"
NO_VALUE = "found no value on the server, wanted one to keep: give the value"
UNTIL = "win_im_agent_settings"


def server():
    return chain.server({"accounts": [{"name": ACCOUNT, "password": PASSWORD}]})


def inventory(**changes):
    given = {"identity_username": ACCOUNT, "identity_password": PASSWORD, "fingerprint_key": chain.FINGERPRINT_KEY}
    return chain.inventory(**{**given, **changes})


def connections(**secrets):
    """Return the example's connections with other passwords."""
    return {
        name: {**about, "Password": secrets.get(name, about["Password"])}
        for name, about in chain.inventory()["connections"].items()
    }


OKTA = {"Server": "https://okta.contoso.com", "ApiKey": "canary-okta-key-4b"}
DATABASE = {"Main": "Data Source=canary-database-77"}
OF_SETTINGS = {
    "a client's secret": {"openid_clients": {"Job": "kept", "Admin": chain.CANARIES["admin"]}},
    "every client's secret": {"openid_clients": {"Job": "kept", "Admin": "kept"}},
    "a connection's password": {"connections": connections(ADExport="kept")},
    "an own setting": {"agent_settings": {"Connections": {"Okta": {**OKTA, "ApiKey": "kept"}}}},
    "an own setting in a list": {"agent_settings": {"Connections": {"Okta": {**OKTA, "Keys": ["canary-1st", "kept"]}}}},
    "a database": {"agent_settings": {"Databases": {"Main": "kept"}}},
    "a general setting": {"settings": {"License": "kept"}},
}
"""Places where a secret of the settings can stand, each with the inventory that keeps it."""
FULL = {
    "agent_settings": {"Connections": {"Okta": {**OKTA, "Keys": ["canary-1st", "canary-2nd"]}}, "Databases": DATABASE},
    "settings": {"License": "canary-license-4b"},
}


def files(server):
    return {name: server.machine.files.read(f"{chain.RUNTIME}\\{name}") for name in ("appsettings.json", PLAIN)}


PLAIN = "appsettings.agent.json"


def settings_task(server, wanted, **options):
    """Run the task of the settings alone, in a new run."""
    results = chain.converge(server, {**wanted, "settings_options": options}, until=UNTIL)
    assert list(results)[-1] == UNTIL, chain.failures(results)
    return results[UNTIL]


@pytest.fixture(scope="module")
def installed():
    made = server()
    assert not settings_task(made, inventory(**FULL)).get("failed")
    return made


@pytest.mark.parametrize("place", OF_SETTINGS)
def test_what_the_server_has_stays_and_nothing_differs(installed, place):
    before = files(installed)
    result = settings_task(installed, inventory(**{**FULL, **OF_SETTINGS[place]}))
    assert (result.get("msg"), result["changed"]) == (None, False)
    assert files(installed) == before
    assert not [text for text in chain.CANARIES.values() if text in json.dumps(result)]


@pytest.mark.parametrize("place", OF_SETTINGS)
def test_a_server_without_a_value_is_refused_before_the_first_write(place):
    made = server()
    given = {f"im_agent_{name}": value for name, value in inventory(**OF_SETTINGS[place]).items()}
    (first,) = install_playbook.run(made, {**given, "inventory_hostname": "paris.contoso.com"})
    assert NO_VALUE in first.result["msg"]
    assert made.executions == 1


def test_a_word_that_is_no_secret_is_that_word(installed):
    wanted = inventory(**FULL, connections={**connections(), "SAPExportFulfillment": {"Login": "kept"}})
    assert settings_task(installed, wanted)["changed"]
    assert b'"Login": "kept"' in files(installed)[PLAIN]
    assert settings_task(installed, inventory(**FULL))["changed"]


ALL_KEPT = {"openid_clients": {"Job": "kept", "Admin": "kept"}, "connections": connections(ADExport="kept")}
ALL_KEPT["connections"]["SAPExportFulfillment"]["Password"] = "kept"
ENCRYPTED = {"protection": "encrypted", "plain_accepted": ["IdentityServer"], "protections": {"License": "plain"}}


def test_kept_secrets_move_from_the_plain_to_the_encrypted_file_and_stay_there():
    made = server()
    settings_task(made, inventory())
    moved = settings_task(made, inventory(**ALL_KEPT), **ENCRYPTED)
    assert not moved.get("failed"), moved
    assert moved["changed"]
    assert chain.CANARIES["ad"].encode() not in files(made)[PLAIN]
    assert settings_task(made, inventory(**ALL_KEPT), **ENCRYPTED)["changed"] is False
    assert settings_task(made, inventory(), **ENCRYPTED)["changed"] is False, "the values are the former ones"
    mixed = inventory(openid_clients=ALL_KEPT["openid_clients"])
    assert "some of its values are given" in settings_task(made, mixed, **ENCRYPTED)["msg"]
    more = inventory(**ALL_KEPT, agent_settings={"Connections": {"Okta": {**OKTA, "ApiKey": "kept"}}})
    assert NO_VALUE in settings_task(made, more, **ENCRYPTED)["msg"]


ELSEWHERE = {
    "a Key Vault": {"protection": "azure_key_vault", "azure_key_vault": {"vault": "https://im.vault.azure.net/"}},
    "CyberArk": {
        "protections": {"Connections:ADExport:Password": "cyberark"},
        "cyberark": {
            "server": "https://cyberark.contoso.com",
            "application_id": "IM",
            "safe_name": "Agents",
            "accounts": {"ADExport": {"Password": "AdAccount"}},
        },
    },
}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_secret_in_a_vault_is_kept_by_what_names_it_there(place):
    """What is written for a vault names the secret and holds no value, so the word is as good as the value."""
    made, kept, options = server(), inventory(connections=connections(ADExport="kept")), ELSEWHERE[place]
    assert not settings_task(made, kept, **options).get("failed")
    before = files(made)
    assert [text for text in before.values() if b"kept" in text or chain.CANARIES["ad"].encode() in text] == []
    for wanted in (kept, inventory()):
        result = settings_task(made, wanted, **options)
        assert (result.get("msg"), result["changed"], files(made)) == (None, False, before)


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_kept_secret_that_comes_back_from_a_vault_is_refused(place):
    made, kept = server(), inventory(connections=connections(ADExport="kept"))
    assert settings_task(made, kept, **ELSEWHERE[place])["changed"]
    before = files(made)
    assert NO_VALUE in settings_task(made, kept)["msg"]
    assert files(made) == before


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_the_account_s_password_stays(hosting):
    made = server()
    assert chain.failures(chain.converge(made, inventory(hosting=hosting))) == []
    kept = inventory(hosting=hosting, identity_password="kept")
    results = chain.converge(made, kept)
    assert (chain.failures(results), chain.changed(results)) == ([], set())


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_a_password_that_windows_does_not_have_is_refused_before_the_first_write(hosting):
    made = server()
    given = {f"im_agent_{name}": v for name, v in inventory(hosting=hosting, identity_password="kept").items()}
    (first,) = install_playbook.run(made, {**given, "inventory_hostname": "paris.contoso.com"})
    assert NO_VALUE in first.result["msg"]
    assert ACCOUNT.partition("\\")[2] in first.result["msg"]
    assert made.executions == 1


def test_the_password_of_another_account_is_not_kept():
    made = chain.server({"accounts": [{"name": n, "password": PASSWORD} for n in (ACCOUNT, "CONTOSO\\svc-other")]})
    chain.converge(made, inventory(), until="win_im_apppool")
    other = inventory(identity_username="CONTOSO\\svc-other", identity_password="kept")
    results = chain.converge(made, other, until="win_im_apppool")
    assert NO_VALUE in results["win_im_apppool"]["msg"]


FILE = {"use": "encryption", "place": "file", "path": f"{chain.WORKING}\\a.pfx"}
MEANINGLESS = {
    "the password of a container": (
        {"use": "encryption", "source": "pfx", "file": str(chain.FILES.key_pair), "password": "kept"},
        "password: found 'kept', wanted the secret itself, since the controller opens the container with it",
    ),
    "the password of a file that comes from the controller": (
        {**FILE, "source": "pfx", "file": str(chain.FILES.key_pair), "file_password": "kept"},
        "file_password: found 'kept', wanted the secret itself, since only the file that the settings name with it",
    ),
}


@pytest.mark.parametrize("place", MEANINGLESS)
def test_kept_is_refused_where_nobody_could_keep(place):
    entry, message = MEANINGLESS[place]
    made = server()
    result = made.run("win_im_cert_pair", {"identity": {"pool": "Agent"}, "pairs": [entry]})
    assert message in result["msg"]
    assert made.executions == 0


@pytest.mark.parametrize("settings", [{}, {"EncryptionCertificate": {"File": "C:\\other.pfx", "Password": "x"}}])
def test_the_password_of_a_file_is_kept_only_where_the_settings_have_it_for_that_file(settings):
    made = server()
    made.machine.files.make_folder(chain.RUNTIME)
    made.machine.files.write(f"{chain.RUNTIME}\\appsettings.json", json.dumps(settings))
    pairs = [{**FILE, "file_password": "kept"}]
    arguments = {"identity": {"pool": "Agent"}, "pairs": pairs, "settings_path": chain.RUNTIME}
    assert (
        "use encryption: file_password: found no value on the server" in made.run("win_im_cert_pair", arguments)["msg"]
    )


def test_an_account_without_a_password_keeps_none():
    made = server()
    arguments = {"name": "P", "identity": "specific_user", "username": "CONTOSO\\agent$", "password": "kept"}
    assert "takes no password" in made.run("win_im_apppool", arguments)["msg"]
    assert made.executions == 0


def test_the_text_that_the_tool_made_stays():
    pairs = [
        {**FILE, "file_password": "canary-file-3f8a"},
        *(pair for pair in chain.inventory()["certificates"] if pair["use"] != "encryption"),
    ]
    made = server()
    certificate = {"file": f"{chain.WORKING}\\a.pfx", "password": "canary-file-3f8a"}
    options = {"certificate_password_protection": "tool", "encryption_certificate": certificate}
    wanted = inventory(certificates=pairs)
    assert not settings_task(made, wanted, **options).get("failed")
    before = files(made)
    options["encryption_certificate"] = {**certificate, "password": "kept"}
    result = settings_task(made, wanted, **options)
    assert (result.get("msg"), result["changed"], files(made)) == (None, False, before)
    fresh = server()
    assert NO_VALUE in settings_task(fresh, wanted, **options)["msg"]
