# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each connector wants in its section of Connections: the vendor's connector pages as one table.

A section does not say which connector reads it. The option ``connectors`` says so; otherwise the keys that only one
connector has tell, and a section that none of them fits is checked for the types of its values only.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing as t

Values = t.Mapping[str, t.Any]
Found = t.Iterator[tuple[str, str, str]]
"""Kind of finding (required, type, together, either, unknown), key, what was found and what is wanted."""

_BOOL, _INT, _TEXT, _LIST, _MAP = "true or false", "a whole number", "a text", "a list", "settings"
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
        ),
        _BOOL,
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
        _INT,
    ),
    **dict.fromkeys(
        ("Servers", "Tables", "ValuesToTrim", "SheetOptions", "CsvUrls", "InputDirectories", "ListOfSIDToAvoid"), _LIST
    ),
    "Options": _MAP,
}
CHOICES: dict[str, tuple[str, ...]] = {
    "AuthType": ("Negotiate", "Anonymous", "Basic", "Kerberos"),
    "Scope": ("Base", "OneLevel", "Subtree"),
    "ScimSyntax": ("RFC", "Salesforce", "CyberArk"),
    "Scanlevel": ("ListItem", "Site", "List"),
}
RANGES: dict[str, tuple[int, int]] = {"Port": (1, 65535)}


