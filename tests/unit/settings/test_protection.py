"""Secrets kept in the vendor's encrypted files, in CyberArk and in a Key Vault: written, rotated, renewed, and nowhere
seen.
"""

from __future__ import annotations

import base64
import datetime
import json

import by_day
import chain
import pytest
from emulator.engine import ConnectionDropped
from emulator.windows.agent import protect_tools
from emulator.windows.agent.dotnet_config import Configuration, loads

ENCRYPTED = f"{chain.RUNTIME}\\appsettings.encrypted.agent.json"
PLAIN = f"{chain.RUNTIME}\\appsettings.agent.json"
SECRETS = ("job", "admin", "ad", "sap")
VAULTED = {
    "OpenId--OpenIdClients--Job": chain.CANARIES["job"],
    "OpenId--OpenIdClients--Admin": chain.CANARIES["admin"],
    "Connections--ADExport--Password": chain.CANARIES["ad"],
    "Connections--SAPExportFulfillment--Password": chain.CANARIES["sap"],
}
CYBERARK = {
    "safe_name": "Agents",
    "application_id": "IdentityManager",
    "server": "https://cyberark.contoso.com",
    "accounts": {"ADExport": {"Password": "AdAccount"}, "SAPExportFulfillment": {"Password": "SapAccount"}},
}


def inventory(key=chain.FINGERPRINT_KEY, hosting="iis", **options):
    accepted = ["IdentityServer"]
    return chain.inventory(
        hosting=hosting, fingerprint_key=key, settings_options={"plain_accepted": accepted, **options}
    )


WANTED = {
    "encrypted": inventory(protection="encrypted"),
    "key vault": inventory(
        protection="azure_key_vault",
        protections={"License": "plain", "IdentityServer": "plain"},
        azure_key_vault={"vault": "https://im.vault.azure.net/"},
    ),
    "cyberark and encrypted": inventory(
        protection="encrypted",
        protections={"Connections:ADExport:Password": "cyberark", "Connections:SAPExportFulfillment": "cyberark"},
        cyberark=CYBERARK,
    ),
    "encrypted service": inventory(hosting="service", protection="encrypted"),
}


def server():
    made = chain.server()
    made.machine.network.key_vault = dict(VAULTED)
    made.machine.network.cyberark = {"AdAccount": chain.CANARIES["ad"], "SapAccount": chain.CANARIES["sap"]}
    return made


def state(server):
    return json.dumps(server.machine.dump(), sort_keys=True)


def text(server, path):
    return server.machine.files.read(path).decode()


def opened(server):
    """Return the encrypted file's values in clear, by path."""
    settings, sealed = Configuration(), Configuration()
    settings.add(loads(text(server, f"{chain.RUNTIME}\\appsettings.json"), "appsettings.json"))
    sealed.add(loads(text(server, ENCRYPTED), "encrypted"))
    pair = protect_tools.pair(server.machine.files, server.machine.certificates, settings)
    return {path: protect_tools.opened(value, pair) for path, value in sealed.below("").items()}


@pytest.mark.parametrize("name", WANTED)
def test_protected_secrets_work_are_predicted_and_are_in_no_plain_file(name):
    wanted, target = WANTED[name], server()
    before = state(target)
    predicted = chain.converge(target, wanted, check=True)
    assert chain.failures(predicted) == []
    assert state(target) == before
    done = chain.converge(target, wanted)
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    assert done["win_im_agent_health"]["verified"] is True
    settled = state(target)
    again = chain.converge(target, wanted)
    assert chain.changed(again) == set()
    assert target.executions <= 2
    assert state(target) == settled
    seen = settled + json.dumps([predicted, done, again])
    for canary in (*(chain.CANARIES[n] for n in SECRETS), chain.FINGERPRINT_KEY):
        assert canary not in seen
    assert not any("in clear" in w for w in done["win_im_agent_settings"].get("warnings", []))


