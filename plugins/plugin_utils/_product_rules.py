# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the product demands of its settings, as one table; it runs on the merged settings before anything is written.

The pages are the vendor's: "appsettings" and "appsettings.agent" of the agent's configuration, and those of the
connectors.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from . import _connector_rules, _mask
from ._load_order import AGENT, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL
from ._mask import is_secret_key
from ._protection import UNPROTECTED_SECTION, Choice, Path, words

Values = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One rule that does not hold: in which file, at which key, what was found (no secrets)."""

    rule: Rule
    file: str
    key: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}, {self.key}: found {self.found}; {self.rule.wanted} ({self.rule.id})"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: its name in messages.
        severity: error, or warning.
        wanted: what must hold, and what goes wrong otherwise.
        page: the vendor's page.
        look: yields file, key and what was found for each place where it does not hold.
    """

    id: str
    severity: str
    wanted: str
    page: str
    look: t.Callable[[Settings], t.Iterator[tuple[str, str, str]]]


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings as the agent will see them, and what is asked of them.

    Attributes:
        general: appsettings.json and what is loaded on top of it.
        agent: appsettings.agent.json and what is loaded on top of it.
        plain_general: appsettings.json alone, as it will be; None: the same as ``general``.
        plain_agent: appsettings.agent.json alone, as it will be.
        choice: where secrets are to be kept.
        encrypted: the encrypted files that are there or will be.
        vault: whether a Key Vault may hold what the files lack.
        connectors: which connector reads a section of Connections, by its name.
        service: whether the agent is a Windows service, whose current directory is not its own.
    """

    general: Values
    agent: Values
    plain_general: Values | None = None
    plain_agent: Values | None = None
    choice: Choice = dataclasses.field(default_factory=Choice)
    encrypted: tuple[str, ...] = ()
    vault: bool = False
    connectors: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    service: bool = False

    def files(self) -> t.Iterator[tuple[str, Values]]:
        """Yield both files' names and contents."""
        yield GENERAL, self.general
        yield AGENT, self.agent

    def plain(self) -> t.Iterator[tuple[str, Values]]:
        """Yield both plain files' names and contents."""
        yield GENERAL, self.general if self.plain_general is None else self.plain_general
        yield AGENT, self.agent if self.plain_agent is None else self.plain_agent


def get(data: t.Any, *path: str) -> t.Any:
    """Return a setting by its path, without regard to case, or None."""
    for key in path:
        if not isinstance(data, t.Mapping):
            return None
        data = {k.lower(): v for k, v in data.items()}.get(key.lower())
    return data


def _leaves(data: t.Any, path: str = "") -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(data, t.Mapping):
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _leaves(value, f"{path}[{number}]")
    else:
        yield path, data


_Found = t.Iterator[tuple[str, str, str]]


def _uri_missing(s: Settings) -> _Found:
    if not get(s.general, "ApplicationUri"):
        yield GENERAL, "ApplicationUri", "nothing"


def _uri_slash(s: Settings) -> _Found:
    uri = str(get(s.general, "ApplicationUri") or "")
    if uri.endswith("/"):
        yield GENERAL, "ApplicationUri", repr(uri)


def _uri_not_https(s: Settings) -> _Found:
    uri = str(get(s.general, "ApplicationUri") or "")
    if uri and not re.match(r"https://[^/\s]+", uri):
        yield GENERAL, "ApplicationUri", repr(uri)


def _identifier_missing(s: Settings) -> _Found:
    if not get(s.agent, "OpenId", "AgentIdentifier"):
        yield AGENT, "OpenId.AgentIdentifier", "nothing"


def _identifier_local(s: Settings) -> _Found:
    found = str(get(s.agent, "OpenId", "AgentIdentifier") or "")
    if found.lower() == "local":
        yield AGENT, "OpenId.AgentIdentifier", repr(found)