@dataclasses.dataclass(frozen=True)
class Connector:
    """One connector.

    Attributes:
        name: as the option ``connectors`` writes it.
        marks: keys that tell it apart; all of one group are there.
        required: keys that must be there; a tuple holds keys of which one is enough.
        optional: further keys.
        together: keys that come together or not at all.
        page: the vendor's page.
    """

    name: str
    marks: tuple[tuple[str, ...], ...]
    required: tuple[str | tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
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
        (("Servers",), ("Servers", "Filter"), ("Servers", "EnableSSL"), ("AsAdLds",)),
        ("Servers",),
        (
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
        (_LOGIN,),
        "activedirectory",
    ),
    Connector(
        "ldap",
        (("Servers", "Tables"),),
        ("Servers", "Tables"),
        ("AsAdLds", "SizeLimit", "TimeLimit", "TimeOut", "IsLdapPasswordReset"),
        page="ldap",
    ),
    Connector(
        "openldap",
        (("Server", "DistinguishedName"),),
        ("Server", "DistinguishedName", *_LOGIN, "Filter"),
        ("SSL", "Scope", "TimeFormat", "WaitingTimeInSeconds", "IsLdapPasswordReset"),
        page="openldap",
    ),
    Connector(
        "sap_erp_6",
        (("AseLogin",), ("AsePassword",), ("BapiLogin",), ("BapiPassword",)),
        ("Server", ("AseLogin", "BapiLogin"), ("AsePassword", "BapiPassword")),
        (
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
        (("AseLogin", "AsePassword", "Client", "Instance", "Language", "Port"), ("BapiLogin", "BapiPassword")),
        "saperp6",
    ),
    Connector(
        "microsoft_entra_id",
        (("ApplicationId", "TenantId"), ("MicrosoftGraphPath",), ("MicrosoftGraphPathApi",)),
        ("ApplicationId", "ApplicationKey", "TenantId"),
        ("ResponseUri", "MicrosoftGraphPathApi", "MicrosoftGraphPath", "MicrosoftAuthorityPath"),
        page="microsoftentraid",
    ),
    Connector(
        "sql",
        (("ConnectionString",),),
        ("ConnectionString",),
        (
            "SqlCommand",
            "SqlFile",
            "Timeout",
            "CsvEncoding",
            "ProviderClassFullName",
            "ProviderDllName",
            "IsolationLevel",
        ),
        (("ProviderClassFullName", "ProviderDllName"),),
        "sql",
    ),
    Connector(
        "sharepoint",
        (("CsvUrls",), ("Scanlevel",)),
        ("Server", *_LOGIN),
        ("Domain", "TimeOut", "Scanlevel", "CsvUrls"),
        page="sharepoint",
    ),
    Connector(
        "servicenow_ticket",
        (("TicketCookieDirectoryPath",),),
        ("Server", *_LOGIN),
        (*_OAUTH, "ResponseSizeLimit", "Filter", "TicketCookieDirectoryPath"),
        (_OAUTH,),
        "servicenowticket",
    ),
    Connector(
        "servicenow",
        (("OAuth2Url", "ClientId"), ("ResponseSizeLimit",)),
        ("Server", *_LOGIN),
        (*_OAUTH, "ResponseSizeLimit", "Filter"),
        (_OAUTH,),
        "servicenowentitymanagement",
    ),
    Connector(
        "scim",
        (("ScimSyntax",), ("ServiceSupportBulk",), ("BulkMaxOperation",), ("OAuthToken",)),
        ("Server", ("ApplicationKey", "Password", "OAuthToken")),
        (
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
        (_LOGIN, ("ApplicationId", "ApplicationKey")),
        "scim",
    ),
    Connector("workday", (("InputFilePath",),), ("Server", *_LOGIN, "InputFilePath"), page="workday"),
    Connector(
        "csv",
        (("Path", "Separator"), ("Path", "NumberOfLinesToSkip"), ("PathIncremental", "Encoding"), ("Path", "Encoding")),
        (("Path", "PathIncremental"),),
        ("IsFileNameRegex", "ValuesToTrim", "Encoding", "NumberOfLinesToSkip", "Separator"),
        page="csv",
    ),
    Connector(
        "excel",
        (("SheetOptions",),),
        (("Path", "PathIncremental"),),
        ("IsFileNameRegex", "ValuesToTrim", "SheetOptions"),
        page="excel",
    ),
    Connector(
        "powershell",
        (("PowerShellScriptPath",),),
        ("PowerShellScriptPath",),
        ("Options", "Server", "AuthType"),
        page="powershellprov",
    ),
    Connector(
        "microsoft_exchange",
        (("Server", "PowerShellScriptPath"),),
        ("Server",),
        ("PowerShellScriptPath", "AuthType"),
        page="microsoftexchange",
    ),
    Connector(
        "shared_folder",
        (("InputDirectories",),),
        ("InputDirectories",),
        (*_LOGIN, "Domain", "Interactive", "LevelOfScan", "ListOfSIDToAvoid", "OnlyDirectoryScan"),
        (_LOGIN,),
        "sharedfolder",
    ),
    Connector(
        "google_workspace",
        (("CredentialsFilePath",),),
        ("CredentialsFilePath", "User"),
        ("PageSize",),
        page="googleworkspace",
    ),
    Connector("okta", (("ApiKey",),), ("Server", "ApiKey"), page="okta"),
    Connector(
        "odata",
        (("AuthenticationUrl",), ("BearerToken",)),
        ("Server",),
        (*_LOGIN, "BearerToken", "ClientId", "ClientSecret", "AuthenticationUrl"),
        (_LOGIN, ("ClientId", "ClientSecret", "AuthenticationUrl")),
        "odata",
    ),
    Connector("sap_netweaver", (), ("Server", *_LOGIN), page="sapnetweaver"),
)
NAMES = tuple(connector.name for connector in CONNECTORS)
ITEM_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # Required and optional keys of the items of a list.
    "active_directory.Servers": (("Server", "BaseDN"), ()),
    "ldap.Servers": (("Server",), ("AuthType", *_LOGIN, "EnableSSL", "NoSigning", "Controls")),
    "ldap.Tables": (("Table", "BaseDN", "Filter"), ("Scope",)),
    "excel.SheetOptions": (("SheetIgnored",), ("NumberOfLinesToSkip",)),
}


def connector_of(connection: Values, named: str | None = None) -> Connector | None:
    """Return the connector that reads a section: the named one, or the one whose marks fit best, or None."""
    if named:
        return next((connector for connector in CONNECTORS if connector.name == named), None)
    keys = {key.lower() for key in connection}
    fits = [
        (len(marks), -number, connector)
        for number, connector in enumerate(CONNECTORS)
        for marks in connector.marks
        if all(mark.lower() in keys for mark in marks)
    ]
    return max(fits, key=lambda fit: fit[:2])[2] if fits else None


def findings(connection: Values, named: str | None = None) -> Found:
    """Yield what is wrong with a section of Connections."""
    connector = connector_of(connection, named)
    yield from _values(connection)
    if connector is None:
        return
    given = {key.lower(): value for key, value in connection.items()}
    what = f"the connector {connector.name} (page {connector.page})"
    for needed in connector.required:
        keys = (needed,) if isinstance(needed, str) else needed
        if not any(_has(given, key) for key in keys):
            yield "required", keys[0], f"nothing; {what} wants {' or '.join(keys)}"
    for group in connector.together:
        there = [key for key in group if _has(given, key)]
        missing = [key for key in group if not _has(given, key)]
        if there and missing:
            yield "together", missing[0], f"nothing, but {', '.join(there)}; {what} wants all of {', '.join(group)}"
    if connector.name == "sql" and _has(given, "SqlCommand") and _has(given, "SqlFile"):
        yield "either", "SqlFile", f"it beside SqlCommand; {what} ignores SqlFile then"
    if connector.name == "scim" and str(given.get("server", "")).rstrip("/").endswith("/v2"):
        yield "required", "Server", f"an address that ends in /v2; {what} adds that itself"
    known = {key.lower(): key for key in connector.known}
    for key in connection:
        if key.lower() not in known:
            near = difflib.get_close_matches(key.lower(), known, 1, 0.75)
            if near:
                yield "unknown", key, f"an unknown key; {what} knows {known[near[0]]}"
    yield from _items(connector, given)


def _has(given: t.Mapping[str, t.Any], key: str) -> bool:
    value = given.get(key.lower())
    return value is not None and value != ""


def _items(connector: Connector, given: t.Mapping[str, t.Any]) -> Found:
    for place, (required, optional) in ITEM_KEYS.items():
        name, _dot, key = place.partition(".")
        items = given.get(key.lower())
        if name != connector.name or not isinstance(items, list):
            continue
        if not items:
            yield "required", key, f"an empty list; the connector {name} wants at least one"
        for number, item in enumerate(items):
            keys = {k.lower(): v for k, v in item.items()} if isinstance(item, t.Mapping) else {}
            for needed in required:
                if not _has(keys, needed):
                    yield "required", f"{key}[{number}].{needed}", f"nothing; the connector {name} wants it"
            known = {k.lower(): k for k in (*required, *optional)}
            for found in keys:
                near = [] if found in known else difflib.get_close_matches(found, known, 1, 0.75)
                if near:
                    yield "unknown", f"{key}[{number}].{found}", f"an unknown key; the product knows {known[near[0]]}"
    tables = given.get("tables")
    if connector.name == "ldap" and isinstance(tables, list):
        names = [str(t_.get("Table", "")).lower() for t_ in tables if isinstance(t_, t.Mapping)]
        if "entries" not in names:
            yield "required", "Tables", "no table named entries; the connector ldap wants one"


def _values(connection: Values) -> Found:
    """Yield values of a wrong type. Texts that .NET reads as the type are fine, as in the vendor's samples."""
    types = {key.lower(): (key, kind) for key, kind in TYPES.items()}
    choices = {key.lower(): (key, names) for key, names in CHOICES.items()}
    ranges = {key.lower(): bounds for key, bounds in RANGES.items()}
    for key, value in connection.items():
        if value is None or value == "":
            continue
        kind = types.get(key.lower(), ("", ""))[1]
        if kind and not fits(value, kind):
            yield "type", key, f"{_shown(value)}, wanted {kind}"
        elif kind == _INT and key.lower() in ranges:
            low, high = ranges[key.lower()]
            if not low <= int(value) <= high:
                yield "type", key, f"{value}, wanted {low} to {high}"
        allowed = choices.get(key.lower(), ("", ()))[1]
        if allowed and str(value).lower() not in {name.lower() for name in allowed}:
            yield "type", key, f"{_shown(value)}, wanted one of {', '.join(allowed)}"


def fits(value: t.Any, kind: str) -> bool:
    """Tell whether .NET's configuration binder makes a value of a type."""
    if kind == _BOOL:
        return isinstance(value, bool) or str(value).strip().lower() in {"true", "false"}
    if kind == _INT:
        return not isinstance(value, bool) and str(value).strip().lstrip("+-").isdigit()
    if kind == _LIST:
        return isinstance(value, list)
    if kind == _MAP:
        return isinstance(value, t.Mapping)
    return not isinstance(value, list | t.Mapping)


def _shown(value: t.Any) -> str:
    return "settings" if isinstance(value, t.Mapping) else "a list" if isinstance(value, list) else repr(value)