def test_a_secret_in_clear_is_moved_and_leaves_the_plain_file_last():
    target = server()
    assert chain.failures(chain.converge(target, inventory())) == []
    assert chain.CANARIES["ad"] in text(target, PLAIN)
    started = target.machine.iis.workers()[0].started
    done = chain.converge(target, WANTED["encrypted"])
    assert chain.failures(done) == []
    assert chain.CANARIES["ad"] not in text(target, PLAIN)
    assert opened(target)["connections:adexport:password"] == chain.CANARIES["ad"]
    assert target.machine.iis.workers()[0].started > started, "the agent reads them at its start"
    back = chain.converge(target, inventory())
    assert chain.failures(back) == []
    assert back["win_im_agent_health"]["verified"] is True
    assert not target.machine.files.is_file(ENCRYPTED)
    assert chain.CANARIES["ad"] in text(target, PLAIN)


def rotated(wanted, secret="canary-rotated-9e"):
    return {**wanted, "openid_clients": {**wanted["openid_clients"], "Job": secret}}


def test_a_rotated_secret_is_encrypted_again_once():
    target, wanted = server(), WANTED["encrypted"]
    chain.converge(target, wanted)
    before = text(target, ENCRYPTED)
    predicted = chain.converge(target, rotated(wanted), check=True)
    done = chain.converge(target, rotated(wanted))
    assert chain.changed(predicted) == chain.changed(done) == {"win_im_agent_settings", "start"}
    assert "encrypted again" in json.dumps(done["win_im_agent_settings"]["diff"])
    assert opened(target)["openid:openidclients:job"] == "canary-rotated-9e"
    assert text(target, ENCRYPTED) != before
    assert "canary-rotated-9e" not in state(target) + json.dumps([predicted, done])
    assert chain.changed(chain.converge(target, rotated(wanted))) == set()


def test_without_a_key_only_what_can_be_seen_is_encrypted_again():
    wanted, target = inventory(key=None, protection="encrypted"), server()
    assert chain.failures(chain.converge(target, wanted)) == []
    assert chain.changed(chain.converge(target, wanted)) == set()
    assert chain.changed(chain.converge(target, rotated(wanted))) == set(), "nobody can see it"
    always = {**rotated(wanted), "settings_options": {**wanted["settings_options"], "reencrypt": "always"}}
    assert "win_im_agent_settings" in chain.changed(chain.converge(target, always))
    assert opened(target)["openid:openidclients:job"] == "canary-rotated-9e"
    one_more = {**wanted, "openid_clients": {**wanted["openid_clients"], "Third": "canary-third"}}
    assert "win_im_agent_settings" in chain.changed(chain.converge(target, one_more))
    assert opened(target)["openid:openidclients:third"] == "canary-third"


def test_a_renewed_pair_encrypts_again():
    target, wanted = server(), WANTED["encrypted"]
    chain.converge(target, wanted)
    renewing = [{**pair, "renew": "when_expiring", "warn_days": 4000} for pair in wanted["certificates"][:1]]
    renewed = {**wanted, "certificates": [*renewing, *wanted["certificates"][1:]]}
    done = chain.converge(target, renewed)
    assert chain.failures(done) == []
    assert {"win_im_cert_pair", "win_im_agent_settings"} <= chain.changed(done)
    assert done["win_im_agent_health"]["verified"] is True
    assert opened(target)["connections:adexport:password"] == chain.CANARIES["ad"]


def writes():
    made = server()
    chain.converge(made, inventory())
    made.new_run()
    chain.converge(made, WANTED["encrypted"])
    return made.executions - made.engine.counters.modules["imops.identity_manager.win_im_probe"]


@pytest.mark.parametrize(("number", "when"), by_day.in_turn(range(1, writes() + 1), ("before", "after")))
def test_a_cut_move_of_secrets_is_completed_and_leaves_no_clear_copy(number, when):
    target = server()
    chain.converge(target, inventory())
    target.engine.faults = [{"write": number, "when": when, "do": "drop"}]
    target.new_run()
    with pytest.raises(ConnectionDropped):
        chain.converge(target, WANTED["encrypted"])
    target.engine.faults = []
    done = chain.converge(target, WANTED["encrypted"])
    assert chain.failures(done) == []
    assert done["win_im_agent_health"]["verified"] is True
    assert chain.CANARIES["ad"] not in json.dumps(
        {path: entry for path, entry in target.machine.dump()["files"].items() if ".bak" not in path}
    )


