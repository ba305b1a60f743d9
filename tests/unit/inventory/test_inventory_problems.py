"""What cannot be right in an inventory is told at once, all of it, by the variable's name."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._inventory import rules

RIGHT = {
    "organization": "Contoso",
    "identifier": "Paris",
    "host_name": "agent.contoso.com",
    "hosting": "iis",
    "working_directory": "C:\\im",
    "server_url": "https://im.contoso.com",
    "openid_clients": {"Job": "secret"},
    "default_openid_client": "Job",
    "service_name": "IdentityManagerAgent",
    "service_urls": ["http://localhost:5000"],
    "archive_source": "C:\\a.zip",
    "archive_checksum": "0" * 64,
    "hosting_bundle_source": "https://files.contoso.com/b.exe",
    "hosting_bundle_checksum": "sha256:" + "f" * 64,
    "certificates": [{"use": "encryption"}, {"use": "identity_server"}, {"use": "server"}],
}
CASES = [
    ({"server_url": ""}, {"im_agent_server_url": "nothing"}),
    ({"server_url": "http://im.contoso.com"}, {"im_agent_server_url": "'http://im.contoso.com'"}),
    ({"server_url": "https://[im"}, {"im_agent_server_url": "'https://[im'"}),
    (
        {"server_url": "https://im.contoso.com/"},
        {"im_agent_server_url": "'https://im.contoso.com/', which ends in '/'"},
    ),
    ({"server_url": "https://a:b@im.contoso.com"}, {"im_agent_server_url": "an address with user, query or fragment"}),
    ({"server_url": "https://im.contoso.com?x=1"}, {"im_agent_server_url": "an address with user, query or fragment"}),
    ({"identifier": ""}, {"im_agent_identifier": "nothing"}),
    ({"connections": {"AD": "x"}}, {"im_agent_connections.AD": "no dictionary"}),
    ({"archive_source": ""}, {"im_agent_archive_source": "nothing"}),
    ({"archive_source": "files\\a.zip"}, {"im_agent_archive_source": "'files\\\\a.zip'"}),
    ({"archive_source": "files/a.zip"}, {}),
    ({"hosting_bundle_source": "files\\b.exe"}, {"im_agent_hosting_bundle_source": repr("files\\b.exe")}),
    ({"identity_password": "canary-x"}, {"im_agent_identity_username": "nothing"}),
    ({"identity_username": "CONTOSO\\svc"}, {"im_agent_identity_password": "nothing"}),
    ({"identity_username": "CONTOSO\\svc$"}, {}),
    (
        {"certificates": [{"use": "enc"}, {"use": "encryption"}, {"use": "identity_server"}, {"use": "server"}]},
        {"im_agent_certificates, entry 1": "use 'enc'"},
    ),
    ({"hosting": "docker"}, {"im_agent_hosting": "'docker'"}),
    ({"hosting": "service", "service_urls": []}, {"im_agent_service_urls": "no list"}),
    ({"hosting": "service", "service_urls": "http://x"}, {"im_agent_service_urls": "no list"}),
    ({"hosting": "service", "service_name": "a/b"}, {"im_agent_service_name": "'a/b'"}),
    ({"hosting": "service", "service_name": ""}, {"im_agent_service_name": "nothing"}),
    ({"site_protocol": "ftp"}, {"im_agent_site_protocol": "'ftp'"}),
    ({"site_protocol": "http", "certificates": [{"use": "encryption"}, {"use": "identity_server"}]}, {}),
    (
        {"site_protocol": "https", "certificates": [{"use": "encryption"}, {"use": "identity_server"}]},
        {"im_agent_certificates": "no entry with use 'server'"},
    ),
    ({"folders": {"Temp": "temp"}}, {"im_agent_folders.Temp": "'temp'"}),
    ({"working_directory": ""}, {"im_agent_working_directory": "nothing"}),
    ({"host_name": "Agent.contoso.com"}, {"im_agent_host_name": "'Agent.contoso.com'"}),
    ({"server_url": "", "identifier": ""}, {"im_agent_server_url": "nothing", "im_agent_identifier": "nothing"}),
]


def problems(**changes):
    return {p.variable: p.found for p in rules.problems({**RIGHT, **changes})}


def test_this_one_is_right():
    assert problems() == {}


@pytest.mark.parametrize(("changes", "found"), CASES, ids=lambda value: str(value)[:60])
def test_the_variable_is_named_with_what_was_found(changes, found):
    assert problems(**changes) == found


SECRET = "canary-of-the-inventory"
SECRETS = [
    {"openid_clients": {"Admin": SECRET}, "identity_password": SECRET, "connections": {"A": SECRET}},
    {"server_url": f"http://user:{SECRET}@im.contoso.com"},
    {"server_url": f"https://user:{SECRET}@im.contoso.com/"},
    {"server_url": f"https://[user:{SECRET}@im"},
    {"server_url": f"im.contoso.com?token={SECRET}"},
]


@pytest.mark.parametrize("changes", SECRETS, ids="-".join)
def test_no_problem_tells_a_secret(changes):
    told = " ".join(map(str, rules.problems({**RIGHT, **changes})))
    assert told
    assert SECRET not in told
