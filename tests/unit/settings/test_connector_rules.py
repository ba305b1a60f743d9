"""The connectors' pages as a table: which connector a section is for, and what is wrong with it."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import connectors as rules
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules import connector_findings

LOGIN = {"Login": "l", "Password": "p"}
GOOD = {
    "active_directory": {"Servers": [{"Server": "a", "BaseDN": "DC=a"}], "Filter": "(a=b)", "EnableSSL": "true"},
    "ldap": {
        "Servers": [{"Server": "a", "AuthType": "Basic", **LOGIN}],
        "Tables": [{"Table": "entries", "BaseDN": "DC=a", "Filter": "(a=b)", "Scope": "Subtree"}],
    },
    "openldap": {"Server": "a:389", "DistinguishedName": "DC=a", "Filter": "(a=b)", **LOGIN},
    "sap_erp_6": {"Server": "a", "BapiLogin": "l", "BapiPassword": "p"},
    "microsoft_entra_id": {"ApplicationId": "a", "ApplicationKey": "k", "TenantId": "t"},
    "robot_framework": {"RobotFrameworkScriptPath": "s.robot", "Options": {"Message": "Hello"}},
    "sql": {"ConnectionString": "x", "SqlCommand": "select 1", "Timeout": "30"},
    "sharepoint": {"Server": "https://a", "Scanlevel": "Site", **LOGIN},
    "servicenow": {"Server": "https://a", "ResponseSizeLimit": 10, **LOGIN},
    "servicenow_ticket": {"Server": "https://a", "TicketCookieDirectoryPath": "c", **LOGIN},
    "scim": {"Server": "https://a", "ScimSyntax": "RFC", "OAuthToken": "t"},
    "workday": {"Server": "https://a", "InputFilePath": "a.json", **LOGIN},
    "csv": {"Path": "a.csv", "Separator": ";"},
    "excel": {"Path": "a.xlsx", "SheetOptions": [{"SheetIgnored": True}]},
    "powershell": {"PowerShellScriptPath": "a.ps1", "Options": {"Login": "l"}},
    "microsoft_exchange": {"Server": "http://a/PowerShell/", "PowerShellScriptPath": "a.ps1", "AuthType": "Kerberos"},
    "shared_folder": {"InputDirectories": ["\\\\a\\b"], "OnlyDirectoryScan": False, **LOGIN},
    "google_workspace": {"CredentialsFilePath": "a.json", "User": "u", "PageSize": 50},
    "okta": {"Server": "https://a", "ApiKey": "k"},
    "odata": {"Server": "https://a", "BearerToken": "t"},
    "sap_netweaver": {"Server": "https://a", **LOGIN},
}


@pytest.mark.parametrize("name", rules.NAMES)
def test_each_connector_has_a_section_that_works_and_is_recognised(name):
    connector = rules.connector_of(GOOD[name])
    assert connector is None or connector.name == name
    assert rules.connector_of(GOOD[name], name).name == name
    assert list(connector_findings.findings(GOOD[name], name)) == []


@pytest.mark.parametrize("name", rules.NAMES)
def test_a_required_key_that_is_missing_is_found(name):
    connector = rules.connector_of({}, name)
    found = {key for kind, key, _ in connector_findings.findings({}, name) if kind == "required"}
    assert found == {key if isinstance(key, str) else key[0] for key in connector.required}


WRONG = [
    ("active_directory", {"EnableSSL": "yes"}, "type", "EnableSSL"),
    ("active_directory", {"RequestTimeout": "soon"}, "type", "RequestTimeout"),
    ("active_directory", {"AuthType": "NTLM"}, "type", "AuthType"),
    ("active_directory", {"Servers": "a"}, "type", "Servers"),
    ("active_directory", {"Servers": []}, "required", "Servers"),
    ("active_directory", {"Servers": [{"Server": "a", "BaseDn": "x", "BasDN": "y"}]}, "unknown", "Servers[0].BasDN"),
    ("active_directory", {"Login": "l"}, "together", "Password"),
    ("active_directory", {"EnableSLS": True}, "unknown", "EnableSLS"),
    ("ldap", {"Tables": [{"Table": "users", "BaseDN": "b", "Filter": "f"}]}, "required", "Tables"),
    ("sap_erp_6", {"Port": 70000}, "type", "Port"),
    ("robot_framework", {"Options": "Hello"}, "type", "Options"),
    ("sql", {"SqlFile": "a.sql"}, "either", "SqlFile"),
    ("sql", {"ProviderDllName": "a.dll"}, "together", "ProviderClassFullName"),
    ("scim", {"Server": "https://a/v2/"}, "required", "Server"),
    ("powershell", {"Options": "x"}, "type", "Options"),
    ("active_directory", {"AuthType": "Kerberos"}, "type", "AuthType"),
    ("active_directory", {"Servers": ["a"]}, "type", "Servers[0]"),
    ("active_directory", {"Colour": 1}, "unknown", "Colour"),
    ("ldap", {"Servers": [{"Server": "a", "EnableSSL": "yes"}]}, "type", "Servers[0].EnableSSL"),
    ("ldap", {"Servers": [{"Server": "a", "Controls": ["DomainScope"]}]}, "together", "Servers[0].Controls"),
    (
        "ldap",
        {"Tables": [{"Table": "entries", "BaseDN": "b", "Filter": "f", "Scope": "All"}]},
        "type",
        "Tables[0].Scope",
    ),
    ("sap_erp_6", {"AseLogin": "l", "AsePassword": "p", "Client": "1"}, "together", "Instance"),
    ("sql", {"IsolationLevel": "Dirty"}, "type", "IsolationLevel"),
    ("google_workspace", {"PageSize": 501}, "type", "PageSize"),
    ("google_workspace", {"PageSize": 0}, "type", "PageSize"),
    ("excel", {"SheetOptions": [{"SheetIgnored": "no"}]}, "type", "SheetOptions[0].SheetIgnored"),
    ("csv", {"NumberOfLinesToSkip": "1.0"}, "type", "NumberOfLinesToSkip"),
]
RIGHT = [
    ("sap_erp_6", {"Client": "100", "Language": "EN"}),
    ("microsoft_exchange", {"AuthType": "kerberos"}),
    ("ldap", {"Servers": [{"Server": "a", "Controls": ["PagedResult", "DomainScope"], "EnableSSL": "False"}]}),
    ("scim", {"PageSize": 5000}),
    ("google_workspace", {"PageSize": "500"}),
    ("sql", {"SqlCommand": "", "SqlFile": "a.sql", "IsolationLevel": None}),
    ("active_directory", {"EnableSSL": "(kept elsewhere)", "RequestTimeout": "(kept elsewhere)"}),
]


@pytest.mark.parametrize(("name", "changes"), RIGHT)
def test_what_the_page_allows_passes(name, changes):
    assert list(connector_findings.findings({**GOOD[name], **changes}, name)) == []


def test_every_kind_of_finding_of_the_table_has_a_mistake_and_every_list_of_items_too():
    assert {kind for _, _, kind, _ in WRONG} == {"required", "type", "together", "either", "unknown"}
    lists = {(connector.name, key) for connector in rules.CONNECTORS for key in connector.items}
    assert lists <= {(name, key.partition("[")[0]) for name, _, _, key in WRONG if "[" in key}


@pytest.mark.parametrize(("name", "changes", "kind", "key"), WRONG)
def test_a_mistake_in_a_section_is_found_at_its_key(name, changes, kind, key):
    found = [
        (found_kind, found_key)
        for found_kind, found_key, _ in connector_findings.findings({**GOOD[name], **changes}, name)
    ]
    assert (kind, key) in found


def test_a_section_that_no_connector_fits_is_checked_for_types_only_and_told():
    assert rules.connector_of({"Anything": 1}) is None
    kinds = [kind for kind, _, _ in connector_findings.findings({"PageSize": "many", "Anything": 1})]
    assert kinds == ["type", "unrecognised"]


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            {"Server": "x", "ApiKy": "y"},
            "the nearest is okta (page okta); which lacks ApiKey; ApiKy is near to its ApiKey",
        ),
        ({"ConectionString": "x"}, "the nearest is sql (page sql); which lacks ConnectionString; ConectionString is"),
        ({"Server": [], "BaseDn": "x", "Filter": "y"}, "BaseDn is none of its keys"),
        ({"Colour": "red"}, "keys that no connector has (Colour)"),
    ],
)
def test_a_section_that_no_connector_fits_is_told_with_what_the_nearest_needs(section, told):
    ((kind, _key, found),) = connector_findings.findings(section)
    assert kind == "unrecognised"
    assert told in found


@pytest.mark.parametrize("section", [{"Path": "a.csv"}, {"Server": "x", "Login": "y", "Password": "z"}, {}])
def test_a_section_that_has_all_that_some_connector_needs_is_fine_whichever_reads_it(section):
    assert list(connector_findings.findings(section)) == []


@pytest.mark.parametrize(
    ("port", "said"),
    [(0, ["type"]), (1, []), ("389", []), (65535, []), (65536, ["type"]), ("65536", ["type"]), (-1, ["type"])],
)
def test_a_port_is_one(port, said):
    found = connector_findings.findings({"Port": port}, "sap_erp_6")
    assert [kind for kind, key, _ in found if key == "Port"] == said


BEST_FITS = [
    ({"Servers": [], "Tables": []}, "ldap"),
    ({"SERVERS": [], "filter": ""}, "active_directory"),
    ({"TicketCookieDirectoryPath": "c", "OAuth2Url": "u", "ClientId": "i"}, "servicenow"),
    ({"TicketCookieDirectoryPath": "c", "ResponseSizeLimit": 1}, "servicenow_ticket"),
    ({"OAuth2Url": "u", "ClientId": "i", "ApplicationId": "a", "TenantId": "t"}, "microsoft_entra_id"),
]


@pytest.mark.parametrize(("section", "name"), BEST_FITS)
def test_a_section_is_for_the_connector_with_most_of_its_marks_and_of_equals_for_the_first(section, name):
    assert rules.connector_of(section).name == name


def test_every_item_of_a_list_is_looked_at():
    section = {"Servers": ["no settings", {"Server": "a"}, {"BaseDN": "DC=a"}]}
    found = [(kind, key) for kind, key, _ in connector_findings.findings(section, "active_directory")]
    assert found == [("type", "Servers[0]"), ("required", "Servers[1].BaseDN"), ("required", "Servers[2].Server")]
