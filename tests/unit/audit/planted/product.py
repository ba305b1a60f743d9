"""Faults in the settings files of a server, for each of the product's rules."""

from __future__ import annotations

import typing as t

from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import product_findings

from .fault import AGENT_FILE, EDITED, RUNTIME, Deed, Planted, agent, both, general, planted, write

SMTP = {"Host": "smtp.contoso.com", "FromAddress": "agent@contoso.com"}
PAIR = {"Thumbprint": "A" * 40, "StoreLocation": "LocalMachine", "StoreName": "My"}
MAIL, TWO_FACTOR = "PasswordResetSettings.MailSettings", "PasswordResetSettings.TwoFactorSettings"
AD, SQL = "Connections.ADExport", "Connections.Sql"
CYBERARK = {"UseCyberArkSetting": True, "SafeName": "s", "ApplicationId": "a", "Server": "https://vault.contoso.com"}
ENCRYPTED = f"{RUNTIME}\\appsettings.encrypted.agent.json"
MAPPING = f"{RUNTIME}\\appsettings.cyberArk.agent.json"


def kept(rule: str, how: str, deed: Deed, *also: str, **variables: t.Any) -> Planted:
    """Return a fault in what the inventory says nothing of, so that its plan leaves it."""
    return planted(f"product.{rule}", how, deed, *EDITED, *also, **variables)


def differs(rule: str, how: str, deed: Deed, *also: str, **variables: t.Any) -> Planted:
    """Return a fault in what the inventory wants to be different."""
    return kept(rule, how, deed, "settings.as-wanted", *also, **variables)


def refused(rule: str, how: str, deed: Deed, *also: str) -> Planted:
    """Return a fault that the inventory does not correct, so that its plan would leave an agent that does not work."""
    unknown = ("settings.as-wanted", "settings.warned")
    return planted(f"product.{rule}", how, deed, *EDITED, "settings.possible", *also, unknown=unknown)


