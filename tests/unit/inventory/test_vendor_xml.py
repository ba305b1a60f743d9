"""Elements for the server's XML: read back by an XML parser, and refused where the product would."""

from __future__ import annotations

import datetime
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._inventory import vendor_xml
from hypothesis import given
from hypothesis import strategies as st

# What XML 1.0 can hold, whitespace that a parser would otherwise change included.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&'\""),
    min_size=1,
).filter(str.strip)
VENDOR_HASH = "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols="


@given(TEXTS.filter(lambda text: text.lower() != "local"), TEXTS)
def test_what_is_written_is_what_a_parser_reads(name, shown):
    found = ET.fromstring(vendor_xml.agent(name, [shown, name], "https://a.contoso.com"))
    assert found.tag == "Agent"
    assert found.attrib == {
        "Identifier": name,
        "DisplayName_L1": shown,
        "DisplayName_L2": name,
        "URI": "https://a.contoso.com",
    }
    assert ET.fromstring(vendor_xml.connector(name, shown, None)).attrib == {
        "Identifier": name,
        "DisplayName_L1": name,
        "Agent": shown,
    }


@given(TEXTS)
def test_a_client_never_holds_its_secret(name):
    secret = "canary-client-7e20"
    text = vendor_xml.openid_client(name, secret, "Administrator", None, None)
    assert secret not in text
    assert ET.fromstring(text).get("HashedSecret") == vendor_xml.hashed_secret(secret)


@pytest.mark.parametrize(
    ("element", "arguments", "expected"),
    [
        # The vendor's own samples, pages "Install the Agents", "OpenIdClient", "Connector" and "Connection".
        (
            vendor_xml.agent,
            ("MyAgent", "My Agent", "https://contoso.com"),
            '<Agent Identifier="MyAgent" DisplayName_L1="My Agent" URI="https://contoso.com" />',
        ),
        (
            vendor_xml.openid_client,
            ("Job", "secret", "Administrator", "ClientId for Jobs", None),
            f'<OpenIdClient Identifier="Job" HashedSecret="{VENDOR_HASH}" DisplayName_L1="ClientId for Jobs"'
            ' Profile="Administrator" />',
        ),
        (
            vendor_xml.connector,
            ("HR", "Local", "HR"),
            '<Connector Identifier="HR" DisplayName_L1="HR" Agent="Local" />',
        ),
        (
            vendor_xml.connection,
            ("ADExportFulfillment", "AD", "Usercube.AD@0000001", "Connection Active Directory"),
            '<Connection Identifier="ADExportFulfillment" DisplayName_L1="Connection Active Directory" Connector="AD"'
            ' Package="Usercube.AD@0000001" />',
        ),
        (vendor_xml.agent, ("A", None, None), '<Agent Identifier="A" DisplayName_L1="A" />'),
        (
            vendor_xml.openid_client,
            ("Job", "secret", "P", None, datetime.date(2027, 12, 31)),
            f'<OpenIdClient Identifier="Job" HashedSecret="{VENDOR_HASH}" DisplayName_L1="Job" Profile="P"'
            ' ExpirationDate="2027-12-31" />',
        ),
        (
            vendor_xml.openid_client,
            ("Job", "secret", "P", None, "2027-12-31T12:00:00"),
            f'<OpenIdClient Identifier="Job" HashedSecret="{VENDOR_HASH}" DisplayName_L1="Job" Profile="P"'
            ' ExpirationDate="2027-12-31T12:00:00" />',
        ),
    ],
)  # fmt: skip
def test_known_elements(element, arguments, expected):
    assert element(*arguments) == expected


HASHES = [
    ("secret", VENDOR_HASH),  # the vendor's
    ("abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),  # FIPS 180-2
    ("pässword", "NHgme1YSeRtAmIkGs6eJfrarUB4EuV7TL5nQr99mnZw="),  # printf 'p\xc3\xa4ssword' | openssl dgst -sha256
]


@pytest.mark.parametrize(("secret", "expected"), HASHES)
def test_known_hashes(secret, expected):
    assert vendor_xml.hashed_secret(secret) == expected


@pytest.mark.parametrize(
    ("element", "arguments", "told"),
    [
        (vendor_xml.agent, ("", None, None), "identifier: found ''"),
        (vendor_xml.agent, (5, None, None), "identifier: found 5"),
        (vendor_xml.agent, ("LOCAL", None, None), "identifier: found 'LOCAL', which the agent inside the server has"),
        (vendor_xml.connection, ("", "AD", "P"), "identifier: found ''"),
        (vendor_xml.connection, ("A", None, "P"), "connector: found None"),
        (vendor_xml.connection, ("A", "AD", " "), "package: found ' '"),
        (vendor_xml.agent, ("A", "", None), "display_name: found ''"),
        (vendor_xml.agent, ("A", [], None), "display_name: found 0 names, wanted 1 to 16"),
        (vendor_xml.agent, ("A", ["x"] * 17, None), "display_name: found 17 names"),
        (vendor_xml.agent, ("A\x07", None, None), "Identifier: found the character U+0007"),
        (vendor_xml.agent, ("A", "\ud800", None), "DisplayName_L1: found the character U+D800"),
        (vendor_xml.agent, ("A", None, ""), "uri: found ''"),
        (vendor_xml.agent, ("A", None, "http://x"), "uri: found 'http://x'"),
        (vendor_xml.agent, ("A", None, "https://"), "uri: found 'https://'"),
        (vendor_xml.agent, ("A", None, "https://[x"), "uri: found 'https://[x'"),
        (vendor_xml.agent, ("A", None, 5), "uri: found 5"),
        (vendor_xml.agent, ("A", None, "https://u:p@x"), "uri: found an address with a user"),
        (vendor_xml.openid_client, ("", "s", "P", None, None), "identifier: found ''"),
        (vendor_xml.openid_client, ("J", "", "P", None, None), "secret: found nothing"),
        (vendor_xml.openid_client, ("J", 12345, "P", None, None), "secret: found a number"),
        (vendor_xml.openid_client, ("J", "\ud800", "P", None, None), "secret: found half of a surrogate pair"),
        (vendor_xml.openid_client, ("J", "s", None, None, None), "profile: found None"),
        (vendor_xml.openid_client, ("J", "s", "P", None, "soon"), "expiration_date: found 'soon'"),
        (vendor_xml.openid_client, ("J", "s", "P", None, 2027), "expiration_date: found 2027"),
        (vendor_xml.connector, ("", "A", None), "identifier: found ''"),
        (vendor_xml.connector, ("C", None, None), "agent: found None"),
    ],
)
def test_what_the_server_would_not_take_is_refused(element, arguments, told):
    with pytest.raises(Refused) as error:
        element(*arguments)
    assert told in str(error.value)
