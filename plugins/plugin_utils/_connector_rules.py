# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each connector wants in its section of Connections: the vendor's connector pages as one table.

A section does not say which connector reads it. The option ``connectors`` says so; otherwise the keys that only one
connector has tell, and a section that none of them fits is checked for the types of its values only.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from ._load_order import OPAQUE

Values = t.Mapping[str, t.Any]
Found = t.Iterator[tuple[str, str, str]]
"""Kind of finding (required, type, together, either, unknown), key, what was found and what is wanted."""

_BOOL, _INT, _TEXT, _LIST, _MAP = "true or false", "a whole number", "a text", "a list", "settings"
_TIME = "a time as 03:00:00"
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
        marks: keys that tell it apart; all of one group are there.
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
        items={"Servers": (("Server", "BaseDN"), ())},
        page="activedirectory",
    ),
    Connector(
        "ldap",
        (("Servers", "Tables"),),
        ("Servers", "Tables"),
        ("AsAdLds", "SizeLimit", "TimeLimit", "TimeOut", "IsLdapPasswordReset"),
        items={
            "Servers": (("Server",), ("AuthType", *_LOGIN, "EnableSSL", "NoSigning", "Controls")),
            "Tables": (("Table", "BaseDN", "Filter"), ("Scope",)),
        },
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
        (("AseLogin", "AsePassword"), ("BapiLogin", "BapiPassword")),
        with_login=("AseLogin", "Client", "Instance", "Language", "Port"),
        page="saperp6",
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
        either=(("SqlCommand", "SqlFile"),),
        page="sql",
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
        page="servicenowticket",
    ),
    Connector(
        "servicenow",
        (("OAuth2Url", "ClientId"), ("ResponseSizeLimit",)),
        ("Server", *_LOGIN),
        (*_OAUTH, "ResponseSizeLimit", "Filter"),
        (_OAUTH,),
        page="servicenowentitymanagement",
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
        page="scim",
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
        items={"SheetOptions": (("SheetIgnored",), ("NumberOfLinesToSkip",))},
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
        page="sharedfolder",
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
        page="odata",
    ),
    Connector("sap_netweaver", (), ("Server", *_LOGIN), page="sapnetweaver"),
)
NAMES = tuple(connector.name for connector in CONNECTORS)


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
    yield from _values(connection, connector.name if connector else "")
    if connector is None:
        return
    given = {key.lower(): value for key, value in connection.items()}
    what = f"the connector {connector.name} (page {connector.page})"
    yield from _presence(connector, given, what)
    if connector.name == "scim" and str(given.get("server", "")).rstrip("/").endswith("/v2"):
        yield "required", "Server", f"an address that ends in /v2; {what} adds that itself"
    yield from _unknown(connection, connector.known, what, certain=bool(named))
    for key in connector.items:
        yield from _items(connector, key, given.get(key.lower()), what)


def _presence(connector: Connector, given: Values, what: str) -> Found:
    """Yield keys that are missing, and keys that exclude each other."""
    for needed in connector.required:
        keys = (needed,) if isinstance(needed, str) else needed
        if not any(_has(given, key) for key in keys):
            yield "required", keys[0], f"nothing; {what} wants {' or '.join(keys)}"
    for group in connector.together:
        there = [key for key in group if _has(given, key)]
        missing = [key for key in group if not _has(given, key)]
        if there and missing:
            yield "together", missing[0], f"nothing, but {', '.join(there)}; {what} wants all of {', '.join(group)}"
    missing = [key for key in connector.with_login if not _has(given, key)]
    if missing and _has(given, connector.with_login[0]):
        wanted = ", ".join(connector.with_login)
        yield "together", missing[0], f"nothing, but {connector.with_login[0]}; {what} wants all of {wanted}"
    for first, second in connector.either:
        if _has(given, first) and _has(given, second):
            yield "either", second, f"it beside {first}; {what} ignores {second} then"