def _clients_missing(s: Settings) -> _Found:
    clients = get(s.agent, "OpenId", "OpenIdClients")
    if (not isinstance(clients, t.Mapping) or not clients) and not s.vault:
        yield AGENT, "OpenId.OpenIdClients", "nothing"


def _client_without_secret(s: Settings) -> _Found:
    for client, secret in (get(s.agent, "OpenId", "OpenIdClients") or {}).items():
        if not isinstance(secret, str) or not secret.strip():
            yield AGENT, f"OpenId.OpenIdClients.{client}", "no secret"


def _default_client(s: Settings) -> _Found:
    clients, default = get(s.agent, "OpenId", "OpenIdClients") or {}, get(s.agent, "OpenId", "DefaultOpenIdClient")
    if str(default or "").lower() not in {str(c).lower() for c in clients} and not (s.vault and default):
        yield AGENT, "OpenId.DefaultOpenIdClient", repr(default) if default else "nothing"


def _pair_incomplete(s: Settings) -> _Found:
    for section, names in (
        ("EncryptionCertificate", ("File", "Thumbprint", "DistinguishedName", "StoreLocation", "StoreName")),
        (
            "IdentityServer",
            ("X509KeyFilePath", "X509Thumbprint", "X509SubjectDistinguishedName", "X509StoreLocation", "X509StoreName"),
        ),
    ):
        file, thumbprint, subject, location, store = (get(s.general, section, name) for name in names)
        vault = section == "EncryptionCertificate" and get(s.general, section, "CertificateAzureKeyVault")
        if not (file or vault or ((thumbprint or subject) and location and store)):
            yield GENERAL, section, "an incomplete section" if get(s.general, section) else "nothing"


def _clients_at_root(s: Settings) -> _Found:
    for file, data in s.files():
        for key in ("OpenIdClients", "DefaultOpenIdClient", "AgentIdentifier"):
            if get(data, key) is not None:
                yield file, key, "it at the root"


def _misplaced(s: Settings) -> _Found:
    for key in ("ApplicationUri", "EncryptionCertificate", "IdentityServer", "Scheduler", "Cors"):
        if get(s.agent, key) is not None:
            yield AGENT, key, "it in this file"
    for key in ("OpenId", "Connections", "Databases", "SourcesRootPaths", "PasswordResetSettings"):
        if get(s.general, key) is not None:
            yield GENERAL, key, "it in this file"


def _wrong_password_key(s: Settings) -> _Found:
    if get(s.general, "EncryptionCertificate", "X509KeyFilePassword") is not None:
        yield GENERAL, "EncryptionCertificate.X509KeyFilePassword", "it under EncryptionCertificate"


def _connection_name(s: Settings) -> _Found:
    for name in get(s.agent, "Connections") or {}:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", str(name)):
            yield AGENT, f"Connections.{name}", repr(name)


def _connection_empty(s: Settings) -> _Found:
    for name, connection in (get(s.agent, "Connections") or {}).items():
        if not isinstance(connection, t.Mapping) or not connection:
            yield AGENT, f"Connections.{name}", "no settings"


def _secret_empty(s: Settings) -> _Found:
    for path, value in _leaves(get(s.agent, "Connections") or {}):
        if is_secret_key(path.rpartition(".")[2]) and (value is None or not str(value).strip()):
            yield AGENT, f"Connections.{path}", "no secret"


def _placeholder(s: Settings) -> _Found:
    for file, data in s.files():
        for path, value in _leaves(data):
            if isinstance(value, str) and re.fullmatch(r"<[^<>()=]+>", value):
                yield file, path, "a placeholder in angle brackets"


def _old_timeout(s: Settings) -> _Found:
    if get(s.agent, "TaskAgentConfiguration", "HttpClientAdditionalTimeout") is not None:
        yield AGENT, "TaskAgentConfiguration.HttpClientAdditionalTimeout", "a key that the product does not read"


