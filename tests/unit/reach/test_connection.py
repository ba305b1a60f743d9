"""What the options of connection plugins mean: scheme, port, authentication, and who can read along."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach import connection

PSRP = {"auth": "negotiate", "cert_validation": "validate", "message_encryption": "auto", "path": "wsman"}
CASES = [
    ("psrp", PSRP, (5986, "https", "Negotiate", "TLS")),
    ("psrp", PSRP | {"port": 5985}, (5985, "http", "Negotiate", "messages, by Negotiate")),
    ("psrp", PSRP | {"port": "5985", "auth": "kerberos"}, (5985, "http", "Kerberos", "messages, by Kerberos")),
    ("psrp", PSRP | {"protocol": "http"}, (5985, "http", "Negotiate", "messages, by Negotiate")),
    ("psrp", PSRP | {"protocol": "http", "message_encryption": "never"}, (5985, "http", "Negotiate", "none")),
    ("psrp", PSRP | {"protocol": "http", "auth": "basic"}, (5985, "http", "Basic", "none")),
    ("psrp", PSRP | {"port": 443, "auth": "credssp"}, (443, "https", "CredSSP", "TLS")),
    ("psrp", PSRP | {"auth": "certificate"}, (5986, "https", "a client's certificate", "TLS")),
    ("winrm", {"port": 5986}, (5986, "https", "Basic", "TLS")),
    ("winrm", {"port": 5985}, (5985, "http", "Basic", "none")),
    ("winrm", {"port": 5986, "remote_user": "a@CONTOSO.COM"}, (5986, "https", "Kerberos", "TLS")),
    ("winrm", {"port": 5985, "transport": ["ntlm"]}, (5985, "http", "NTLM", "messages, by NTLM")),
    ("winrm", {"port": 5985, "transport": ["kerberos"], "_extras": {"ansible_winrm_message_encryption": "never"}},
     (5985, "http", "Kerberos", "none")),
]  # fmt: skip


@pytest.mark.parametrize(("plugin", "options", "expected"), CASES)
def test_the_way_that_options_mean(plugin, options, expected):
    way = connection.of(plugin, options.get, "agent1")
    assert (way.port, way.scheme, way.way, way.encryption) == expected
    assert (way.address, way.known, way.path) == ("agent1", True, "wsman")


def test_a_certificate_that_is_not_judged_and_an_authority_of_ones_own():
    extras = {"ansible_winrm_server_cert_validation": "ignore", "ansible_winrm_ca_trust_path": "/ca.pem"}
    way = connection.of("winrm", {"_extras": extras, "remote_addr": "a"}.get, "b")
    assert (way.judges, way.authorities, way.address) == (False, "/ca.pem", "a")
    way = connection.of("winrm", {"_extras": {"ansible_winrm_ca_trust_path": "legacy_requests"}}.get, "b")
    assert (way.judges, way.authorities, way.address) == (True, "", "b")
    way = connection.of("psrp", (PSRP | {"cert_validation": "ignore", "ca_cert": "/ca.pem"}).get, "b")
    assert (way.judges, way.authorities) == (False, "/ca.pem")


def test_another_plugin_has_only_a_name():
    assert not connection.of("ssh", {}.get, "b").known
