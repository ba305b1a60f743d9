"""What is shown of settings: only what the vendor's tables know as harmless, wherever a secret stands."""

from __future__ import annotations

import json

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import connectors
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.mask import CHANGED, MASK
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import protection, shown
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules import known, showable
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.shown import Shown
from hypothesis import given
from hypothesis import strategies as st

CANARY = "canary-shown-90af"


def placed(path, value):
    """Return settings with one value at a path; a number makes a list."""
    data = value
    for key in reversed(path.split("/")):
        data = [data] if key == "0" else {key: data}
    return data


_KNOWN_SECRETS = (
    *("EncryptionCertificate/Password", "EncryptionCertificate/X509KeyFilePassword", "CyberArk/Password"),
    *("IdentityServer/X509KeyFilePassword", "ApplicationInsights/InstrumentationKey"),
    *("AzureKeyVault/ConnectionString", "License", "License/Key", "OpenId/OpenIdClients/Job"),
    *("OpenId/OpenIdClients/Job/0", "Databases/Main", "Databases/Main/ConnectionString"),
    *("PasswordResetSettings/MailSettings/Password", "PasswordResetSettings/EncryptionCertificate/Password"),
    *(
        "PasswordResetSettings/Password",
        "Kestrel/Certificates/Default/Password",
        "Kestrel/Endpoints/H/Certificate/Password",
    ),
)
_CONNECTIONS = tuple(
    f"Connections/{c.name}/{key}"
    for c in connectors.CONNECTORS
    for key in c.known
    if key.endswith(
        ("Password", "ApplicationKey", "ConnectionString", "ClientSecret", "OAuthToken", "ApiKey", "BearerToken")
    )
)
_FREE = (
    *("Connections/P/Options/Pwd", "Connections/P/Options/ApiToken", "Connections/P/Options/AccessKey"),
    *("Connections/P/Options/Any", "Connections/P/Options/Deep/Er", "Connections/P/Options/List/0"),
    *(
        "Connections/X/Pasword",
        "Connections/X/ConectionString",
        "Connections/X/Unknown",
        "Connections/X/Servers/0/Pass",
    ),
    *("Connections/L/Servers/0/Password", "Connections/X/Servers/0", "Connections/X", "OpenId/OpenIdClient/Job"),
    *("ConnectionStrings/Main", "ConnectionStrings:Main", "OpenId:OpenIdClients:Old", "Databases:Main"),
    *("Connections:X:ApiKey", "Connections:X:Server", "Connections/X:Password", "Scheduler:LockFilePath", "Scheduler"),
    *("Serilog/WriteTo/0/Args/eventCollectorToken", "Serilog/WriteTo/0/Args/path", "Serilog/WriteTo/0/Args/headers"),
    *("Serilog/Properties/Application", "Logging/LogLevel/Default", "AllowedHosts", "Anything", "Anything/Else/0/Deep"),
    *("password", "PASSWORD", "Smtp/Pwd", "client_secret", "X-Api-Key", "Cors/Origins/0", "Jobs/Unknown", "Tokn"),
)
PLACES = sorted({*_KNOWN_SECRETS, *_CONNECTIONS, *_FREE})
FORMS = (
    f"Server=x;Password={CANARY}",
    f"Server=x;Pwd = {CANARY}",
    f"https://svc:{CANARY}@proxy.contoso.com:8080",
    f"https://svc:/{CANARY}@proxy.contoso.com",
    f"https://{CANARY}@git.contoso.com",
    f"Endpoint=sb://x;SharedAccessKey={CANARY}",
    f"https://x.blob.core.windows.net/a?sv=1&sig={CANARY}",
    f'{{"token": "{CANARY}"}}',
    f"Authorization: Bearer {CANARY}",
    f"-----BEGIN RSA PRIVATE KEY-----{CANARY}",
    f"eyJhbGciOiJIUzI1NiJ9.{CANARY}",
    f"glpat-{CANARY}",
)


def test_there_are_at_least_sixty_places_with_secrets():
    assert len(PLACES) >= 60