def _connectors(kind: str) -> t.Callable[[Settings], _Found]:
    """Return the look at one kind of the connector table's findings."""

    def look(s: Settings) -> _Found:
        named = {key.lower(): str(value) for key, value in s.connectors.items()}
        for name, connection in (get(s.agent, "Connections") or {}).items():
            if isinstance(connection, t.Mapping):
                for found_kind, key, found in _connector_rules.findings(connection, named.get(str(name).lower())):
                    if found_kind == kind:
                        yield AGENT, f"Connections.{name}.{key}", found

    return look


def _ad_basic(s: Settings) -> _Found:
    for name, c in (get(s.agent, "Connections") or {}).items():
        if str(get(c, "AuthType") or "").lower() == "basic" and not (get(c, "Login") and get(c, "Password")):
            yield AGENT, f"Connections.{name}", "AuthType Basic without Login and Password"


def _plain_secret(s: Settings) -> _Found:
    def looked(data: t.Any, path: Path, secret: bool) -> t.Iterator[Path]:
        if isinstance(data, t.Mapping):
            for key, value in data.items():
                below = secret or is_secret_key(key) or _mask.is_secret_section(key)
                yield from looked(value, (*path, key), below)
        elif isinstance(data, list):
            for number, value in enumerate(data):
                yield from looked(value, (*path, str(number)), secret)
        elif secret and data not in {None, ""}:
            yield path

    for file, data in s.plain():
        found = [path for path in looked(data, (), False) if not s.choice.accepts(path)]
        if found:
            yield file, words(found[0]), f"{len(found)} secrets in clear: {', '.join(map(words, found))}"


def _encrypted_ignored(s: Settings) -> _Found:
    if str(get(s.general, "EncryptionCertificate", "UseEncryptedAppsettings")).lower() != "true":
        for file in s.encrypted:
            yield file, "(the whole file)", "it, but EncryptionCertificate.UseEncryptedAppsettings is not true"


def _encrypted_key(s: Settings) -> _Found:
    for name in (ENCRYPTED_GENERAL, ENCRYPTED_AGENT):
        if name in s.encrypted and UNPROTECTED_SECTION in {key.lower() for key in s.general}:
            return
    if s.encrypted:
        yield GENERAL, "EncryptionCertificate", "nothing, though there are encrypted files"


def _types(s: Settings) -> _Found:
    for file, path, kind in TYPES:
        value = get(s.general if file == GENERAL else s.agent, *path.split("."))
        if (
            value not in {None, ""}
            and not isinstance(value, t.Mapping | list)
            and not _connector_rules.fits(value, kind)
        ):
            yield file, path, f"{value!r}, which is not {kind}"


def _known_below(s: Settings) -> _Found:
    for file, section, known in KNOWN_BELOW:
        data = get(s.general if file == GENERAL else s.agent, *section.split("."))
        names = {name.lower(): name for name in known}
        for key in data if isinstance(data, t.Mapping) else ():
            near = [] if key.lower() in names else difflib.get_close_matches(key.lower(), names, 1, 0.75)
            if near:
                yield file, f"{section}.{key}", f"an unknown key; the product knows {names[near[0]]}"


def _password_reset(s: Settings) -> _Found:
    section = get(s.agent, "PasswordResetSettings")
    for key in ("File", "Password", "Thumbprint", "DistinguishedName", "StoreLocation", "StoreName"):
        if get(section, key) is not None:
            yield AGENT, f"PasswordResetSettings.{key}", "it there"
    if get(s.general, "MailSettings") is not None:
        yield GENERAL, "MailSettings", "it in this file"


def _databases_place(s: Settings) -> _Found:
    if get(s.agent, "Connections", "Databases") is not None:
        yield AGENT, "Connections.Databases", "it under Connections"


def _password_reset_pair(s: Settings) -> _Found:
    section = get(s.agent, "PasswordResetSettings")
    if section and not get(section, "EncryptionCertificate"):
        yield AGENT, "PasswordResetSettings.EncryptionCertificate", "nothing"


