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

from ._mask import is_secret_key

GENERAL, AGENT = "appsettings.json", "appsettings.agent.json"
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
    """The content of both files, merged with what is wanted."""

    general: Values
    agent: Values

    def files(self) -> t.Iterator[tuple[str, Values]]:
        """Yield both files' names and contents."""
        yield GENERAL, self.general
        yield AGENT, self.agent


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
    if not isinstance(clients, t.Mapping) or not clients:
        yield AGENT, "OpenId.OpenIdClients", "nothing"


def _client_without_secret(s: Settings) -> _Found:
    for client, secret in (get(s.agent, "OpenId", "OpenIdClients") or {}).items():
        if not isinstance(secret, str) or not secret.strip():
            yield AGENT, f"OpenId.OpenIdClients.{client}", "no secret"


def _default_client(s: Settings) -> _Found:
    clients, default = get(s.agent, "OpenId", "OpenIdClients") or {}, get(s.agent, "OpenId", "DefaultOpenIdClient")
    if str(default or "").lower() not in {str(c).lower() for c in clients}:
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


def _ad_basic(s: Settings) -> _Found:
    for name, c in (get(s.agent, "Connections") or {}).items():
        if str(get(c, "AuthType") or "").lower() == "basic" and not (get(c, "Login") and get(c, "Password")):
            yield AGENT, f"Connections.{name}", "AuthType Basic without Login and Password"


def _pickup(s: Settings) -> _Found:
    mail = get(s.agent, "PasswordResetSettings", "MailSettings")
    if get(mail, "PickupDirectory") and str(get(mail, "UseSpecifiedPickupDirectory")).lower() != "true":
        yield AGENT, "PasswordResetSettings.MailSettings.PickupDirectory", "it without UseSpecifiedPickupDirectory true"


def _unknown(s: Settings) -> _Found:
    for file, data, known in ((GENERAL, s.general, KNOWN_GENERAL), (AGENT, s.agent, KNOWN_AGENT)):
        names = {name.lower() for name in known}
        for key in data:
            if key.lower() in names or key.lower() in _PLACED_ELSEWHERE:
                continue
            near = difflib.get_close_matches(key.lower(), names, 1, 0.75)
            if near:
                right = next(name for name in known if name.lower() == near[0])
                yield file, key, f"an unknown key; the product knows {right}"


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
_A, _AA, _INS = "agent-configuration/appsettings", "agent-configuration/appsettings-agent", "production-ready/agent"

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
)


def check(settings: Settings) -> list[Finding]:
    """Return what does not hold, errors first."""
    found = [Finding(rule, file, key, what) for rule in RULES for file, key, what in rule.look(settings)]
    return sorted(found, key=lambda finding: finding.rule.severity != "error")
