"""Why a server is not reached: a table of what clients and the controller see, and the cause that is told."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach import unreached
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach.connection import Connection
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach.trial import Served, Trial

HTTPS = Connection("psrp", "agent1.contoso.com", 5986, "https", "ntlm", "CONTOSO\\ansible")
KERBEROS = dataclasses.replace(HTTPS, authentication="kerberos", user="ansible@CONTOSO.COM")
BASIC = dataclasses.replace(HTTPS, authentication="basic", user="ansible")
HTTP = dataclasses.replace(HTTPS, port=5985, scheme="http")
WINRM = dataclasses.replace(KERBEROS, plugin="winrm")
CREDSSP = dataclasses.replace(HTTPS, authentication="credssp")
SERVED = Served("CN=a", "CN=Contoso CA", ("old.contoso.com",), "2026-12-01T00:00:00+00:00", "AB" * 20)
GOOD = Trial(("192.0.2.7",), "open", tls="TLSv1.3", served=SERVED, status=401, offered=("Negotiate", "Kerberos"))
DELEGATES = dataclasses.replace(GOOD, offered=("CredSSP",))
PLAIN = dataclasses.replace(GOOD, tls="", served=None)
REFUSED = "failed to authenticate with the server: Failed to authenticate the user ansible with ntlm"
KINIT = "Kerberos auth failure for principal ansible@CONTOSO.COM: kinit: "
GSS = "Failed to authenticate the user with kerberos: SpnegoError (16): ... Context: Processing security token; minor: "
LOST = "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"

CASES = [
    ("name", HTTPS, "Max retries exceeded", Trial(), "does not know the name agent1.contoso.com"),
    ("listener", HTTPS, "Connection refused", Trial(("192.0.2.7",), "refused"), "Enable-PSRemoting"),
    ("port", HTTPS, "Connection refused", Trial(("192.0.2.7",), "refused", other=5985), "ansible_port: 5985 (http)"),
    ("port", HTTP, "Connection refused", Trial(("192.0.2.7",), "refused", other=5986), "ansible_port: 5986 (https)"),
    ("firewall", HTTPS, "timed out", Trial(("192.0.2.7",), "silent"), "a firewall drops it"),
    ("firewall", HTTPS, "timed out", Trial(("192.0.2.7",), "silent", other=5985), "port 5985 answers"),
    ("firewall", HTTPS, "No route to host", Trial(("192.0.2.7",), "no way"), "192.0.2.7"),
    ("firewall", HTTPS, "reset by peer", Trial(("192.0.2.7",), "broken off"), "load balancer"),
    ("proxy", HTTPS, "ProxyError('Cannot connect to proxy.')", GOOD, "NO_PROXY"),
    ("proxy", HTTP, REFUSED, dataclasses.replace(PLAIN, headers={"via": "1.1 squid"}), "belongs to one TCP connection"),
    ("proxy", HTTP, "Bad HTTP response", dataclasses.replace(PLAIN, status=407), "agent1.contoso.com to NO_PROXY"),
    ("scheme", HTTPS, "wrong version number", Trial(("192.0.2.7",), "open", no_tls=True), "does not speak TLS"),
    ("scheme", HTTP, LOST, Trial(("192.0.2.7",), "open"), "may be https"),
    (
        "certificate",
        HTTPS,
        "CERTIFICATE_VERIFY_FAILED",
        dataclasses.replace(GOOD, distrust="unable to get local issuer certificate"),
        "ansible_psrp_ca_cert",
    ),
    (
        "certificate",
        WINRM,
        "CERTIFICATE_VERIFY_FAILED",
        dataclasses.replace(GOOD, distrust="self-signed certificate"),
        "ansible_winrm_ca_trust_path",
    ),
    (
        "certificate name",
        HTTPS,
        "CERTIFICATE_VERIFY_FAILED",
        dataclasses.replace(GOOD, distrust="Hostname mismatch, certificate is not valid for 'agent1.contoso.com'."),
        "for old.contoso.com, from CN=Contoso CA, until 2026-12-01",
    ),
    (
        "certificate expired",
        HTTPS,
        "CERTIFICATE_VERIFY_FAILED",
        dataclasses.replace(GOOD, distrust="certificate has expired"),
        "wrong clock of the controller",
    ),
    ("path", HTTPS, "404", dataclasses.replace(GOOD, status=404), "has no /wsman"),
    ("service", HTTPS, "503", dataclasses.replace(GOOD, status=503), "status 503"),
    ("authentication", BASIC, REFUSED, GOOD, "offers Negotiate, Kerberos, and Basic was wanted"),
    ("authentication", dataclasses.replace(BASIC, scheme="http", port=5985), REFUSED, PLAIN, "AllowUnencrypted"),
    ("unencrypted", dataclasses.replace(HTTP, messages=False), REFUSED, PLAIN, "messages would travel in clear"),
    ("credentials", HTTPS, REFUSED, GOOD, "0xC0000234 locked"),
    ("credentials", BASIC, REFUSED, dataclasses.replace(GOOD, offered=("Basic",)), "a local account of the server"),
    (
        "credentials",
        CREDSSP,
        "Received error status from the server: (2148074252) UNKOWN_STATUS 0x8009030c",
        DELEGATES,
        "4625",
    ),
    ("credentials", WINRM, "kerberos: the specified credentials were rejected by the server", GOOD, "4625"),
    ("spn", KERBEROS, f"{GSS}Server HTTP/x@CONTOSO.COM not found in Kerberos database", GOOD, "setspn -Q HTTP/*"),
    ("clock", WINRM, f"{KINIT}Clock skew too great while getting initial credentials", GOOD, "chronyc"),
    ("realm", WINRM, f'{KINIT}Cannot find KDC for realm "CONTOSO.LOCAL"', GOOD, "dig SRV"),
    ("revoked", WINRM, f"{KINIT}Client's credentials have been revoked while getting initial", GOOD, "locked"),
    ("password expired", WINRM, f"{KINIT}Password has expired while getting initial credentials", GOOD, "new one"),
    ("password expired", WINRM, f"{KINIT}Cannot read password while getting initial credentials", GOOD, "new one"),
    ("account", WINRM, f"{KINIT}Client 'a@CONTOSO.COM' not found in Kerberos database", GOOD, "no such account"),
    ("password", WINRM, f"{KINIT}Preauthentication failed while getting initial credentials", GOOD, "keytab"),
    ("ticket", KERBEROS, f"{GSS}Ticket expired", GOOD, "kinit again"),
    ("no ticket", KERBEROS, f"{GSS}No Kerberos credentials available", GOOD, "kinit ansible@CONTOSO.COM"),
    ("service key", KERBEROS, f"{GSS}Wrong principal in request", GOOD, "another account"),
    ("package", KERBEROS, "pypsrp or dependencies are not installed: No module named 'pypsrp'", GOOD, "pip install"),
    (
        "package",
        WINRM,
        "The installed version of WinRM does not support transport(s) kerberos",
        GOOD,
        "ee-requirements",
    ),
    ("package", WINRM, "Kerberos auth failure when calling kinit cmd 'kinit': No such file", GOOD, "krb5-user"),
    ("rights", HTTPS, "Received a WSManFault message. (Code: 5, Message: Access is denied.)", GOOD, "administrator"),
    ("quota", HTTPS, "(Code: 2150859173, Reason: a maximum number of 5 concurrent shells)", GOOD, "MaxShellsPerUser"),
    ("quota", WINRM, "'wsmanfault_code': 2150859173, 'fault_subcode': 'w:QuotaLimit'", GOOD, "MaxShellsPerUser"),
    ("quota", HTTPS, "maximum number of concurrent operations for this user", GOOD, "MaxConcurrentOperationsPerUser"),
    ("quota", HTTPS, "The server exceeded the maximum number of users", GOOD, "ConcurrentUsers"),
    ("quota", HTTPS, "The paging file is too small for this operation to complete.", GOOD, "MaxMemoryPerShellMB"),
    ("quota", WINRM, "type 'System.OutOfMemoryException' was thrown.", GOOD, "MaxMemoryPerShellMB"),
    ("quota", HTTPS, "raise the Maximum Commands per Shell quota.", GOOD, "winrm get winrm/config"),
    ("session", HTTPS, "ShellId 91564AC3 failed because the shell was not found on the server.", GOOD, "IdleTimeout"),
    ("session", HTTPS, LOST, GOOD, "broke in the middle"),
    (
        "session",
        HTTP,
        "Bad HTTP response returned from the server. Code: 400, Content: ''",
        PLAIN,
        "for one connection",
    ),
    ("session", WINRM, "Bad HTTP response returned from server. Code 400", PLAIN, "restarted"),
    ("session", WINRM, "the request contained invalid selectors for the resource.  (extended", GOOD, "restarted"),
    ("language mode", HTTPS, "Method invocation is supported only on core types in this language mode", GOOD, "policy"),
    ("time", HTTPS, "read timed out. (read timeout=30)", GOOD, "ansible_psrp_read_timeout"),
    ("unknown", HTTPS, "something new " * 100, GOOD, "-vvvv"),
    ("connection", Connection("ssh", "agent1", 0, "", ""), "no", Trial(), "only psrp and winrm"),
]


@pytest.mark.parametrize(("kind", "way", "error", "trial", "words"), CASES)
def test_each_way_to_fail_has_its_cause_and_remedy(kind, way, error, trial, words):
    found = unreached.cause(way, error, trial)
    assert (found.kind, words in found.sentence) == (kind, True), found
    assert len(found.sentence) < 700
    assert unreached.summary(found) == {"cause": kind, "problem": found.sentence}


def test_the_table_has_more_than_a_dozen_causes():
    assert len({case[0] for case in CASES}) >= 25


def test_an_account_of_the_domain_is_not_taken_for_a_local_one():
    assert "local account of the server is meant" not in unreached.cause(HTTPS, REFUSED, GOOD).sentence


def test_the_guide_has_a_row_for_each_cause():
    guide = (Path(__file__).resolve().parents[3] / "docs" / "connections.md").read_text("utf-8")
    _, _, section = guide.partition("## Why a server is not reached")
    told = {
        word
        for line in section.splitlines()
        if line.startswith("| `")
        for word in re.findall(r"`([^`]+)`", line.split("|")[1])
    }
    assert told == {case[0] for case in CASES}