def _cors_partly(s: Settings) -> _Found:
    section = get(s.general, "Cors")
    flags = [key for key in CORS_FLAGS if str(get(section, key)).lower() != "true"]
    if section and 0 < len(flags) < len(CORS_FLAGS):
        yield GENERAL, f"Cors.{flags[0]}", "it not true beside others that are"


def _mail(s: Settings) -> _Found:
    mail = get(s.agent, "PasswordResetSettings", "MailSettings")
    if isinstance(mail, t.Mapping) and not get(mail, "PickupDirectory"):
        for key in ("FromAddress", "Host"):
            if not get(mail, key):
                yield AGENT, f"PasswordResetSettings.MailSettings.{key}", "nothing, and no PickupDirectory"
    if str(get(mail, "UseSpecifiedPickupDirectory")).lower() == "true" and not get(mail, "PickupDirectory"):
        yield AGENT, "PasswordResetSettings.MailSettings.PickupDirectory", "nothing, but UseSpecifiedPickupDirectory"
    option = get(mail, "SecureSocketOption")
    if option is not None and str(option).lower() not in {name.lower() for name in SOCKET_OPTIONS}:
        yield AGENT, "PasswordResetSettings.MailSettings.SecureSocketOption", repr(option)


def _deprecated(s: Settings) -> _Found:
    if get(s.agent, "PasswordResetSettings", "MailSettings", "EnableSsl") is not None:
        yield AGENT, "PasswordResetSettings.MailSettings.EnableSsl", "it"


def _two_certificates(s: Settings) -> _Found:
    for section, file, store in (
        ("EncryptionCertificate", "File", ("Thumbprint", "DistinguishedName")),
        ("IdentityServer", "X509KeyFilePath", ("X509Thumbprint", "X509SubjectDistinguishedName")),
    ):
        if get(s.general, section, file) and any(get(s.general, section, key) for key in store):
            yield GENERAL, f"{section}.{file}", "a file and a certificate of a store"


def _sample_certificate(s: Settings) -> _Found:
    for section, key in (("EncryptionCertificate", "File"), ("IdentityServer", "X509KeyFilePath")):
        path = str(get(s.general, section, key) or "").replace("/", "\\").lower()
        if path.startswith(("..\\sdk", ".\\sdk", "c:\\identitymanagerdemo")) or "\\sdk\\" in path:
            yield GENERAL, f"{section}.{key}", repr(get(s.general, section, key))


def _file_encryption_off(s: Settings) -> _Found:
    if str(get(s.general, "EncryptionCertificate", "EncryptFile")).lower() == "false":
        yield GENERAL, "EncryptionCertificate.EncryptFile", "false"


def _relative_in_service(s: Settings) -> _Found:
    if not s.service:
        return
    for file, path in RELATIVE_PATHS:
        value = get(s.general if file == GENERAL else s.agent, *path.split("."))
        if isinstance(value, str) and value and not re.match(r"([A-Za-z]:[\\/]|\\\\)", value):
            yield file, path, repr(value)


def _vault_address(s: Settings) -> _Found:
    vault = get(s.general, "AzureKeyVault")
    if vault is not None and not re.match(r"https://[^/\s]+", str(get(vault, "Vault") or "")):
        yield GENERAL, "AzureKeyVault.Vault", repr(get(vault, "Vault"))


def _cyberark_incomplete(s: Settings) -> _Found:
    section = get(s.general, "CyberArk")
    if str(get(section, "UseCyberArkSetting")).lower() == "true":
        for key in ("SafeName", "ApplicationId", "Server"):
            if not get(section, key):
                yield GENERAL, f"CyberArk.{key}", "nothing"


def _pickup(s: Settings) -> _Found:
    mail = get(s.agent, "PasswordResetSettings", "MailSettings")
    if get(mail, "PickupDirectory") and str(get(mail, "UseSpecifiedPickupDirectory")).lower() != "true":
        yield AGENT, "PasswordResetSettings.MailSettings.PickupDirectory", "it without UseSpecifiedPickupDirectory true"