def _unknown(data: Values, known: t.Iterable[str], what: str, place: str = "", *, certain: bool) -> Found:
    """Yield keys that the connector does not have; where its name was only guessed, those near to one that it has."""
    names = {key.lower(): key for key in known}
    for key in data:
        near = [] if key.lower() in names else difflib.get_close_matches(key.lower(), names, 1, 0.75)
        if near:
            yield "unknown", place + key, f"an unknown key; {what} knows {names[near[0]]}"
        elif certain and key.lower() not in names:
            yield "unknown", place + key, f"an unknown key; {what} knows {', '.join(names.values())}"


def _has(given: Values, key: str) -> bool:
    value = given.get(key.lower())
    return value is not None and value != ""


def _items(connector: Connector, key: str, items: t.Any, what: str) -> Found:
    """Yield what is wrong with the items of a list."""
    if not isinstance(items, list):
        return
    if not items:
        yield "required", key, f"an empty list; {what} wants at least one"
    required, optional = connector.items[key]
    for number, item in enumerate(items):
        place = f"{key}[{number}]."
        if not isinstance(item, t.Mapping):
            yield "type", place[:-1], f"{shown(item)}, wanted settings"
            continue
        given = {k.lower(): v for k, v in item.items()}
        for needed in required:
            if not _has(given, needed):
                yield "required", place + needed, f"nothing; {what} wants it"
        yield from _unknown(item, (*required, *optional), what, place, certain=False)
        for kind, inside, found in _values(item, f"{connector.name}.{key}"):
            yield kind, place + inside, found
        controls = str(given.get("controls") or "").lower()
        if "domainscope" in controls and "pagedresult" not in controls:
            yield "together", f"{place}Controls", f"DomainScope without PagedResult; {what} wants both then"
    if connector.name == "ldap" and key == "Tables":
        names = [str(table.get("Table", "")).lower() for table in items if isinstance(table, t.Mapping)]
        if "entries" not in names:
            yield "required", "Tables", f"no table named entries; {what} wants one"


def _of(table: t.Mapping[str, t.Any], connector: str, key: str) -> t.Any:
    """Return what a table has of a key: of the connector, else of all."""
    lowered = {name.lower(): value for name, value in table.items()}
    return lowered.get(f"{connector}.{key}".lower(), lowered.get(key.lower()))


def _values(connection: Values, connector: str) -> Found:
    """Yield values of a wrong type. Texts that .NET reads as the type are fine, as in the vendor's samples."""
    for key, value in connection.items():
        if value is None or value in ("", OPAQUE):
            continue
        kind, allowed, bounds = (_of(table, connector, key) for table in (TYPES, CHOICES, RANGES))
        if kind and not fits(value, kind):
            yield "type", key, f"{shown(value)}, wanted {kind}"
        elif bounds and not bounds[0] <= int(value) <= bounds[1]:
            yield "type", key, f"{value}, wanted {bounds[0]} to {bounds[1]}"
        elif allowed and str(value).lower() not in {name.lower() for name in allowed}:
            yield "type", key, f"{shown(value)}, wanted one of {', '.join(allowed)}"


def fits(value: t.Any, kind: str) -> bool:
    """Tell whether .NET's configuration binder makes a value of a type."""
    if kind == _BOOL:
        return isinstance(value, bool) or str(value).strip().lower() in {"true", "false"}
    if kind == _INT:
        return not isinstance(value, bool) and re.fullmatch(r"\s*[+-]?[0-9]{1,19}\s*", str(value)) is not None
    if kind == _TIME:
        return re.fullmatch(r"(\d+\.)?([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d+)?)?", str(value).strip()) is not None
    if kind == _LIST:
        return isinstance(value, list)
    if kind == _MAP:
        return isinstance(value, t.Mapping)
    return not isinstance(value, list | t.Mapping)


def shown(value: t.Any) -> str:
    """Return a value as messages write it."""
    return "settings" if isinstance(value, t.Mapping) else "a list" if isinstance(value, list) else repr(value)
