"""The product's rules: each holds for settings that work, and fails for the one mistake that it is about."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils import _product_rules
from ansible_collections.imops.identity_manager.plugins.plugin_utils._load_order import AGENT, ENCRYPTED_AGENT, GENERAL
from ansible_collections.imops.identity_manager.plugins.plugin_utils._product_rules import RULES, Settings
from ansible_collections.imops.identity_manager.plugins.plugin_utils._protection import Choice

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
MISTAKES = {
    "uri-missing": ("general", ("ApplicationUri",), None),
    "uri-slash": ("general", ("ApplicationUri",), "https://im.contoso.com/"),
    "uri-https": ("general", ("ApplicationUri",), "http://im.contoso.com"),
    "identifier-missing": ("agent", ("OpenId", "AgentIdentifier"), None),
    "identifier-local": ("agent", ("OpenId", "AgentIdentifier"), "LOCAL"),
    "clients-missing": ("agent", ("OpenId", "OpenIdClients"), {}),
    "client-secret": ("agent", ("OpenId", "OpenIdClients", "Job"), " "),
    "default-client": ("agent", ("OpenId", "DefaultOpenIdClient"), "Nobody"),
    "pair-incomplete": ("general", ("EncryptionCertificate", "StoreName"), None),
    "clients-at-root": ("agent", ("OpenIdClients",), {"Job": "x"}),
    "misplaced": ("agent", ("ApplicationUri",), "https://im.contoso.com"),
    "password-key": ("general", ("EncryptionCertificate", "X509KeyFilePassword"), "x"),
    "connection-name": ("agent", ("Connections", "AD_Export"), {"Server": "x"}),
    "connection-empty": ("agent", ("Connections", "Empty"), {}),
    "connection-secret": ("agent", ("Connections", "ADExport", "Password"), ""),
    "placeholder": ("agent", ("Connections", "ADExport", "Login"), "<Login>"),
    "timeout-key": ("agent", ("TaskAgentConfiguration",), {"HttpClientAdditionalTimeout": 1}),
    "ad-basic": ("agent", ("Connections", "ADExport", "Login"), ""),
    "mail-pickup": ("agent", ("PasswordResetSettings",), {"MailSettings": {"PickupDirectory": "../Mails"}}),
    "unknown-key": ("general", ("Sheduler",), {"Enabled": True}),
    "connector-required": ("agent", ("Connections", "ADExport", "Servers"), [{"Server": "a"}]),
    "connector-type": ("agent", ("Connections", "ADExport", "EnableSSL"), "yes"),
    "connector-together": ("agent", ("Connections", "Sql"), {"ConnectionString": "x", "ProviderDllName": "a.dll"}),
    "connector-either": ("agent", ("Connections", "Sql"), {"ConnectionString": "x", "SqlFile": "a", "SqlCommand": "b"}),
    "connector-key": ("agent", ("Connections", "ADExport", "EnableSLS"), True),
    "setting-type": ("general", ("Scheduler", "Enabled"), "on"),
    "unknown-key-below": ("general", ("Scheduler", "Enable"), True),
    "password-reset-place": ("agent", ("PasswordResetSettings",), {"Thumbprint": "A" * 40}),
    "databases-place": ("agent", ("Connections", "Databases"), {"Main": "x"}),
    "password-reset-pair": ("agent", ("PasswordResetSettings",), {"TokenBuildingSettings": {"ValidFor": "01:00:00"}}),
    "cors-partly": ("general", ("Cors",), {"AllowAnyHeader": True}),
    "mail-incomplete": ("agent", ("PasswordResetSettings",), {"MailSettings": {"Host": "smtp.contoso.com"}}),
    "deprecated": (
        "agent",
        ("PasswordResetSettings",),
        {"MailSettings": {"Host": "h", "FromAddress": "a@contoso.com", "EnableSsl": True}},
    ),
    "two-certificates": ("general", ("EncryptionCertificate", "File"), "C:\\im\\files.pfx"),
    "sample-certificate": ("general", ("IdentityServer", "X509KeyFilePath"), "../SDK/Usercube.pfx"),
    "file-encryption-off": ("general", ("EncryptionCertificate", "EncryptFile"), False),
    "plain-secret": ("plain_agent", ("OpenId", "OpenIdClients", "Job"), "s3cret"),
    "encrypted-ignored": ("encrypted", (), ("appsettings.encrypted.agent.json",)),
    "encrypted-key": ("encrypted without pair", ("EncryptionCertificate",), None),
    "vault-address": ("general", ("AzureKeyVault",), {"Vault": "contoso"}),
    "cyberark-incomplete": ("general", ("CyberArk",), {"UseCyberArkSetting": True, "SafeName": "s"}),
    "relative-in-service": ("service", ("TempFolderPath",), "../Temp"),
    "source-path": ("agent", ("Connections", "Csv", "Path"), "C:\\im\\sources\\a.csv"),
}


ACCEPTED = Choice(accepted=((),))


def with_mistake(rule):
    which, path, value = MISTAKES[rule]
    general, agent = copy.deepcopy(GOOD_GENERAL), copy.deepcopy(GOOD_AGENT)
    place = agent if which in {"agent", "plain_agent"} else general
    for key in path[:-1]:
        place = place[key]
    if path and value is None:
        del place[path[-1]]
    elif path:
        place[path[-1]] = value
    if which == "plain_agent":
        return Settings(general, agent)
    more = {"service": True} if which == "service" else {}
    more |= {"encrypted": ("appsettings.encrypted.agent.json",)} if which.startswith("encrypted") else {}
    return Settings(general, agent, choice=ACCEPTED, **more)


def test_every_rule_has_a_mistake_here_and_an_id_of_its_own():
    assert [rule.id for rule in RULES] == list(dict.fromkeys(rule.id for rule in RULES))
    assert {rule.id for rule in RULES} == set(MISTAKES)


def test_settings_that_work_break_no_rule():
    assert _product_rules.check(Settings(GOOD_GENERAL, GOOD_AGENT, choice=ACCEPTED)) == []


@pytest.mark.parametrize("rule", MISTAKES)
def test_a_mistake_is_found_with_file_and_key_and_no_secret(rule):
    findings = [finding for finding in _product_rules.check(with_mistake(rule)) if finding.rule.id == rule]
    assert findings
    for finding in findings:
        assert finding.file in {GENERAL, AGENT, ENCRYPTED_AGENT}
        assert finding.key in str(finding)
        assert "s3cret" not in str(finding)