def _unknown(s: Settings) -> _Found:
    for file, data, known in ((GENERAL, s.general, KNOWN_GENERAL), (AGENT, s.agent, KNOWN_AGENT)):
        names = {name.lower(): name for name in known}
        for key in data:
            if key.lower() in names or key.lower() in _PLACED_ELSEWHERE:
                continue
            near = difflib.get_close_matches(key.lower(), names, 1, 0.75)
            if near:
                yield file, key, f"an unknown key; the product knows {names[near[0]]}"


def _source_path(s: Settings) -> _Found:
    roots = [str(r) for r in get(s.agent, "SourcesRootPaths") or []]
    for name, connection in (get(s.agent, "Connections") or {}).items():
        for key in ("Path", "PathIncremental"):
            path = get(connection, key)
            # Case matters to the product here, unlike to Windows.
            if isinstance(path, str) and path and not any(path.startswith(root.rstrip("\\/")) for root in roots):
                yield AGENT, f"Connections.{name}.{key}", repr(path)


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
_PLACED_ELSEWHERE = {
    "openidclients",
    "defaultopenidclient",
    "agentidentifier",
    *(k.lower() for k in KNOWN_GENERAL + KNOWN_AGENT),
}
CORS_FLAGS = ("AllowAnyHeader", "AllowAnyMethod", "AllowCredentials")
SOCKET_OPTIONS = ("None", "Auto", "SslOnConnect", "StartTls", "StartTlsWhenAvailable")
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
    (GENERAL, "Cors", ("AllowAnyHeader", "AllowAnyMethod", "AllowCredentials")),
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
_A, _AA, _INS = "agent-configuration/appsettings", "agent-configuration/appsettings-agent", "production-ready/agent"

_RSA, _CA, _AKV = "rsa-encryption", "cyberark-application-access-manager-credential-providers", "azure-key-vault"
_C = "connectors/references-connectors"