def test_the_tool_s_input_is_gone_also_when_the_tool_fails_and_a_killed_run_s_is_swept():
    target, wanted = server(), WANTED["encrypted"]
    chain.converge(target, wanted, until="win_im_working_directory")
    left = f"{ENCRYPTED}.im-0123456789ab.new"
    target.machine.files.make_folder(left)
    target.machine.files.write(f"{left}\\input", chain.CANARIES["ad"].encode())
    tool = f"{chain.RUNTIME}\\Usercube-Protect-X509JsonFile.exe"
    content = target.machine.files.read(tool)
    target.machine.files.remove(tool)
    (message,) = chain.failures(chain.converge(target, wanted))
    assert "found no Usercube-Protect-X509JsonFile.exe" in message
    target.machine.files.write(tool, content)
    gone = {"encryption": {"thumbprint": "0" * 40}, "identity_server": {"thumbprint": "1" * 40}}
    target.new_run()
    failed = target.run("win_im_agent_settings", chain.arguments("win_im_agent_settings", wanted, gone))
    assert "could not encrypt" in failed["msg"]
    assert "ended with exit code 2" in failed["msg"]
    assert not any(".im-" in path.rpartition("\\")[2] and ".new" in path for path in target.machine.dump()["files"])
    assert chain.CANARIES["ad"] not in state(target)


@pytest.mark.parametrize("protection", ["encrypted", "plain"])
def test_what_a_killed_encryption_left_is_swept_by_a_run_that_has_nothing_else_to_do(protection):
    target, wanted = server(), inventory(protection=protection)
    chain.converge(target, wanted)
    target.machine.files.make_folder(f"{ENCRYPTED}.im-0123456789ab.new")
    target.machine.files.write(f"{ENCRYPTED}.im-0123456789ab.new\\input", b"canary-left")
    target.machine.files.write(f"{chain.RUNTIME}\\input", b"not ours")
    assert chain.changed(chain.converge(target, wanted, check=True)) == {"win_im_agent_settings"}
    done = chain.converge(target, wanted)
    assert chain.changed(done) == {"win_im_agent_settings"}, "and the agent is not restarted"
    assert "canary-left" not in state(target)
    assert target.machine.files.is_file(f"{chain.RUNTIME}\\input")
    assert chain.changed(chain.converge(target, wanted)) == set()


def restarts(hosting, before, after):
    """Return why going from one inventory to another restarted the agent, which it must have done once."""
    target = server()
    assert chain.failures(chain.converge(target, inventory(hosting=hosting, **before))) == []
    done = chain.converge(target, inventory(hosting=hosting, **after))
    assert chain.failures(done) == []
    start = "start service" if hosting == "service" else "start"
    assert [operation.split()[0] for operation in done[start]["operations"]] in (["stop", "start"], ["restart"])
    assert chain.changed(done) == {"win_im_agent_settings", start}
    return " ".join(done[start]["restarted_because"])


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_a_changed_mapping_or_certificate_restarts_the_agent_once(hosting):
    cyberark = {**CYBERARK, "accounts": {"ADExport": {"Password": "AdAccount"}}}
    given = {"protections": {"Connections:ADExport:Password": "cyberark"}, "cyberark": cyberark}
    other = {**cyberark, "accounts": {"ADExport": {"Password": "SapAccount"}}}
    assert "appsettings.cyberArk.agent.json changed" in restarts(hosting, given, {**given, "cyberark": other})
    certificate = {"thumbprint": "A" * 40}
    first = {**given, "cyberark": {**cyberark, "certificate": certificate}}
    second = {**given, "cyberark": {**cyberark, "certificate": {"thumbprint": "B" * 40}}}
    assert "appsettings.json changed" in restarts(hosting, first, second)