@pytest.mark.parametrize("value", [CANARY, 471108150815, 4711.0815], ids=["text", "number", "fraction"])
@pytest.mark.parametrize("path", PLACES)
def test_no_value_is_shown_where_no_table_knows_it_as_harmless(path, value):
    data, other = placed(path, value), placed(path, "another one")
    first, second = Shown().masked(data), Shown().masked(data, other)
    assert str(value) not in json.dumps([first, second, Shown().masked(other, data)])
    assert MASK in json.dumps(first)
    assert CHANGED in json.dumps(second)


@pytest.mark.parametrize("value", FORMS)
@pytest.mark.parametrize("path", ["ApplicationUri", "Connections/A/Server", "Connections/A/Filter", "LogsPath", "Any"])
def test_a_text_that_looks_like_a_secret_is_shown_nowhere_and_is_protected(path, value):
    data = placed(path, value)
    assert CANARY not in json.dumps(Shown().masked(data))
    kept = protection.kept(data, protection.Choice.of("encrypted", {}, []))
    assert CANARY not in str(kept.plain)


HARMLESS = {
    "ApplicationUri": "https://identitymanager.contoso.com",
    "LogsPath": "C:\\identitymanagerContoso\\Logs",
    "TempFolderPath": "..\\Temp",
    "WorkFolderPath": "C:\\identitymanagerContoso\\Work",
    "InstallationDirectoryPath": "C:\\identitymanagerContoso",
    "TaskTimeoutSupplement": 12,
    "JobLaunchTimeout": 15000,
    "EncryptionCertificate/File": "C:\\identitymanagerContoso\\files.pfx",
    "EncryptionCertificate/Thumbprint": "4C52A82C2E34051EE4E40D8E04622AC2004979B0",
    "EncryptionCertificate/StoreName": "My",
    "EncryptionCertificate/StoreLocation": "LocalMachine",
    "EncryptionCertificate/DistinguishedName": "CN=Identity Manager, O=Contoso",
    "EncryptionCertificate/UseEncryptedAppsettings": "true",
    "IdentityServer/X509KeyFilePath": "..\\identity.pfx",
    "IdentityServer/X509Thumbprint": "98EA652D01C6586B2911619C76689842A9D4CC5C",
    "Authentication/RequireHttpsMetadata": "false",
    "Scheduler/Enabled": "true",
    "Scheduler/LockFilePath": "..\\lock",
    "Jobs/MaxTaskBatchSize": 8,
    "Cors/AllowCredentials": "True",
    "CyberArk/SafeName": "Safe",
    "AzureKeyVault/Vault": "https://contoso.vault.azure.net",
    "Serilog/MinimumLevel/Default": "Information",
    "Serilog/MinimumLevel/Override/Microsoft": "Warning",
    "Serilog/WriteTo/0/Name": "File",
    "Serilog/Using/0": "Serilog.Sinks.File",
    "Kestrel/Certificates/Default/Subject": "agent-paris.contoso.com",
    "Kestrel/Endpoints/Https/Url": "https://*:443",
    "OpenId/AgentIdentifier": "Paris",
    "OpenId/DefaultOpenIdClient": "Job",
    "TaskAgentConfiguration/HttpClientTimeoutSupplement": 0,
    "SourcesRootPaths/0": "C:\\identitymanagerContoso\\Sources",
    "Connections/AD/Servers/0/Server": "paris.contoso.com",
    "Connections/AD/Servers/0/BaseDN": "DC=paris,DC=com",
    "Connections/AD/Login": "CONTOSO\\svc-identitymanager",
    "Connections/AD/Filter": "(objectclass=*)",
    "Connections/AD/AuthType": "Basic",
    "Connections/Sql/SqlCommand": "SELECT Name, Mail FROM Staff WHERE Token IS NULL",
    "Connections/Csv/Path": "C:\\identitymanagerContoso\\Sources\\staff.csv",
    "Connections/Csv/Separator": ";",
    "Connections/Graph/TenantId": "11111111-2222-3333-4444-555555555555",
    "Connections/Sap/Client": 100,
    "PasswordResetSettings/MailSettings/Host": "mail.contoso.com",
    "PasswordResetSettings/MailSettings/FromAddress": "no-reply@contoso.com",
    "PasswordResetSettings/MailSettings/Port": 587,
    "PasswordResetSettings/NotificationSettings/Cultures/0": "fr",
    "PasswordResetSettings/TokenBuildingSettings/ValidFor": "03:00:00",
    "applicationuri": "https://identitymanager.contoso.com",
    "Anything/Flag": True,
    "Connections/AD/Password": "",
}