RULES = (
    Rule(
        "uri-missing",
        "error",
        "wanted the server's URL: the agent does not find its server without it",
        _A,
        _uri_missing,
    ),
    Rule(
        "uri-slash",
        "error",
        "wanted it without '/' at the end: it is compared as text with the server's",
        _A,
        _uri_slash,
    ),
    Rule("uri-https", "error", "wanted an https URL: tokens and orders travel over it", _A, _uri_not_https),
    Rule(
        "identifier-missing",
        "error",
        "wanted the Identifier of the Agent element in the server's XML",
        _AA,
        _identifier_missing,
    ),
    Rule(
        "identifier-local",
        "error",
        "wanted any name but 'Local', which the server's own agent has",
        _INS,
        _identifier_local,
    ),
    Rule(
        "clients-missing",
        "error",
        "wanted OpenID clients: the agent cannot log on to the server",
        _AA,
        _clients_missing,
    ),
    Rule("client-secret", "error", "wanted the client's clear secret", _AA, _client_without_secret),
    Rule(
        "default-client",
        "error",
        "wanted one of OpenIdClients: jobs have no client to log on with",
        _AA,
        _default_client,
    ),
    Rule(
        "pair-incomplete",
        "error",
        "wanted a file, or thumbprint or subject with store location and store name: the agent loads no certificate",
        _A,
        _pair_incomplete,
    ),
    Rule(
        "clients-at-root",
        "error",
        "wanted it under OpenId in appsettings.agent.json: at the root the agent ignores it",
        _AA,
        _clients_at_root,
    ),
    Rule("misplaced", "error", "wanted it in the other settings file, where the product reads it", _A, _misplaced),
    Rule(
        "password-key",
        "error",
        "wanted Password there; X509KeyFilePassword belongs to IdentityServer",
        _A,
        _wrong_password_key,
    ),
    Rule(
        "connection-name",
        "error",
        "wanted a letter first, then letters and digits",
        "connectors/connection",
        _connection_name,
    ),
    Rule("connection-empty", "error", "wanted the connection's settings", _AA, _connection_empty),
    Rule("connection-secret", "error", "wanted the secret", _AA, _secret_empty),
    Rule(
        "placeholder",
        "error",
        "wanted the value itself: the vendor's samples have placeholders there",
        _INS,
        _placeholder,
    ),
    Rule("timeout-key", "warning", "wanted HttpClientTimeoutSupplement", _AA, _old_timeout),
    Rule("ad-basic", "error", "wanted both with Basic", "connectors/activedirectory", _ad_basic),
    Rule("mail-pickup", "error", "wanted both, or mails are sent by SMTP", _AA, _pickup),
    Rule("unknown-key", "warning", "wanted a key of the product: it ignores others", _A, _unknown),
    Rule(
        "source-path",
        "warning",
        "wanted a path below SourcesRootPaths, letter case included: others are blocked",
        _AA,
        _source_path,
    ),
    Rule(
        "connector-required", "error", "wanted it: the connector does not work without it", _C, _connectors("required")
    ),
    Rule("connector-type", "error", "wanted a value that the connector reads", _C, _connectors("type")),
    Rule("connector-together", "error", "wanted all of them or none", _C, _connectors("together")),
    Rule("connector-either", "warning", "wanted one of them", _C, _connectors("either")),
    Rule("connector-key", "warning", "wanted a key of the connector: it ignores others", _C, _connectors("unknown")),
    Rule(
        "setting-type",
        "error",
        "wanted a value of the setting's type: the agent does not start with another",
        _A,
        _types,
    ),
    Rule("unknown-key-below", "warning", "wanted a key of the section: the product ignores others", _A, _known_below),
    Rule(
        "password-reset-place",
        "error",
        "wanted it one section deeper: PasswordResetSettings.EncryptionCertificate, PasswordResetSettings.MailSettings",
        _AA,
        _password_reset,
    ),
    Rule("databases-place", "error", "wanted it at the root of the file, beside Connections", _AA, _databases_place),
    Rule(
        "password-reset-pair",
        "warning",
        "wanted the pair of password reset: its section is required there",
        _AA,
        _password_reset_pair,
    ),
    Rule("cors-partly", "warning", "wanted all three for an agent of its own: browsers call it", _A, _cors_partly),
    Rule("mail-incomplete", "error", "wanted sender and server, or a pickup directory, and a known option", _AA, _mail),
    Rule("deprecated", "warning", "wanted SecureSocketOption, which replaces it", _AA, _deprecated),
    Rule(
        "two-certificates", "warning", "wanted one: the file wins and the store is not looked at", _A, _two_certificates
    ),
    Rule(
        "sample-certificate",
        "error",
        "wanted a pair of your own: the agent refuses to start with the sample of the SDK",
        _A,
        _sample_certificate,
    ),
    Rule(
        "file-encryption-off",
        "warning",
        "wanted true: false is for the time of the first installation only, jobs then leave files in clear",
        _A,
        _file_encryption_off,
    ),
    Rule(
        "plain-secret",
        "warning",
        "wanted them protected (option protection), or accepted by name (option plain_accepted)",
        _RSA,
        _plain_secret,
    ),
    Rule(
        "encrypted-ignored",
        "error",
        "wanted UseEncryptedAppsettings true, or no such file: the agent does not read it",
        _RSA,
        _encrypted_ignored,
    ),
    Rule("encrypted-key", "error", "wanted the pair that opens them", _RSA, _encrypted_key),
    Rule("vault-address", "error", "wanted the vault's https address", _AKV, _vault_address),
    Rule("cyberark-incomplete", "error", "wanted it: the agent cannot ask CyberArk", _CA, _cyberark_incomplete),
    Rule(
        "relative-in-service",
        "warning",
        "wanted an absolute path: the current directory of a service is not its program's",
        _A,
        _relative_in_service,
    ),
)


def check(settings: Settings) -> list[Finding]:
    """Return what does not hold, errors first."""
    found = [Finding(rule, file, key, what) for rule in RULES for file, key, what in rule.look(settings)]
    return sorted(found, key=lambda finding: finding.rule.severity != "error")
