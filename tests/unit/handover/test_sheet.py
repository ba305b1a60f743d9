"""The sheet of an agent: what the inventory is enough for, what the server is asked once for, and no secret."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from unittest import mock

import audited
import canaries
import chain
import handed
import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.imops.identity_manager.plugins.plugin_utils._handover import pages
from ansible_collections.imops.identity_manager.plugins.plugin_utils._handover.elements import BY_INTEGRATION, NAMESPACE
from ansible_collections.imops.identity_manager.plugins.plugin_utils._inventory.vendor_xml import hashed_secret
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach.connection import Connection
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import connection_options
from handed import ACCOUNT

PFX = {"source": "pfx", "file": str(chain.FILES.key_pair), "password": chain.CANARIES["pfx"]}
FROM_FILES = [{"use": use, **PFX} for use in ("encryption", "identity_server")]
PLAIN_HTTP = {"certificates": FROM_FILES, "site_protocol": "http", "https_port": 443}
VAULT = {"protection": "azure_key_vault", "azure_key_vault": {"vault": "https://contoso.vault.azure.net"}}
ELEMENT = f"{{{NAMESPACE}}}"


@pytest.fixture(scope="module")
def installed():
    return audited.installed()


@pytest.fixture(scope="module")
def bare():
    return chain.server()


def flows(sheet):
    """Return the targets and ports of all that the agent opens."""
    return {(one["target"], one["port"]) for one in sheet["flows"] if one["source"] == handed.SERVER}


def untold(sheet):
    return "\n".join(sheet["unknown"])


def parsed(sheet):
    """Return the elements by tag, each with its attributes."""
    root = ET.fromstring(handed.papers(sheet)[pages.XML])
    assert root.tag == f"{ELEMENT}ConfigurationFile"
    return {
        tag: [dict(one.attrib) for one in root.findall(f"{ELEMENT}{tag}")]
        for tag in ("Agent", "OpenIdClient", "Connection")
    }


def test_the_server_is_not_asked_where_the_inventory_is_enough(bare):
    sheet = handed.sheet(bare, executions=0, **ACCOUNT, **PLAIN_HTTP)
    assert [one["use"] for one in sheet["certificates"]] == ["encryption", "identity_server"]
    assert sheet["account"]["on_the_network"] == "CONTOSO\\agent$"
    assert sheet["unknown"] == []


def test_an_installed_server_is_asked_once_for_its_certificates_and_its_name(installed):
    sheet = handed.sheet(installed, executions=1)
    held = {one.thumbprint for one in installed.machine.certificates.all("LocalMachine", "My")}
    assert {one["thumbprint"] for one in sheet["certificates"]} <= held
    assert [one["use"] for one in sheet["certificates"]] == ["encryption", "identity_server", "server"]
    assert [bool(one["pem"]) for one in sheet["certificates"]] == [False, False, True]
    assert sheet["account"]["on_the_network"] == "the computer account PARIS$ of contoso.com"
    assert sheet["unknown"] == []


def test_before_the_installation_what_is_not_made_yet_is_said(bare):
    sheet = handed.sheet(bare, executions=1)
    assert [one["use"] for one in sheet["certificates"]] == ["identity_server"]
    assert "the certificate for encryption: it is not made yet" in untold(sheet)
    assert "the certificate for server: it is not made yet" in untold(sheet)


def test_nothing_is_asked_where_it_must_not_be(installed):
    sheet = handed.sheet(installed, executions=0, asks=False)
    assert "the certificate for server: the server was not asked" in untold(sheet)
    assert sheet["account"]["on_the_network"] == f"the computer account of {handed.SERVER}"


def test_a_server_that_is_not_reached_has_a_sheet_all_the_same(installed):
    with mock.patch.object(installed.engine, "call", side_effect=AnsibleConnectionFailure("no route")):
        sheet = handed.sheet(installed, executions=0)
    assert "it was not reached; the playbook ping tells why" in untold(sheet)
    assert [one["use"] for one in sheet["certificates"]] == ["identity_server"]


def test_a_container_that_cannot_be_opened_is_told(bare):
    wrong = [{**pair, "password": "canary-wrong"} for pair in FROM_FILES]
    sheet = handed.sheet(bare, executions=0, **ACCOUNT, **{**PLAIN_HTTP, "certificates": wrong})
    assert sheet["certificates"] == []
    assert untold(sheet).count("the certificate for ") == 2
    assert "canary" not in json.dumps(sheet)


def test_the_downloads_of_an_installation_may_be_missing(bare):
    missing = {f"{what}_{part}": None for what in ("archive", "hosting_bundle") for part in ("source", "checksum")}
    sheet = handed.sheet(bare, executions=0, **ACCOUNT, **PLAIN_HTTP, **missing)
    assert ("files.contoso.com", 443) not in flows(sheet)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"https_port": "70000"}, "im_agent_https_port"),
        ({"server_url": "identitymanager"}, "im_agent_server_url"),
        ({"archive_checksum": "none"}, "im_agent_archive_checksum"),
        ({"identifier": None}, "im_agent_identifier"),
    ],
)
def test_an_inventory_that_cannot_be_right_has_no_sheet(bare, changes, named):
    result = handed.gathered(bare, executions=0, **changes)
    assert result["failed"]
    assert named in result["msg"]


@pytest.mark.parametrize(
    ("changes", "source", "target", "port"),
    [
        ({}, "browsers of administrators", chain.HOST, 443),
        ({"https_port": "8443"}, "browsers of administrators", chain.HOST, 8443),
        ({"site_protocol": "http", "http_port": "8080"}, "browsers of administrators", chain.HOST, 8080),
        ({"reverse_proxy": True}, "browsers of administrators", chain.HOST, 443),
        ({"hosting": "service", "service_urls": ["https://*:5001"]}, "browsers of administrators", chain.HOST, 5001),
        (
            {"hosting": "service", "service_urls": ["http://*:5000"], "reverse_proxy": True},
            "the reverse proxy",
            chain.HOST,
            5000,
        ),
    ],
)
def test_browsers_reach_the_agent(bare, changes, source, target, port):
    sheet = handed.sheet(bare, executions=0, asks=False, **changes)
    assert (source, target, port) in {(one["source"], one["target"], one["port"]) for one in sheet["flows"]}


def test_nobody_reaches_a_service_that_listens_for_its_own_server_only(bare):
    sheet = handed.sheet(bare, executions=0, asks=False, hosting="service")
    assert {one["source"] for one in sheet["flows"]} == {handed.SERVER}


def test_the_controller_reaches_the_server_as_the_connection_says(bare):
    way = Connection("psrp", "10.0.0.7", 5986, "https", "kerberos")
    with mock.patch.object(connection_options, "way", return_value=way):
        sheet = handed.sheet(bare, executions=0, asks=False)
    assert ("Ansible's controller", "10.0.0.7", 5986) in {(f["source"], f["target"], f["port"]) for f in sheet["flows"]}


DIRECTORY = {"Servers": [{"Server": "dc.contoso.com", "BaseDN": "DC=a"}], "AuthType": "Negotiate"}


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (DIRECTORY, ("dc.contoso.com", 389)),
        ({**DIRECTORY, "EnableSSL": "true"}, ("dc.contoso.com", 636)),
        ({**DIRECTORY, "Servers": [{"Server": "dc.contoso.com:3269", "BaseDN": "DC=a"}]}, ("dc.contoso.com", 3269)),
        (
            {
                "Servers": [{"Server": "ldap", "EnableSSL": True}],
                "Tables": [{"Table": "a", "BaseDN": "b", "Filter": "c"}],
            },
            ("ldap", 636),
        ),
        ({"Server": "sap", "Port": "3300", "BapiLogin": "a", "BapiPassword": "canary"}, ("sap", 3300)),
        (
            {"Server": "https://exchange.contoso.com/PowerShell", "PowerShellScriptPath": "C:\\a.ps1"},
            ("exchange.contoso.com", 443),
        ),
        ({"InputDirectories": ["\\\\files.contoso.com\\hr"], "OnlyDirectoryScan": True}, ("files.contoso.com", 445)),
        ({"Path": "\\\\share.contoso.com\\hr\\a.csv", "Separator": ";"}, ("share.contoso.com", 445)),
    ],
)
def test_a_connection_goes_where_its_settings_say(bare, connection, expected):
    found = handed.sheet(bare, executions=0, asks=False, connections={"One": connection}, strict=False)
    assert expected in flows(found), found["flows"]


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ({"ConnectionString": "Server=sql;Password=canary-sql-b2"}, "part of a connection string"),
        ({"ApplicationId": "a", "ApplicationKey": "canary-key-a7", "TenantId": "t"}, "name no address"),
        ({"Server": "sap token=canary-address-1d", "Login": "a", "Password": "canary-sap-3a"}, "kept as a secret"),
    ],
)
def test_where_a_connection_goes_is_said_to_be_unknown_rather_than_shown(bare, connection, told):
    sheet = handed.sheet(bare, executions=0, asks=False, connections={"One": connection})
    assert told in untold(sheet)
    assert "canary" not in json.dumps(sheet)


@pytest.mark.parametrize(("port", "expected"), [("587", 587), (25, 25), (None, 0), ("many", 0)])
def test_mail_goes_to_its_host_and_port(bare, port, expected):
    mail = {"Host": "mail.contoso.com", "Port": port, "FromAddress": "a@contoso.com", "Password": "canary-mail-0c"}
    settings = {"PasswordResetSettings": {"MailSettings": mail}}
    sheet = handed.sheet(bare, executions=0, asks=False, agent_settings=settings)
    assert ("mail.contoso.com", expected) in flows(sheet)
    assert "canary" not in json.dumps(sheet)


def test_the_way_out_is_told_without_the_proxys_password(bare):
    sheet = handed.sheet(
        bare, executions=0, asks=False, https_proxy="http://svc:canary-proxy-8e@proxy.contoso.com:3128"
    )
    assert ("proxy.contoso.com", 3128) in flows(sheet)


@pytest.mark.parametrize(
    ("source", "expected"),
    [(chain.ARCHIVE_URL, {"files.contoso.com"}), ("files/agent.zip", set()), ("agent.zip", set())],
)
def test_an_archive_of_the_controller_is_no_address(bare, source, expected):
    sheet = handed.sheet(bare, executions=0, **ACCOUNT, **PLAIN_HTTP, archive_source=source, hosting_bundle_source=None)
    assert {host for host, _port in flows(sheet)} & {"files.contoso.com", "files", "agent.zip"} == expected
    assert "canary" not in json.dumps(sheet)


@pytest.mark.parametrize(
    ("changes", "kind", "network", "need"),
    [
        ({}, "virtual account of the application pool", "the computer account PARIS$ of contoso.com", "folder rights"),
        (
            {"hosting": "service"},
            "virtual account of the service",
            "the computer account PARIS$ of contoso.com",
            "folder",
        ),
        (ACCOUNT, "group managed service account", "CONTOSO\\agent$", "PrincipalsAllowedToRetrieveManagedPassword"),
        (
            {"identity_username": "CONTOSO\\svc", "identity_password": chain.CANARIES["ad"], "hosting": "service"},
            "domain account",
            "CONTOSO\\svc",
            "Log on as a service",
        ),
        (
            {"identity_username": ".\\svc", "identity_password": chain.CANARIES["ad"]},
            "local account",
            "nobody in the domain: it is known on this server only",
            "folder rights",
        ),
        (
            {"identity_username": "NT AUTHORITY\\LOCAL SERVICE", "hosting": "service"},
            "account of Windows",
            "nobody: it has no credentials on the network",
            "folder rights",
        ),
    ],
)
def test_the_account_is_what_other_machines_see(bare, changes, kind, network, need):
    found = handed.sheet(bare, executions=1, **changes)["account"]
    assert (found["kind"], found["on_the_network"]) == (kind, network)
    assert need in "; ".join(found["needs"])


def test_the_xml_declares_the_agent_its_clients_and_its_connections(bare):
    found = parsed(handed.sheet(bare, executions=0, asks=False))
    assert found["Agent"] == [{"Identifier": "Paris", "DisplayName_L1": "Paris", "URI": f"https://{chain.HOST}"}]
    assert [(one["Identifier"], one["HashedSecret"], one["Profile"]) for one in found["OpenIdClient"]] == [
        ("Job", BY_INTEGRATION, BY_INTEGRATION),
        ("Admin", BY_INTEGRATION, BY_INTEGRATION),
    ]
    assert [one["Identifier"] for one in found["Connection"]] == ["ADExport", "SAPExportFulfillment"]


def test_hashes_are_written_where_they_are_wanted_but_not_of_a_secret_that_only_the_server_has(bare):
    clients = {"Job": chain.CANARIES["job"], "Admin": "kept"}
    sheet = handed.sheet(bare, executions=0, asks=False, openid_clients=clients, Hashes=True, Profile="Administrator")
    found = parsed(sheet)["OpenIdClient"]
    assert [one["HashedSecret"] for one in found] == [hashed_secret(chain.CANARIES["job"]), BY_INTEGRATION]
    assert {one["Profile"] for one in found} == {"Administrator"}


@pytest.mark.parametrize("name", ["a--b", "x-->y", "--", "a'\"<&>", "ünï", "a\tb"])
def test_hostile_names_stay_what_they_are_in_the_xml(bare, name):
    connections = {name: {**DIRECTORY}}
    sheet = handed.sheet(bare, executions=0, asks=False, connections=connections, identifier=name)
    found = parsed(sheet)
    assert found["Agent"][0]["Identifier"] == name
    assert found["Connection"][0]["Identifier"] == name


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"https_port": "8443"}, f"https://{chain.HOST}:8443"),
        ({"site_protocol": "http"}, ""),
        ({"site_protocol": "http", "reverse_proxy": True}, f"https://{chain.HOST}"),
        ({"hosting": "service", "service_urls": ["http://*:80", "https://*:443"]}, f"https://{chain.HOST}"),
        ({"hosting": "service", "service_urls": ["https://*:5001"]}, f"https://{chain.HOST}:5001"),
        ({"hosting": "service"}, ""),
    ],
)
def test_the_address_for_browsers_follows_from_the_hosting(bare, changes, address):
    assert handed.sheet(bare, executions=0, asks=False, **changes)["address"] == address


def test_the_names_of_a_key_vault_are_those_that_the_settings_return(bare):
    sheet = handed.sheet(bare, executions=0, asks=False, **VAULT)
    bare.new_run()
    settings = {
        "path": chain.RUNTIME,
        "agent_identifier": "Paris",
        "openid_clients": chain.inventory()["openid_clients"],
        "default_openid_client": "Job",
        "connections": chain.inventory()["connections"],
        "encryption_certificate": {"thumbprint": "A" * 40},
        "identity_server_certificate": {"thumbprint": "B" * 40},
        "server_url": chain.SERVER_URL,
        **VAULT,
    }
    expected = bare.run("win_im_agent_settings", settings, check=True)["key_vault_secrets"]
    assert sheet["key_vault"] == {"vault": "https://contoso.vault.azure.net", "secrets": expected}
    assert "Connections--ADExport--Password" in expected
    assert ("contoso.vault.azure.net", 443) in flows(sheet)
    assert "the right to get and list secrets of the Key Vault" in sheet["account"]["needs"]


def test_the_accounts_of_cyberark_are_told_with_what_they_are_used_for(bare):
    sheet = handed.sheet(
        bare,
        executions=0,
        asks=False,
        protections={"Connections:ADExport:Password": "cyberark"},
        cyberark={
            "safe_name": "Agents",
            "application_id": "IdentityManager",
            "server": "https://cyberark.contoso.com",
            "accounts": {"ADExport": {"Password": "AdAccount"}},
        },
    )
    assert sheet["cyberark"] == {
        "server": "https://cyberark.contoso.com",
        "safe": "Agents",
        "application": "IdentityManager",
        "accounts": [{"key": "Connections:ADExport:Password", "account": "AdAccount"}],
    }


def test_no_secret_of_any_place_is_in_a_sheet_or_in_the_papers(bare):
    bare.new_run()
    awkward = canaries.inventory("old")
    bare.variables = {
        **audited.variables(),
        **awkward,
        **canaries.vault("old", inline=True),
        **canaries.vault("old", inline=False),
    }
    result = bare.run("win_im_agent_handover", {"hashes": True})
    assert "sheet" in result, result
    assert canaries.seen(json.dumps(result), *handed.papers(result["sheet"]).values()) == []
