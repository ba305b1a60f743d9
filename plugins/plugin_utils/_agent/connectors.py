# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each connector wants in its section of Connections: the vendor's connector pages as one table.

A section does not say which connector reads it. The option ``connectors`` names it; otherwise it is recognised by the
keys that only one connector has, and a section that fits none of them is checked for the types of its values only.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._dotnet.json_text import fold
from .value_type import BOOL, INT, LIST, MAP

Values = t.Mapping[str, t.Any]

TYPES: dict[str, str] = {
    **dict.fromkeys(
        (
            "EnableSSL",
            "NoSigning",
            "AsAdLds",
            "SSL",
            "IsLdapPasswordReset",
            "IsHana",
            "ServiceSupportBulk",
            "Interactive",
            "OnlyDirectoryScan",
            "IsFileNameRegex",
            "SheetIgnored",
        ),
        BOOL,
    ),
    **dict.fromkeys(
        (
            "RetryDelay",
            "RequestTimeout",
            "ConnectionTimeout",
            "SizeLimit",
            "TimeLimit",
            "TimeOut",
            "Timeout",
            "Port",
            "WaitingTimeInSeconds",
            "PageSize",
            "BulkMaxOperation",
            "NumberOfLinesToSkip",
            "ResponseSizeLimit",
            "LevelOfScan",
        ),
        INT,
    ),
    **dict.fromkeys(
        ("Servers", "Tables", "ValuesToTrim", "SheetOptions", "CsvUrls", "InputDirectories", "ListOfSIDToAvoid"), LIST
    ),
    "Options": MAP,
}
CHOICES: dict[str, tuple[str, ...]] = {
    # A name with a dot is of one connector, and beats the one without.
    "active_directory.AuthType": ("Negotiate", "Anonymous", "Basic"),
    "AuthType": ("Negotiate", "Anonymous", "Basic", "Kerberos"),
    "Scope": ("Base", "OneLevel", "Subtree"),
    "ScimSyntax": ("RFC", "Salesforce", "CyberArk"),
    "Scanlevel": ("ListItem", "Site", "List"),
    # System.Data.IsolationLevel; the page names the first two.
    "IsolationLevel": (
        "ReadUncommitted",
        "ReadCommitted",
        "RepeatableRead",
        "Serializable",
        "Snapshot",
        "Chaos",
        "Unspecified",
    ),
}
RANGES: dict[str, tuple[int, int]] = {"Port": (1, 65535), "google_workspace.PageSize": (1, 500)}