@pytest.mark.parametrize("path", HARMLESS)
def test_what_is_known_as_harmless_stays_readable(path):
    data = placed(path, HARMLESS[path])
    # Common words as secrets wreck nothing: they are masked where they stand as values.
    common = Shown(secrets=frozenset({"My", "Job", "e", "1", "Safe", "Paris"}))
    assert common.masked(data, placed(path, "x")) == data


def test_there_are_at_least_forty_harmless_values():
    assert len(HARMLESS) >= 40


def test_every_place_of_the_vendor_s_tables_is_either_shown_or_a_secret():
    for _file, name, keys in known.KNOWN_BELOW:
        for key in keys:
            level = showable.level_of((*name.split("."), key), "x")
            is_section = any(f"{name}.{key}" == section for _f, section, _k in known.KNOWN_BELOW)
            is_section |= key in {"OpenIdClients", "NotificationSettings", "TokenBuildingSettings"}
            assert level in {showable.Level.SHOWN, showable.Level.SECRET} or is_section, (name, key)


SHAPES = st.recursive(
    st.just(CANARY),
    lambda below: st.lists(below, min_size=1, max_size=2) | st.dictionaries(st.sampled_from("ab"), below, min_size=1),
)


@given(st.sampled_from(["Password", "PASSWORD", "client_secret", "ApiKey", "OpenIdClients", "Databases"]), SHAPES)
def test_nothing_below_a_secret_key_is_shown_and_all_of_it_is_a_known_secret(key, value):
    data = {"Connections": {"A": {"Login": "kept", key: value}}}
    found = Shown().masked(data)
    assert CANARY not in json.dumps(found)
    assert found["Connections"]["A"]["Login"] == "kept"
    assert shown.secrets(data) == {CANARY}


def test_a_listed_path_is_shown_with_all_below_it_but_never_what_is_vaulted():
    data = {"Serilog": {"WriteTo": [{"Args": {"path": "a.log", "token": "vault-1"}}]}, "X": {"Y": "y", "Z": 12}}
    listed = tuple(map(protection.path_of, ["serilog:writeto:*:args", "X.Y"]))
    found = Shown(listed, vaulted=frozenset({"vault-1"})).masked(data)
    assert found == {
        "Serilog": {"WriteTo": [{"Args": {"path": "a.log", "token": MASK}}]},
        "X": {"Y": "y", "Z": MASK},
    }


@pytest.mark.parametrize(
    ("value", "vaulted", "secrets", "visible"),
    [
        ("abc", {"abc"}, (), False),  # a vaulted value is a secret wherever it stands, however short
        (4711, {"4711"}, (), False),
        ("abcd", {"abc"}, (), True),
        ("x-canary-y", {"canary"}, (), False),  # concatenation loses the tag
        ("x-canary-y", (), {"canary"}, False),
        ("x-canar-y", (), {"canar"}, True),
        ("canar", (), {"canar"}, True),
    ],
)
def test_known_secrets_are_not_shown_at_harmless_places(value, vaulted, secrets, visible):
    found = Shown(vaulted=frozenset(vaulted), secrets=frozenset(secrets))
    assert found.may_show(("Connections", "A", "Server"), value) is visible


def test_a_former_secret_is_a_secret():
    before = {"Connections": {"A": {"Password": "canary-old", "Filter": "(x=canary-old)"}}}
    after = {"Connections": {"A": {"Password": "canary-new", "Filter": "(x=1)"}}}
    found = Shown().knowing(before, after)
    assert "canary" not in json.dumps([found.masked(before), found.masked(after, before)])


def test_what_a_vaulted_value_replaces_is_a_secret():
    before = {"Connections": {"A": {"server": "canary-old", "Login": "kept"}, "B": {"Server": "canary-old"}}}
    after = {"Connections": {"A": {"Server": "canary-new", "Login": "kept"}, "B": {"Server": "canary-old"}}}
    found = Shown(vaulted=frozenset({"canary-new"})).replacing(before, after)
    texts = json.dumps([found.masked(before), found.masked(after, before)])
    assert "canary" not in texts
    assert texts.count("kept") == 2


def test_short_secrets_are_named():
    assert shown.short({"A": {"Password": "1234567", "Secret": "12345678"}}) == [("A", "Password")]