def test_backups_are_kept_and_pruned_and_one_put_back_is_what_was():
    target = server()
    chain.converge(target, inventory())
    before = text(target, PLAIN)
    for number in range(4):
        wanted = inventory(backup_count=2, agent_settings={"Databases": {"Main": f"canary-{number}"}})
        chain.converge(target, wanted)
    kept = [path for path in target.machine.dump()["files"] if path.lower().startswith(f"{PLAIN.lower()}.")]
    assert len(kept) == 2
    assert all(path.endswith(".bak") for path in kept)
    assert "canary-2" in text(target, max(kept))
    target.machine.files.write(PLAIN, target.machine.files.read(max(kept)))
    assert chain.failures(chain.converge(target, wanted)) == []
    assert "canary-3" in text(target, PLAIN)
    assert before != text(target, PLAIN)


def test_the_key_vault_s_secrets_are_named_and_a_mapping_is_written():
    target = server()
    done = chain.converge(target, WANTED["key vault"])
    assert sorted(done["win_im_agent_settings"]["key_vault_secrets"]) == sorted(VAULTED)
    target = server()
    chain.converge(target, WANTED["cyberark and encrypted"])
    mapping = json.loads(text(target, f"{chain.RUNTIME}\\appsettings.cyberArk.agent.json"))
    assert mapping == {"Connections": CYBERARK["accounts"]}
    general = loads(text(target, f"{chain.RUNTIME}\\appsettings.json"), "general")
    assert general["CyberArk"]["UseCyberArkSetting"] is True
    fewer = inventory(
        protection="encrypted",
        protections={"Connections:ADExport:Password": "cyberark"},
        cyberark={**CYBERARK, "accounts": {"ADExport": {"Password": "AdAccount"}}},
    )
    done = chain.converge(target, fewer)
    assert chain.failures(done) == []
    mapping = json.loads(text(target, f"{chain.RUNTIME}\\appsettings.cyberArk.agent.json"))
    assert mapping == {"Connections": {"ADExport": {"Password": "AdAccount"}}}