@dataclasses.dataclass(frozen=True)
class Connector:
    """One connector.

    Attributes:
        name: as the option ``connectors`` writes it.
        marks: keys that it is recognised by; all of one group are there.
        required: keys that must be there; a tuple holds keys of which one is enough.
        optional: further keys.
        together: keys that come together or not at all.
        with_login: keys that a login, the first, cannot do without.
        either: pairs of which the product reads the first only.
        items: required and optional keys of the items of a list.
        page: the vendor's page.
    """

    name: str
    marks: tuple[tuple[str, ...], ...]
    required: tuple[str | tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    with_login: tuple[str, ...] = ()
    either: tuple[tuple[str, str], ...] = ()
    items: t.Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = dataclasses.field(default_factory=dict)
    page: str = ""

    @property
    def known(self) -> tuple[str, ...]:
        """Return all keys."""
        needed = [key for keys in self.required for key in ((keys,) if isinstance(keys, str) else keys)]
        return (*needed, *self.optional)


_LOGIN = ("Login", "Password")
_OAUTH = ("ClientId", "ClientSecret", "OAuth2Url")
CONNECTORS = (
    Connector(
        "active_directory",
        marks=(("Servers",), ("Servers", "Filter"), ("Servers", "EnableSSL"), ("AsAdLds",)),
        required=("Servers",),
        optional=(
            "Filter",
            "AuthType",
            *_LOGIN,
            "EnableSSL",
            "NoSigning",
            "AsAdLds",
            "RetryDelay",
            "RequestTimeout",
            "ConnectionTimeout",
        ),
        together=(_LOGIN,),
        items={"Servers": (("Server", "BaseDN"), ())},
        page="activedirectory",
    ),
    Connector(
        "ldap",
        marks=(("Servers", "Tables"),),
        required=("Servers", "Tables"),
        optional=("AsAdLds", "SizeLimit", "TimeLimit", "TimeOut", "IsLdapPasswordReset"),
        items={
            "Servers": (("Server",), ("AuthType", *_LOGIN, "EnableSSL", "NoSigning", "Controls")),
            "Tables": (("Table", "BaseDN", "Filter"), ("Scope",)),
        },
        page="ldap",
    ),
    Connector(
        "openldap",
        marks=(("Server", "DistinguishedName"),),
        required=("Server", "DistinguishedName", *_LOGIN, "Filter"),
        optional=("SSL", "Scope", "TimeFormat", "WaitingTimeInSeconds", "IsLdapPasswordReset"),
        page="openldap",
    ),
    Connector(
        "sap_erp_6",
        marks=(("AseLogin",), ("AsePassword",), ("BapiLogin",), ("BapiPassword",)),
        required=("Server", ("AseLogin", "BapiLogin"), ("AsePassword", "BapiPassword")),
        optional=(
            "AseLogin",
            "AsePassword",
            "BapiLogin",
            "BapiPassword",
            "Client",
            "Instance",
            "Language",
            "Port",
            "IsHana",
            "SystemNumber",
        ),
        together=(("AseLogin", "AsePassword"), ("BapiLogin", "BapiPassword")),
        with_login=("AseLogin", "Client", "Instance", "Language", "Port"),
        page="saperp6",
    ),
    Connector(
        "microsoft_entra_id",
        marks=(("ApplicationId", "TenantId"), ("MicrosoftGraphPath",), ("MicrosoftGraphPathApi",)),
        required=("ApplicationId", "ApplicationKey", "TenantId"),
        optional=("ResponseUri", "MicrosoftGraphPathApi", "MicrosoftGraphPath", "MicrosoftAuthorityPath"),
        page="microsoftentraid",
    ),
    Connector(
        "sql",
        marks=(("ConnectionString",),),
        required=("ConnectionString",),
        optional=(
            "SqlCommand",
            "SqlFile",
            "Timeout",
            "CsvEncoding",
            "ProviderClassFullName",
            "ProviderDllName",
            "IsolationLevel",
        ),
        together=(("ProviderClassFullName", "ProviderDllName"),),
        either=(("SqlCommand", "SqlFile"),),
        page="sql",
    ),
    Connector(
        "sharepoint",
        marks=(("CsvUrls",), ("Scanlevel",)),
        required=("Server", *_LOGIN),
        optional=("Domain", "TimeOut", "Scanlevel", "CsvUrls"),
        page="sharepoint",
    ),
    Connector(
        "servicenow_ticket",
        marks=(("TicketCookieDirectoryPath",),),
        required=("Server", *_LOGIN),
        optional=(*_OAUTH, "ResponseSizeLimit", "Filter", "TicketCookieDirectoryPath"),
        together=(_OAUTH,),
        page="servicenowticket",
    ),
    Connector(
        "servicenow",
        marks=(("OAuth2Url", "ClientId"), ("ResponseSizeLimit",)),
        required=("Server", *_LOGIN),
        optional=(*_OAUTH, "ResponseSizeLimit", "Filter"),
        together=(_OAUTH,),
        page="servicenowentitymanagement",
    ),
    Connector(
        "scim",
        marks=(("ScimSyntax",), ("ServiceSupportBulk",), ("BulkMaxOperation",), ("OAuthToken",)),
        required=("Server", ("ApplicationKey", "Password", "OAuthToken")),
        optional=(
            "ApplicationId",
            "ApplicationKey",
            *_LOGIN,
            "OAuthToken",
            "OAuth2Url",
            "Filter",
            "PageSize",
            "ScimSyntax",
            "ServiceSupportBulk",
            "BulkMaxOperation",
        ),
        together=(_LOGIN, ("ApplicationId", "ApplicationKey")),
        page="scim",
    ),
    Connector("workday", marks=(("InputFilePath",),), required=("Server", *_LOGIN, "InputFilePath"), page="workday"),
    Connector(
        "csv",
        marks=(
            ("Path", "Separator"),
            ("Path", "NumberOfLinesToSkip"),
            ("PathIncremental", "Encoding"),
            ("Path", "Encoding"),
        ),
        required=(("Path", "PathIncremental"),),
        optional=("IsFileNameRegex", "ValuesToTrim", "Encoding", "NumberOfLinesToSkip", "Separator"),
        page="csv",
    ),
    Connector(
        "excel",
        marks=(("SheetOptions",),),
        required=(("Path", "PathIncremental"),),
        optional=("IsFileNameRegex", "ValuesToTrim", "SheetOptions"),
        items={"SheetOptions": (("SheetIgnored",), ("NumberOfLinesToSkip",))},
        page="excel",
    ),
    Connector(
        "powershell",
        marks=(("PowerShellScriptPath",),),
        required=("PowerShellScriptPath",),
        optional=("Options", "Server", "AuthType"),
        page="powershellprov",
    ),
    Connector(
        "robot_framework",
        marks=(("RobotFrameworkScriptPath",),),
        required=("RobotFrameworkScriptPath",),
        optional=("Options",),
        page="robotframework",
    ),
    Connector(
        "microsoft_exchange",
        marks=(("Server", "PowerShellScriptPath"),),
        required=("Server",),
        optional=("PowerShellScriptPath", "AuthType"),
        page="microsoftexchange",
    ),
    Connector(
        "shared_folder",
        marks=(("InputDirectories",),),
        required=("InputDirectories",),
        optional=(*_LOGIN, "Domain", "Interactive", "LevelOfScan", "ListOfSIDToAvoid", "OnlyDirectoryScan"),
        together=(_LOGIN,),
        page="sharedfolder",
    ),
    Connector(
        "google_workspace",
        marks=(("CredentialsFilePath",),),
        required=("CredentialsFilePath", "User"),
        optional=("PageSize",),
        page="googleworkspace",
    ),
    Connector("okta", marks=(("ApiKey",),), required=("Server", "ApiKey"), page="okta"),
    Connector(
        "odata",
        marks=(("AuthenticationUrl",), ("BearerToken",)),
        required=("Server",),
        optional=(*_LOGIN, "BearerToken", "ClientId", "ClientSecret", "AuthenticationUrl"),
        together=(_LOGIN, ("ClientId", "ClientSecret", "AuthenticationUrl")),
        page="odata",
    ),
    Connector("sap_netweaver", marks=(), required=("Server", *_LOGIN), page="sapnetweaver"),
)
NAMES = tuple(connector.name for connector in CONNECTORS)


def connector_of(connection: Values, named: str | None = None) -> Connector | None:
    """Return the connector that reads a section: the named one, or the one whose marks fit best, or None."""
    if named:
        return next((connector for connector in CONNECTORS if connector.name == named), None)
    keys = {fold(str(key)) for key in connection}
    fits = [
        (len(marks), -number, connector)
        for number, connector in enumerate(CONNECTORS)
        for marks in connector.marks
        if all(fold(mark) in keys for mark in marks)
    ]
    return max(fits, key=lambda fit: fit[:2])[2] if fits else None
