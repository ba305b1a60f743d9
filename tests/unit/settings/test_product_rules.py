"""The product's rules: each holds for settings that work, and fails for the one mistake that it is about."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent.settings_files import (
    AGENT,
    CYBERARK,
    ENCRYPTED_AGENT,
    GENERAL,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.protection import Choice
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules import table
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules.rule import Settings
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules.table import RULES

GOOD_GENERAL = {
    "ApplicationUri": "https://im.contoso.com",
    "EncryptionCertificate": {"Thumbprint": "A" * 40, "StoreLocation": "LocalMachine", "StoreName": "My"},
    "IdentityServer": {"X509KeyFilePath": "C:\\im\\server.pfx", "X509KeyFilePassword": "x"},
    "Scheduler": {"Enabled": True},
}
GOOD_AGENT = {
    "OpenId": {"AgentIdentifier": "Paris", "OpenIdClients": {"Job": "s3cret"}, "DefaultOpenIdClient": "Job"},
    "Connections": {
        "ADExport": {
            "Servers": [{"Server": "a", "BaseDN": "DC=a"}],
            "AuthType": "Basic",
            "Login": "l",
            "Password": "p",
        },
        "Csv": {"Path": "C:\\im\\Sources\\a.csv"},
    },
    "SourcesRootPaths": ["C:\\im\\Sources"],
}
SMTP = {"Host": "smtp.contoso.com", "FromAddress": "a@contoso.com"}
PAIR = {"Thumbprint": "A" * 40, "StoreLocation": "LocalMachine", "StoreName": "My"}
RESET = ("PasswordResetSettings",)
CASES = {
    # Rule: where, a mistake there, and what is right there. None removes the key.
    "uri-missing": ("general", ("ApplicationUri",), None, "https://other.contoso.com"),
    "uri-slash": ("general", ("ApplicationUri",), "https://im.contoso.com/", "https://im.contoso.com/im"),
    "uri-https": ("general", ("ApplicationUri",), "http://im.contoso.com", "https://im.contoso.com:8443"),
    "https-metadata": (
        "general",
        ("Authentication",),
        {"RequireHttpsMetadata": "false"},
        {"RequireHttpsMetadata": True},
    ),
    "identifier-missing": ("agent", ("OpenId", "AgentIdentifier"), None, "Rome"),
    "identifier-local": ("agent", ("OpenId", "AgentIdentifier"), "LOCAL", "Localhost"),
    "clients-missing": ("agent", ("OpenId", "OpenIdClients"), {}, {"job": "s3cret"}),
    "client-secret": ("agent", ("OpenId", "OpenIdClients", "Job"), " ", "x"),
    "default-client": ("agent", ("OpenId", "DefaultOpenIdClient"), "Nobody", "JOB"),
    "pair-incomplete": ("general", ("EncryptionCertificate", "StoreName"), None, "AuthRoot"),
    "store-location": ("general", ("EncryptionCertificate", "StoreLocation"), "Machine", "currentuser"),
    "thumbprint": ("general", ("EncryptionCertificate", "Thumbprint"), "\u200e" + "a" * 40, "a" * 40),
    "clients-at-root": ("agent", ("OpenIdClients",), {"Job": "x"}, None),
    "misplaced": ("agent", ("ApplicationUri",), "https://im.contoso.com", None),
    "other-file": ("agent", ("TempFolderPath",), "C:\\Temp", None),
    "password-key": ("general", ("EncryptionCertificate", "X509KeyFilePassword"), "x", None),
    "connection-name": ("agent", ("Connections", "AD_Export"), {"Server": "x"}, None),
    "connection-empty": ("agent", ("Connections", "Empty"), {}, {"Server": "x"}),
    "connection-secret": ("agent", ("Connections", "ADExport", "Password"), "", "x"),
    "placeholder": ("agent", ("Connections", "ADExport", "Login"), "<Login>", "<a>=(b)"),
    "timeout-key": (
        "agent",
        ("TaskAgentConfiguration",),
        {"HttpClientAdditionalTimeout": 1},
        {"HttpClientTimeoutSupplement": 1},
    ),
    "ad-basic": ("agent", ("Connections", "ADExport", "Login"), "", "x"),
    "mail-pickup": (
        "agent",
        RESET,
        {"MailSettings": {"PickupDirectory": "../Mails"}},
        {"MailSettings": {"PickupDirectory": "../Mails", "UseSpecifiedPickupDirectory": "true"}},
    ),
    "mail-login": (
        "agent",
        RESET,
        {"MailSettings": {**SMTP, "Username": "im"}},
        {"MailSettings": {**SMTP, "Username": "im", "Password": "x"}},
    ),
    "two-factor-incomplete": (
        "agent",
        RESET,
        {"TwoFactorSettings": {"ApplicationUri": "https://im.contoso.com"}},
        {"TwoFactorSettings": {"ApplicationUri": "https://im", "ResetConfirmationUri": "https://im/?code="}},
    ),
    "unknown-key": ("general", ("Sheduler",), {"Enabled": True}, None),
    "connector-required": (
        "agent",
        ("Connections", "ADExport", "Servers"),
        [{"Server": "a"}],
        [{"Server": "a", "BaseDN": "b"}],
    ),
    "connector-type": ("agent", ("Connections", "ADExport", "EnableSSL"), "yes", "TRUE"),
    "connector-together": (
        "agent",
        ("Connections", "Sql"),
        {"ConnectionString": "x", "ProviderDllName": "a.dll"},
        {"ConnectionString": "x", "ProviderDllName": "a.dll", "ProviderClassFullName": "A.B"},
    ),
    "connector-either": (
        "agent",
        ("Connections", "Sql"),
        {"ConnectionString": "x", "SqlFile": "a", "SqlCommand": "b"},
        {"ConnectionString": "x", "SqlFile": "a"},
    ),
    "connector-unrecognised": (
        "agent",
        ("Connections", "Okta"),
        {"Server": "x", "ApiKy": "y"},
        {"Server": "x", "ApiKey": "y"},
    ),
    "connector-key": ("agent", ("Connections", "ADExport", "EnableSLS"), True, None),
    "setting-type": ("general", ("Scheduler", "Enabled"), "on", "false"),
    "unknown-key-below": ("general", ("Scheduler", "Enable"), True, None),
    "password-reset-place": ("agent", RESET, PAIR, {"EncryptionCertificate": PAIR}),
    "databases-place": ("agent", ("Connections", "Databases"), {"Main": "x"}, None),
    "password-reset-pair": (
        "agent",
        RESET,
        {"TokenBuildingSettings": {"ValidFor": "01:00:00"}},
        {"TokenBuildingSettings": {"ValidFor": "01:00:00"}, "EncryptionCertificate": PAIR},
    ),
    "cors-partly": ("general", ("Cors",), {"AllowAnyHeader": True}, {"AllowAnyHeader": False}),
    "proxy-cors": (
        "behind a proxy",
        ("Cors",),
        {"AllowAnyHeader": True},
        {"AllowAnyHeader": True, "AllowAnyMethod": "true", "AllowCredentials": "True"},
    ),
    "proxy-hosting": ("behind a proxy", (), None, "service behind a proxy"),
    "mail-incomplete": ("agent", RESET, {"MailSettings": {"Host": "smtp.contoso.com"}}, {"MailSettings": SMTP}),
    "deprecated": (
        "agent",
        RESET,
        {"MailSettings": {**SMTP, "EnableSsl": True}},
        {"MailSettings": {**SMTP, "SecureSocketOption": "starttls"}},
    ),
    "two-certificates": ("general", ("EncryptionCertificate", "File"), "C:\\im\\files.pfx", None),
    "sample-certificate": (
        "general",
        ("IdentityServer", "X509KeyFilePath"),
        "../SDK/Usercube.pfx",
        "C:\\SDKs\\Usercube.pfx",
    ),
    "file-encryption-off": ("general", ("EncryptionCertificate", "EncryptFile"), False, True),
    "plain-secret": ("plain_agent", ("OpenId", "OpenIdClients", "Job"), "s3cret", None),
    "encrypted-ignored": ("encrypted", ("EncryptionCertificate", "UseEncryptedAppsettings"), None, "true"),
    "encrypted-key": ("encrypted", ("EncryptionCertificate",), None, PAIR),
    "vault-address": ("general", ("AzureKeyVault",), {"Vault": "contoso"}, {"Vault": "https://im.vault.azure.net/"}),
    "cyberark-incomplete": (
        "general",
        ("CyberArk",),
        {"UseCyberArkSetting": True, "SafeName": "s"},
        {"UseCyberArkSetting": True, "SafeName": "s", "ApplicationId": "a", "Server": "https://c"},
    ),
    "cyberark-address": (
        "general",
        ("CyberArk",),
        {"UseCyberArkSetting": "true", "Server": "http://c"},
        {"UseCyberArkSetting": "true", "Server": "https://c"},
    ),
    "mapping-ignored": ("mapping", ("CyberArk",), {"UseCyberArkSetting": False}, {"UseCyberArkSetting": "true"}),
    "relative-in-service": ("service", ("TempFolderPath",), "../Temp", "D:/Temp"),
    "source-path": (
        "agent",
        ("Connections", "Csv", "Path"),
        "C:\\im\\sources\\a.csv",
        "C:/im/Sources/x/../a.csv",
    ),
}


ACCEPTED = Choice(accepted=((),))


def settings(which, path, value):
    """Return settings that work but for one place."""
    general, agent = copy.deepcopy(GOOD_GENERAL), copy.deepcopy(GOOD_AGENT)
    place = agent if which in {"agent", "plain_agent"} else general
    for key in path[:-1]:
        place = place[key]
    if path and value is None:
        place.pop(path[-1], None)
    elif path:
        place[path[-1]] = value
    return Settings(
        general,
        agent,
        choice=Choice(accepted=(("IdentityServer",), ("Connections",))) if which == "plain_agent" else ACCEPTED,
        service=which == "service" or value == "service behind a proxy",
        reverse_proxy=which == "behind a proxy",
        mapping=which == "mapping",
        encrypted=(ENCRYPTED_AGENT,) if which == "encrypted" else (),
    )


def found(rule, made):
    return [finding for finding in table.check(made) if finding.rule.id == rule]


def test_every_rule_has_a_mistake_and_its_correction_here_and_an_id_of_its_own():
    assert [rule.id for rule in RULES] == list(dict.fromkeys(rule.id for rule in RULES))
    assert {rule.id for rule in RULES} == set(CASES)
    assert all(len(case) == 4 and case[2] != case[3] for case in CASES.values())
    assert {rule.severity for rule in RULES} == {"error", "warning"}


def test_settings_that_work_break_no_rule():
    assert table.check(Settings(GOOD_GENERAL, GOOD_AGENT, choice=ACCEPTED)) == []


@pytest.mark.parametrize("rule", CASES)
def test_a_mistake_is_found_with_file_and_key_and_no_secret(rule):
    which, path, mistake, _ = CASES[rule]
    findings = found(rule, settings(which, path, mistake))
    assert findings
    for finding in findings:
        assert finding.file in {GENERAL, AGENT, ENCRYPTED_AGENT, CYBERARK}
        assert finding.key in str(finding)
        assert "s3cret" not in str(finding)


@pytest.mark.parametrize("rule", CASES)
def test_what_is_right_in_the_same_place_passes(rule):
    which, path, _, right = CASES[rule]
    assert found(rule, settings(which, path, right)) == []


def test_secrets_in_clear_are_told_of_a_file_and_each_with_its_variable():
    (finding,) = found("plain-secret", settings(*CASES["plain-secret"][:3]))
    assert str(finding).startswith(f"{AGENT}: found 1 secret in clear: OpenId:OpenIdClients:Job (")


def test_a_section_of_password_reset_without_its_pair_names_the_entry_that_gives_it():
    (finding,) = found("password-reset-pair", settings(*CASES["password-reset-pair"][:3]))
    assert "use: password_reset" in str(finding) and "im_agent_certificates" in str(finding)


SOURCES = {
    "C:\\im\\Sources2\\a.csv": False,
    "C:\\im\\Sources\\..\\secret.csv": False,
    "Sources\\a.csv": False,
    "C:/im/Sources/deep/a.csv": True,
}


@pytest.mark.parametrize("path", SOURCES)
def test_a_source_is_below_a_root_and_not_only_spelled_like_it(path):
    for roots in (["C:\\im\\Sources"], ["D:\\x", "C:/im/Sources/"]):
        made = settings("agent", ("SourcesRootPaths",), roots)
        made.agent["Connections"]["Csv"]["Path"] = path
        assert (found("source-path", made) == []) is SOURCES[path]


def test_a_text_where_a_list_of_roots_belongs_allows_nothing():
    made = settings("agent", ("SourcesRootPaths",), "C:\\im\\Sources")
    assert found("source-path", made)
    assert "which is not a list" in str(found("setting-type", made)[0])


def test_a_key_with_no_name_like_it_is_told_where_the_inventory_asks_for_it_and_is_a_note_elsewhere():
    made = settings("general", ("OurNote",), "x")
    assert found("unknown-key", made) == []
    asked = Settings(made.general, made.agent, choice=ACCEPTED, wanted_general={"ournote": "x"})
    assert "none of the product's with a name like it" in str(found("unknown-key", asked)[0])
    assert found("unknown-key", settings("general", ("Scheduler:MaxLockWatchTime",), 1)) == []
    dotted = found("unknown-key", settings("general", ("Scheduler.MaxLockWatchTime",), 1))
    assert "looks for MaxLockWatchTime in the section Scheduler" in str(dotted[0])
    below = {"Scheduler": {"Colour": "red"}}
    asked = Settings({**GOOD_GENERAL, **below}, GOOD_AGENT, choice=ACCEPTED, wanted_general=below)
    assert [finding.key for finding in found("unknown-key-below", asked)] == ["Scheduler.Colour"]


def test_what_stops_the_agent_is_told_before_what_is_only_a_warning():
    general = {
        **GOOD_GENERAL,
        "Authentication": {"RequireHttpsMetadata": "false"},
        "EncryptionCertificate": {"Thumbprint": "A" * 40, "StoreLocation": "Machine"},
    }
    agent = {**GOOD_AGENT, "OpenId": {}, "TempFolderPath": "C:\\Temp"}
    severities = [finding.rule.severity for finding in table.check(Settings(general, agent))]
    errors = severities.count("error")
    assert 0 < errors < len(severities)
    assert severities == ["error"] * errors + ["warning"] * (len(severities) - errors)