REFUSED = {
    "unknown protection": ({"protections": {"OpenId": "vault"}}, "wanted one of plain, encrypted"),
    "cyberark without the option": ({"protections": {"Connections": "cyberark"}}, "wanted the option cyberark"),
    "cyberark for a client's secret": (
        {"protections": {"OpenId": "cyberark"}, "cyberark": CYBERARK},
        "OpenId:OpenIdClients:Job: CyberArk cannot hold it",
    ),
    "no account for a secret": (
        {
            "protections": {"Connections": "cyberark"},
            "cyberark": {**CYBERARK, "accounts": {"ADExport": {"Password": "a"}}},
        },
        "Connections:SAPExportFulfillment:Password: is to be kept in CyberArk",
    ),
    "an account for a key that CyberArk does not hold": (
        {"cyberark": {**CYBERARK, "accounts": {"ADExport": {"Filter": "a"}}}},
        "adexport:filter: CyberArk accounts hold no such key",
    ),
    "vault for appsettings.json": (
        {
            "settings": {"License": "canary-license"},
            "protections": {"License": "azure_key_vault"},
            "azure_key_vault": {"vault": "https://x.vault.azure.net"},
        },
        "holds settings of appsettings.agent.json only",
    ),
    "vault without https": (
        {"protection": "plain", "azure_key_vault": {"vault": "x.vault.azure.net"}},
        "wanted the vault's https address",
    ),
    "a name that a vault cannot have": (
        {
            "protections": {"Databases": "azure_key_vault"},
            "azure_key_vault": {"vault": "https://x.vault.azure.net"},
            "databases": {"My_Db": "canary-db"},
        },
        "letters and digits only, found 'My_Db'",
    ),
    "plain in strict mode": ({"strict": True}, "in clear"),
    "short key": ({"fingerprint_key": "short"}, "at least 16"),
    "absent and wanted": ({"absent": ["ApplicationUri"]}, "found a value for it too"),
    "unknown connector": ({"connectors": {"ADExport": "ad"}}, "wanted one of active_directory"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_protection_that_cannot_be_is_refused_before_anything_is_written(name):
    options, words = REFUSED[name]
    target = server()
    results = chain.converge(target, chain.inventory(settings_options=options), until="win_im_agent_settings")
    (message,) = chain.failures(results)
    assert message.startswith("win_im_agent_settings")
    assert words in message
    assert not any(canary in message for canary in (*chain.CANARIES.values(), "canary-db"))


def test_what_other_files_change_of_ours_is_told():
    target = server()
    chain.converge(target, inventory())
    connection = {"Connections": {"ADExport": {"Login": "OTHER\\login", "Password": "canary-ui"}}}
    target.machine.files.write(f"{chain.WORKING}\\Work\\appsettings.connection.json", json.dumps(connection))
    target.machine.files.write(
        f"{chain.RUNTIME}\\appsettings.agent.Production.json", b'{"OpenId": {"AgentIdentifier": "X"}}'
    )
    warnings = " ".join(chain.converge(target, inventory())["win_im_agent_settings"]["warnings"])
    assert "appsettings.connection.json, which the server's pages write, is loaded last and changes" in warnings
    assert "Connections:ADExport:Login, Connections:ADExport:Password" in warnings
    assert (
        "appsettings.agent.Production.json exists and overrides appsettings.agent.json and changes"
        " OpenId:AgentIdentifier" in warnings
    )
    assert "canary-ui" not in warnings


def test_keys_can_be_taken_away_one_by_one_or_all_that_nobody_names():
    target = server()
    chain.converge(target, inventory())
    general = f"{chain.RUNTIME}\\appsettings.json"
    data = loads(text(target, general), "x")
    target.machine.files.write(general, json.dumps({**data, "Mine": {"A": 1}, "Jobs": {"MaxTaskBatchSize": 2}}))
    wanted = inventory(absent=["Jobs:MaxTaskBatchSize"])
    assert chain.failures(chain.converge(target, wanted)) == []
    left = loads(text(target, general), "general")
    assert left["Jobs"] == {}
    assert left["Mine"] == {"A": 1}
    reported = chain.converge(target, inventory(unmanaged="report"))["win_im_agent_settings"]
    assert any("Mine is not managed" in warning for warning in reported["warnings"])
    done = chain.converge(target, inventory(unmanaged="remove"))
    assert chain.failures(done) == []
    left = loads(text(target, general), "general")
    assert set(left) == {"ApplicationUri", "EncryptionCertificate", "IdentityServer", "Scheduler"}
    assert chain.changed(chain.converge(target, inventory(unmanaged="remove"))) == set()


@pytest.mark.parametrize(
    "options",
    [
        {"agent_absent": ["Connections:ADExport:Servers:0"]},
        {"connections": {"ADExport": {"Servers": {"0": {"Server": "other.contoso.com"}}}}},
    ],
)
def test_an_item_of_a_list_is_neither_set_nor_taken_away(options):
    target = server()
    chain.converge(target, inventory())
    before = state(target)
    if "agent_absent" in options:
        options = {**options, "connections": {}}
    (message,) = chain.failures(chain.converge(target, inventory(**options)))
    assert "appsettings.agent.json: Connections:ADExport:Servers: found a list there, wanted the whole list" in message
    assert state(target) == before


def test_behind_a_reverse_proxy_browsers_may_call_the_agent():
    target = server()
    done = chain.converge(target, inventory(hosting="service", reverse_proxy=True))
    assert chain.failures(done) == []
    flags = loads(text(target, f"{chain.RUNTIME}\\appsettings.json"), "general")["Cors"]
    assert flags == {"AllowAnyHeader": True, "AllowAnyMethod": True, "AllowCredentials": True}


def test_behind_a_reverse_proxy_what_can_be_checked_is_checked():
    target = server()
    wanted = inventory(hosting="service", reverse_proxy=True, cors={"AllowAnyHeader": True, "AllowAnyMethod": "false"})
    (message,) = chain.failures(chain.converge(target, wanted))
    assert "Cors.AllowAnyMethod" in message
    assert "(proxy-cors)" in message
    target = server()
    warned = chain.converge(target, inventory(reverse_proxy=True))["win_im_agent_settings"]["warnings"]
    assert any("(proxy-hosting)" in warning for warning in warned)


def test_a_value_that_is_named_is_kept_elsewhere_whatever_its_key_is():
    target = server()
    wanted = inventory(protections={"Connections:ADExport:Login": "encrypted", "Connections:ADExport": "plain"})
    done = chain.converge(target, wanted)
    assert chain.failures(done) == []
    assert opened(target) == {"connections:adexport:login": "CONTOSO\\svc-identitymanager"}
    assert "svc-identitymanager" not in text(target, PLAIN)
    assert chain.changed(chain.converge(target, wanted)) == set()


ODD = {
    "a date": ({"cors": {"Note": datetime.date(2026, 1, 1)}}, "cors.Note: found a value of the type date"),
    "a key that is no text": ({"settings": {True: 1}}, "settings: found the key True, wanted a text"),
    "no number": ({"mail": {"Port": float("nan")}}, "mail.Port: found nan"),
    "below a list": ({"agent_settings": {"A": [{"B": {None: 1}}]}}, "agent_settings.A[0].B: found the key None"),
    "fewer than no backups": ({"backup_count": -1}, "backup_count: found -1"),
    "a section that is none": ({"settings": {"Cors": "all"}}, "Cors: found 'all', which is not settings"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_yaml_has_and_json_has_not_is_refused_at_its_place(name):
    options, words = ODD[name]
    pairs = {"encryption": {"thumbprint": "0" * 40}, "identity_server": {"thumbprint": "1" * 40}}
    arguments = chain.arguments("win_im_agent_settings", inventory(), pairs)
    result = server().run("win_im_agent_settings", {**arguments, **options})
    assert words in result["msg"]


FOREIGN = {
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "found UTF-16"),
    "UTF-16 without a mark": ('{"a": 1}'.encode("utf-16-le"), "found UTF-16"),
    "Windows-1252": ('{\n "a": "\u00e9"\n}'.encode("cp1252"), "line 2: found a byte that is not UTF-8 (0xE9"),
    "empty": (b"", "line 1, column 1: the file is empty"),
    "a comment": (b"// later\r\n", "line 2, column 1: the file is empty"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_kind_is_refused_with_what_it_is_and_stays(name):
    content, words = FOREIGN[name]
    target = server()
    chain.converge(target, inventory(), until="win_im_working_directory")
    target.machine.files.write(f"{chain.RUNTIME}\\appsettings.json", content)
    (message,) = chain.failures(chain.converge(target, inventory()))
    assert f"{chain.RUNTIME}\\appsettings.json" in message
    assert words in message
    assert target.machine.files.read(f"{chain.RUNTIME}\\appsettings.json") == content


def test_mails_into_a_folder_set_the_flag_without_which_it_is_not_used():
    target = server()
    done = chain.converge(target, inventory(mail={"PickupDirectory": "C:\\Mails"}))
    assert chain.failures(done) == []
    mail = loads(text(target, PLAIN), "agent")["PasswordResetSettings"]["MailSettings"]
    assert mail == {"UseSpecifiedPickupDirectory": True, "PickupDirectory": "C:\\Mails"}


def test_a_fingerprint_tells_nothing_about_its_secret():
    target = server()
    chain.converge(target, WANTED["encrypted"])
    kept = json.loads(text(target, f"{chain.RUNTIME}\\.im-fingerprints.json"))
    assert set(kept) == {"appsettings.encrypted.agent.json", "appsettings.encrypted.agent.json pair"}
    raw = base64.b16decode(kept["appsettings.encrypted.agent.json"].upper())
    assert len(raw) == 32
