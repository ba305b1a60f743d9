# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings that the product has, by file and section, and the types of their values: the vendor's pages
"appsettings" and "appsettings.agent" of the agent's configuration.
"""

from __future__ import annotations

from ..._agent.settings_files import AGENT, GENERAL

KNOWN_GENERAL = (
    "ApplicationUri",
    "License",
    "EncryptionCertificate",
    "IdentityServer",
    "Authentication",
    "Scheduler",
    "Jobs",
    "TaskTimeoutSupplement",
    "JobLaunchTimeout",
    "InstallationDirectoryPath",
    "InvokeSqlCommands",
    "Serilog",
    "LogsPath",
    "Cors",
    "ApplicationInsights",
    "TempFolderPath",
    "WorkFolderPath",
    "CyberArk",
    "AzureKeyVault",
    "Kestrel",
)
KNOWN_AGENT = (
    "OpenId",
    "Connections",
    "Databases",
    "SourcesRootPaths",
    "TaskAgentConfiguration",
    "PasswordResetSettings",
)
CORS_FLAGS = ("AllowAnyHeader", "AllowAnyMethod", "AllowCredentials")
_PAIR = ("File", "Password", "DistinguishedName", "Thumbprint", "StoreLocation", "StoreName")
KNOWN_BELOW = (
    (
        GENERAL,
        "EncryptionCertificate",
        (*_PAIR, "EncryptFile", "UseEncryptedAppsettings", "CertificateAzureKeyVault", "X509KeyFilePassword"),
    ),
    (
        GENERAL,
        "IdentityServer",
        (
            "X509KeyFilePath",
            "X509KeyFilePassword",
            "X509SubjectDistinguishedName",
            "X509Thumbprint",
            "X509StoreLocation",
            "X509StoreName",
        ),
    ),
    (GENERAL, "Authentication", ("Enabled", "RequireHttpsMetadata")),
    (GENERAL, "Scheduler", ("Enabled", "MaxLockWatchTime", "LockFilePath")),
    (GENERAL, "Jobs", ("MaxTaskBatchSize",)),
    (GENERAL, "Cors", CORS_FLAGS),
    (GENERAL, "ApplicationInsights", ("InstrumentationKey",)),
    (GENERAL, "CyberArk", ("UseCyberArkSetting", "SafeName", "ApplicationId", "Server", *_PAIR)),
    (GENERAL, "AzureKeyVault", ("Vault", "ConnectionString")),
    (AGENT, "OpenId", ("AgentIdentifier", "OpenIdClients", "DefaultOpenIdClient")),
    (AGENT, "TaskAgentConfiguration", ("HttpClientTimeoutSupplement", "HttpClientAdditionalTimeout")),
    (
        AGENT,
        "PasswordResetSettings",
        (
            "EncryptionCertificate",
            "MailSettings",
            "NotificationSettings",
            "TokenBuildingSettings",
            "TwoFactorSettings",
            *_PAIR,
        ),
    ),
    (AGENT, "PasswordResetSettings.EncryptionCertificate", _PAIR),
    (
        AGENT,
        "PasswordResetSettings.MailSettings",
        (
            "FromAddress",
            "Host",
            "Port",
            "Username",
            "Password",
            "PickupDirectory",
            "UseSpecifiedPickupDirectory",
            "AllowedDomains",
            "CatchAllAddress",
            "CatchAllCCAddress",
            "Enabled",
            "SecureSocketOption",
            "EnableSsl",
            "UseDefaultCredentials",
        ),
    ),
    (AGENT, "PasswordResetSettings.TwoFactorSettings", ("ApplicationUri", "ResetConfirmationUri")),
)
TYPES = (
    (GENERAL, "Authentication.Enabled", "true or false"),
    (GENERAL, "Authentication.RequireHttpsMetadata", "true or false"),
    (GENERAL, "EncryptionCertificate.EncryptFile", "true or false"),
    (GENERAL, "EncryptionCertificate.UseEncryptedAppsettings", "true or false"),
    (GENERAL, "Scheduler.Enabled", "true or false"),
    (GENERAL, "Scheduler.MaxLockWatchTime", "a whole number"),
    (GENERAL, "Jobs.MaxTaskBatchSize", "a whole number"),
    (GENERAL, "TaskTimeoutSupplement", "a whole number"),
    (GENERAL, "JobLaunchTimeout", "a whole number"),
    (GENERAL, "Cors.AllowAnyHeader", "true or false"),
    (GENERAL, "Cors.AllowAnyMethod", "true or false"),
    (GENERAL, "Cors.AllowCredentials", "true or false"),
    (GENERAL, "CyberArk.UseCyberArkSetting", "true or false"),
    (AGENT, "TaskAgentConfiguration.HttpClientTimeoutSupplement", "a whole number"),
    (AGENT, "PasswordResetSettings.MailSettings.Port", "a whole number"),
    (AGENT, "PasswordResetSettings.MailSettings.Enabled", "true or false"),
    (AGENT, "PasswordResetSettings.MailSettings.UseSpecifiedPickupDirectory", "true or false"),
    (AGENT, "PasswordResetSettings.MailSettings.EnableSsl", "true or false"),
    (AGENT, "PasswordResetSettings.MailSettings.UseDefaultCredentials", "true or false"),
    (AGENT, "PasswordResetSettings.NotificationSettings.Cultures", "a list"),
    (AGENT, "PasswordResetSettings.TokenBuildingSettings.ValidFor", "a time such as 03:00:00"),
    (AGENT, "SourcesRootPaths", "a list"),
    (AGENT, "OpenId.OpenIdClients", "settings"),
    (AGENT, "Connections", "settings"),
    (AGENT, "Databases", "settings"),
)
RELATIVE_PATHS = (
    (GENERAL, "TempFolderPath"),
    (GENERAL, "WorkFolderPath"),
    (GENERAL, "Scheduler.LockFilePath"),
    (GENERAL, "LogsPath"),
    (GENERAL, "EncryptionCertificate.File"),
    (GENERAL, "IdentityServer.X509KeyFilePath"),
    (AGENT, "PasswordResetSettings.MailSettings.PickupDirectory"),
)
