"""Where connections lead: host, port and TLS of each connector's settings."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import connector_targets
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent.connector_targets import Unclear
from hypothesis import given
from hypothesis import strategies as st


def found(connector, settings):
    return [(one.host, one.port, one.tls, one.web) for one in connector_targets.targets(connector, settings)]


def source(text):
    return {"ConnectionString": f"Database=x;{text};Password=p"}


LEADS = [
    ("active_directory", {"Servers": [{"Server": "a"}]}, [("a", 389, False, False)]),
    ("active_directory", {"servers": [{"SERVER": "a"}], "enablessl": "True"}, [("a", 636, True, False)]),
    ("active_directory", {"Servers": [{"Server": "a"}, {"Server": "b:3269"}], "EnableSSL": True}, None),
    ("ldap", {"Servers": [{"Server": "a", "EnableSSL": True}, {"Server": "b"}]}, None),
    ("openldap", {"Server": "192.0.2.1:389", "SSL": "false"}, [("192.0.2.1", 389, False, False)]),
    ("openldap", {"Server": "ldaps://a", "SSL": "true"}, [("a", 636, True, False)]),
    ("sap_erp_6", {"Server": "a", "Port": "4242", "AseLogin": "l"}, [("a", 4242, False, False)]),
    ("sap_erp_6", {"Server": "a", "BapiLogin": "l"}, [("a", 3300, False, False)]),
    ("sap_erp_6", {"Server": "a", "BapiLogin": "l", "SystemNumber": "42"}, [("a", 3342, False, False)]),
    ("sap_erp_6", {"Server": "a", "AseLogin": "l"}, []),
    ("sap_netweaver", {"Server": "http://a:8000/sap"}, [("a", 8000, False, False)]),
    ("microsoft_entra_id", {}, None),
    ("microsoft_entra_id", {"MicrosoftGraphPathApi": "https://graph.microsoft.us/v1.0/"}, None),
    ("sql", source("Data Source=a"), [("a", 1433, False, False)]),
    ("sql", source("server = tcp:a,1500"), [("a", 1500, False, False)]),
    ("sql", source("Address=a\\I,1500"), [("a", 1500, False, False)]),
    ("sql", source("Data Source=."), [("localhost", 1433, False, False)]),
    ("sql", source("data source=(local)"), [("localhost", 1433, False, False)]),
    ("okta", {"Server": "https://a/"}, [("a", 443, True, True)]),
    ("okta", {"Server": "a"}, [("a", 443, True, True)]),
    ("servicenow", {"Server": "https://a", "OAuth2Url": "https://b:8443/x"}, None),
    ("microsoft_exchange", {"Server": "http://a.b/PowerShell/"}, [("a.b", 80, False, False)]),
    ("shared_folder", {"InputDirectories": ["C:/", "\\\\a\\b", "//a/c", "d/e"]}, None),
    ("csv", {"Path": "C:\\x"}, []),
]
SEVERAL = {
    2: [("a", 636, True, False), ("b", 3269, True, False)],
    3: [("a", 636, True, False), ("b", 389, False, False)],
    11: [("login.microsoftonline.com", 443, True, True), ("graph.microsoft.com", 443, True, True)],
    12: [("login.microsoftonline.com", 443, True, True), ("graph.microsoft.us", 443, True, True)],
    20: [("a", 443, True, True), ("b", 8443, True, True)],
    22: [("a", 445, False, False), ("d", 445, False, False)],
}


@pytest.mark.parametrize("number", range(len(LEADS)))
def test_where_a_connection_leads(number):
    connector, settings, leads = LEADS[number]
    assert found(connector, settings) == (SEVERAL[number] if leads is None else leads)


NOWHERE = [
    ("active_directory", {"Servers": [{"BaseDN": "DC=a"}]}),
    ("openldap", {"Server": "a:b"}),
    ("openldap", {"Server": "a:0"}),
    ("openldap", {}),
    ("sap_erp_6", {"Server": "a", "Port": "x"}),
    ("sap_erp_6", {"Server": "a", "Port": "²"}),
    ("sap_erp_6", {"Server": "a", "Port": "9" * 5000}),
    ("sap_erp_6", {"Server": "a", "Port": 65536}),
    ("sap_erp_6", {"Server": "a", "Port": [4242]}),
    ("sap_erp_6", {"Server": "a", "BapiLogin": "l", "SystemNumber": "100"}),
    ("sql", {}),
    ("sql", source("Data Source=a\\I J")),
    ("sql", source("Data Source=a,b")),
    ("sql", source("Data Source=a;HostNameInCertificate=canary secret")),
    ("sql", source("Data Source=a,²")),
    ("sql", source("Data Source=a,65536")),
    ("sql", source(f"Data Source=a,{'9' * 5000}")),
    ("sql", {"ConnectionString": ["Data Source=a"]}),
    ("sql", source("Data Source=np:\\\\a\\pipe")),
    ("sql", {**source("Server=a"), "ProviderClassFullName": "A.B"}),
    ("okta", {"Server": "https://[::1"}),
    ("okta", {"Server": "https://a_b;c"}),
    ("okta", {"Server": ["a"]}),
    ("openldap", {"Server": {"a": "b"}}),
    ("active_directory", {"Servers": [None]}),
    ("active_directory", {"Servers": [{"Server": [1]}]}),
    ("shared_folder", {"InputDirectories": [None]}),
    ("shared_folder", {"InputDirectories": [["\\\\a\\b"]]}),
    ("shared_folder", {"InputDirectories": [{}, "C:\\x"]}),
]


@pytest.mark.parametrize("number", range(len(NOWHERE)))
def test_what_names_no_host_is_unclear(number):
    with pytest.raises(Unclear):
        found(*NOWHERE[number])


TEXTS = st.text("a1².:/\\\\,;=@[]é ", max_size=12)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 99999), st.floats(), TEXTS, TEXTS.map("Server={}".format))


@given(
    st.sampled_from(sorted(connector_targets._FINDERS)),
    st.dictionaries(
        st.sampled_from(["Server", "Servers", "Port", "ConnectionString", "InputDirectories", "BapiLogin", "SSL"]),
        st.one_of(
            VALUES,
            st.lists(st.one_of(VALUES, st.fixed_dictionaries({"Server": VALUES})), max_size=3),
            st.dictionaries(TEXTS, VALUES, max_size=2),
        ),
    ),
)
def test_any_settings_lead_to_a_host_and_port_or_are_unclear(connector, settings):
    try:
        leads = found(connector, settings)
    except Unclear:
        return
    assert all(host and 0 < port < 65536 for host, port, _tls, _web in leads)