UNREADABLE = planted(
    "product.readable",
    "a value is missing",
    write(AGENT_FILE, '{"OpenId": }'),
    *EDITED,
    "settings.possible",
    "certificates.possible",
    unknown=(
        *(rule.id for rule in product_findings.RULES if rule is not product_findings.READABLE),
        *(f"{subject}.{name}" for subject in ("settings", "certificates") for name in ("as-wanted", "warned")),
        # Which certificates the agent uses is in the files, and the site's certificate is one of them.
        "site.as-wanted",
        *(f"look.certificate-ends-{days}" for days in (7, 30, 90)),
        "look.weak-key",
    ),
)
OF_SERVER = (
    differs("uri-missing", "no address", general("ApplicationUri", None)),
    differs("uri-slash", "a slash at the end", general("ApplicationUri", "https://identitymanager.contoso.com/")),
    differs("uri-https", "an address of http", general("ApplicationUri", "http://identitymanager.contoso.com")),
    kept("https-metadata", "switched off", general("Authentication.RequireHttpsMetadata", False)),
    differs("identifier-missing", "none", agent("OpenId.AgentIdentifier", None)),
    differs("identifier-local", "the server's own", agent("OpenId.AgentIdentifier", "Local")),
    # None of no clients can be the default.
    differs("clients-missing", "none", agent("OpenId.OpenIdClients", {}), "product.default-client"),
    differs("client-secret", "a blank", agent("OpenId.OpenIdClients.Job", " ")),
    differs("default-client", "one that is not there", agent("OpenId.DefaultOpenIdClient", "Nobody")),
)
OF_CERTIFICATES = (
    differs("pair-incomplete", "no store", general("EncryptionCertificate.StoreName", None)),
    differs("store-location", "half a name", general("EncryptionCertificate.StoreLocation", "Machine")),
    differs("thumbprint", "an invisible mark", general("EncryptionCertificate.Thumbprint", "\u200e" + "A" * 40)),
    # It is a password that lies in clear.
    refused(
        "password-key",
        "of the other section",
        general("EncryptionCertificate.X509KeyFilePassword", "x"),
        "product.plain-secret",
    ),
    differs("two-certificates", "a file too", general("EncryptionCertificate.File", "C:\\pairs\\files.pfx")),
    # It stands beside the certificate of the store.
    differs(
        "sample-certificate",
        "of the vendor's SDK",
        general("IdentityServer.X509KeyFilePath", "../SDK/Usercube.pfx"),
        "product.two-certificates",
    ),
    kept("file-encryption-off", "switched off", general("EncryptionCertificate.EncryptFile", False)),
)
OF_PLACES = (
    # A client's secret lies in clear where nobody accepted it.
    refused("clients-at-root", "at the root", agent("OpenIdClients", {"Job": "x"}), "product.plain-secret"),
    refused("misplaced", "in the agent's file", agent("Cors", {"AllowAnyHeader": True})),
    kept("other-file", "in the agent's file", agent("TempFolderPath", "C:\\Temp")),
    refused("databases-place", "under Connections", agent("Connections.Databases", {"Main": "x"})),
    kept("unknown-key", "misspelt", general("Sheduler", {"Enabled": True})),
    kept("unknown-key-below", "misspelt", general("Scheduler.Enable", True)),
    differs("setting-type", "a word for true", general("Scheduler.Enabled", "on")),
    differs("placeholder", "of the vendor's sample", agent(f"{AD}.Login", "<Login>")),
    kept("timeout-key", "of another product", agent("TaskAgentConfiguration.HttpClientAdditionalTimeout", 1)),
    planted(
        "product.relative-in-service",
        "a relative folder",
        general("TempFolderPath", "../Temp"),
        "look.restart-pending",
        "service.as-wanted",
        "settings.as-wanted",
        hosting="service",
    ),
)
OF_CONNECTIONS = (
    refused("connection-name", "an underscore", agent("Connections.AD_Export", {"Server": "x"})),
    refused("connection-empty", "no settings", agent("Connections.Empty", {})),
    differs("connection-secret", "no password", agent("Connections.SAPExportFulfillment.Password", "")),
    # The connector wants the login beside its password too.
    differs("ad-basic", "no login", agent(f"{AD}.Login", None), "product.connector-together"),
    kept("source-path", "on another drive", agent("Connections.Csv", {"Path": "D:\\a.csv"})),
    differs("connector-required", "no base of the tree", agent(f"{AD}.Servers", [{"Server": "paris.contoso.com"}])),
    differs("connector-type", "a word for true", agent(f"{AD}.EnableSSL", "yes")),
    refused("connector-together", "no class", agent(SQL, {"ConnectionString": "x", "ProviderDllName": "a.dll"})),
    kept("connector-either", "both", agent(SQL, {"ConnectionString": "x", "SqlFile": "a", "SqlCommand": "b"})),
    kept("connector-unrecognised", "a misspelt key", agent("Connections.Okta", {"Server": "x", "ApiKy": "y"})),
    kept("connector-key", "misspelt", agent(f"{AD}.EnableSLS", True)),
)
# A section of password reset without its pair is a finding of its own.
OF_MAIL = (
    refused(
        "password-reset-place",
        "a section too high",
        agent("PasswordResetSettings", PAIR),
        "product.password-reset-pair",
    ),
    kept("password-reset-pair", "none", agent("PasswordResetSettings.TokenBuildingSettings", {"ValidFor": "01:00:00"})),
    refused("mail-incomplete", "no sender", agent(MAIL, {"Host": "x"}), "product.password-reset-pair"),
    refused("mail-pickup", "a folder only", agent(MAIL, {"PickupDirectory": "x"}), "product.password-reset-pair"),
    kept("mail-login", "no password", agent(MAIL, {**SMTP, "Username": "agent"}), "product.password-reset-pair"),
    kept("deprecated", "of older versions", agent(MAIL, {**SMTP, "EnableSsl": True}), "product.password-reset-pair"),
    kept(
        "two-factor-incomplete",
        "one address of two",
        agent(TWO_FACTOR, {"ApplicationUri": "https://identitymanager.contoso.com"}),
        "product.password-reset-pair",
    ),
)
OF_NETWORK = (
    kept("cors-partly", "two of three", general("Cors.AllowAnyMethod", False)),
    # The agent of this inventory is under IIS.
    differs(
        "proxy-cors",
        "two of three",
        general("Cors.AllowAnyMethod", False),
        "product.proxy-hosting",
        reverse_proxy=True,
    ),
    planted("product.proxy-hosting", "IIS behind a proxy", reverse_proxy=True),
)
# A file that somebody lays into Runtime inherits the rights of Runtime, which everybody may read.
OF_PROTECTION = (
    planted("product.plain-secret", "in clear, and not accepted", plain_accepted=[]),
    refused("encrypted-ignored", "not switched on", write(ENCRYPTED, "{}"), "look.secrets-readable"),
    refused(
        "encrypted-key",
        "no pair",
        both(write(ENCRYPTED, "{}"), general("EncryptionCertificate", None)),
        "look.secrets-readable",
        "product.encrypted-ignored",
        "product.pair-incomplete",
    ),
    refused("vault-address", "no address", general("AzureKeyVault.Vault", "contoso")),
    refused("cyberark-incomplete", "no application", general("CyberArk", {**CYBERARK, "ApplicationId": ""})),
    kept("cyberark-address", "http", general("CyberArk", {**CYBERARK, "Server": "http://vault.contoso.com"})),
    differs("mapping-ignored", "not switched on", write(MAPPING, "{}"), "look.secrets-readable"),
)
FAULTS = (
    UNREADABLE,
    *OF_SERVER,
    *OF_CERTIFICATES,
    *OF_PLACES,
    *OF_CONNECTIONS,
    *OF_MAIL,
    *OF_NETWORK,
    *OF_PROTECTION,
)
