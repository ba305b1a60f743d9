"""SQL Server and SAP ASE as managed systems: what their certificates mean to the client of a connection string."""

from __future__ import annotations

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import connection_string
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent.target import Unclear
from emulator.windows.network.peers import Peer
from emulator.windows.network.sql_server import SqlServer
from in_process import Server
from test_connections import SECRET, bad, certified, judged, with_all_that_is_needed

HOST = "sql.contoso.com"
ASE = {"ProviderClassFullName": "AdoNetCore.AseClient.AseClientFactory", "ProviderDllName": "AdoNetCore.AseClient.dll"}


@pytest.fixture(scope="module")
def installed():
    made = with_all_that_is_needed()
    made.machine.files.write(f"{chain.RUNTIME}\\{ASE['ProviderDllName']}", b"MZ")
    return made


@pytest.fixture
def server(installed):
    return Server(installed.machine.copy())


def way(server, text, sql=None, *, port=1433, host=HOST, served=HOST, settings=None, **about):
    """Return the result and the check of the way to a database; ``served`` is the name of its certificate."""
    machine = server.machine
    certificate = certified(machine, served, **about) if served else {}
    machine.network.peers = [Peer(host, port, sql=sql, **certificate)]
    made = {"ConnectionString": f"{text};Password='{SECRET};x'", "SqlCommand": "select 1", **(settings or {})}
    result, checks = judged(server, {"Sql": made})
    (check,) = [one for one in checks if one["id"] == "connection_reached"]
    return result, check


MINE = f"Server={HOST}"
PASSING = {
    "encryption by default": (MINE, {}, "with a trusted certificate"),
    "encryption on request": (f"{MINE};Encrypt=True", {}, "with a trusted certificate"),
    "it is mandatory": (f"{MINE}; ENCRYPT = Mandatory", {}, "with a trusted certificate"),
    "forced": (f"{MINE};Encrypt=yes", {"sql": SqlServer("forced")}, "with a trusted certificate"),
    "TLS first": (f"{MINE};Encrypt=Strict", {}, "with a trusted certificate"),
    "forced on who does without": (f"{MINE};Encrypt=false", {"sql": SqlServer("forced")}, "with a trusted certificate"),
    "another name in the certificate": (
        f"{MINE};Host Name In Certificate=alias.contoso.com",
        {"served": "alias.contoso.com"},
        "with a trusted certificate",
    ),
    "any certificate": (
        f"{MINE};TrustServerCertificate=True",
        {"days": -0.5},
        "not judged, as ConnectionString has TrustServerCertificate=true; a client that judges it would object: it exp",
    ),
    "any certificate, in another spelling": (
        f"{MINE};Encrypt=true;Trust Server Certificate=yes",
        {"served": ""},
        "it does not cover sql.contoso.com, only ssl_self_signed_fallback",
    ),
    "one certificate only": (
        f"{MINE};ServerCertificate=C:\\sql.cer",
        {"trusted": False},
        "not judged, as ConnectionString has ServerCertificate",
    ),
    "a logon alone is encrypted": (
        f"{MINE};Encrypt=False",
        {"trusted": False},
        "not judged, as ConnectionString has Encrypt=false, with which the logon alone is encrypted; a client that",
    ),
    "it is optional": (f"{MINE};Encrypt=optional", {}, "not judged, as ConnectionString has Encrypt=false"),
    "no encryption at all": (f"{MINE};encrypt=no", {"sql": SqlServer("none")}, "without encryption, which SQL Server"),
    "the last one counts": (
        f"Server=other;{MINE};Encrypt=no;Encrypt=true",
        {"sql": SqlServer("offered")},
        "with a trusted certificate",
    ),
    "an instance": (
        f"{MINE}\\PAY$1",
        {"sql": SqlServer(instance="Pay$1"), "port": 50123},
        "reached at 192.0.2.20, port 50123, with a trusted certificate",
    ),
    "the default instance": (f"{MINE}\\MSSQLSERVER", {}, "with a trusted certificate"),
    "an instance with its port": (f"{MINE}\\PAY,1500", {"port": 1500}, "with a trusted certificate"),
    "its own computer": (
        "Server=.",
        {"host": "localhost", "served": "paris.contoso.com"},
        "with a trusted certificate",
    ),
    "its own computer by a short name": ("Server=(local)", {"host": "localhost", "served": "PARIS"}, "with a trusted"),
    "SAP ASE in clear": (
        f"{MINE}:5000;Encryption=none",
        {"port": 5000, "settings": ASE, "sql": None},
        "reached at 192",
    ),
    "SAP ASE in TLS": (
        f"Data Source={HOST},5001;Encryption=SSL;TrustedFile=C:\\a.pem",
        {"port": 5001, "settings": ASE, "sql": None, "trusted": False},
        "with a certificate whose authority TrustedFile decides on",
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_certificate_that_the_client_takes_passes_and_says_how_it_is_judged(server, name):
    text, about, found = PASSING[name]
    result, check = way(server, text, **{"sql": SqlServer(), **about})
    assert (check["state"], result["verified"]) == ("passed", True), check
    assert found in check["found"]
    assert server.executions == 2


TRUST, RENEW = "import its authority into LocalMachine\\Root", "Have SQL Server given a certificate for this name"
OTHER, OWN = "for another name, or one that has expired", "so that it has made one by itself"
ASKING = f"{MINE};Encrypt=true"
FAULTS = {
    "expired": (ASKING, {"days": -0.5}, "it expired on", RENEW),
    "another name": (ASKING, {"served": "db.contoso.com"}, f"not cover {HOST}, only db.contoso.com, server", OTHER),
    "an unknown authority": (ASKING, {"trusted": False}, "CN=Authority 1: its issuer is not known", TRUST),
    "an authority that is not sent": (ASKING, {"sends": False}, "CN=server: its issuer is not known", TRUST),
    "none was given to it": (ASKING, {"served": ""}, "CN=SSL_Self_Signed_Fallback: it is no root", OWN),
    "a name that is not in it": (
        f"{ASKING};HostNameInCertificate=alias",
        {},
        f"it does not cover alias, only {HOST}",
        OTHER,
    ),
    "TLS first, whatever is trusted": (
        f"{MINE};Encrypt=strict;TrustServerCertificate=true",
        {"days": -0.5},
        "it expired on",
        RENEW,
    ),
    "no encryption": (ASKING, {"sql": SqlServer("none")}, "offers no encryption", "Encryption is turned off"),
    "no SQL Server": (ASKING, {"sql": None}, "no answer of SQL Server", "no SQL Server that listens on this port"),
    "no TLS before anything else": (
        ASKING,
        {"sql": SqlServer(silent="tds")},
        "no answer of SQL",
        "needs Encrypt=Strict",
    ),
    "nobody listens": (f"{MINE},1500;Encrypt=true", {}, "no TCP connection", "Nothing listens on this port"),
    "SAP ASE, expired": (
        f"{MINE};Encryption=ssl",
        {"port": 5000, "settings": ASE, "sql": None, "days": -0.5},
        "it expired on",
        "have the certificate renewed",
    ),
    "SAP ASE, another name": (
        f"{MINE};Port=5001;Encryption=ssl",
        {"port": 5001, "settings": ASE, "sql": None, "served": "x.contoso.com"},
        "it does not cover sql.contoso.com, only x.contoso.com",
        "name the host as its certificate does",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_database_to_which_the_client_would_not_connect_fails_with_its_cause(server, name):
    text, about, found, cause = FAULTS[name]
    result, check = way(server, text, **{"sql": SqlServer(), **about})
    assert (check["state"], check["basis"], result["verified"]) == ("failed", "documented", False), check
    assert found in check["found"]
    assert cause in " ".join([*check["causes"], check["remedy"]])


INSTANCES = {
    "no such instance": ({}, "SQL Server Browser does not tell its port"),
    "an instance without TCP": (
        {"sql": SqlServer(instance="PAY", browser="no tcp")},
        "tells no TCP port of this instance",
    ),
}


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_whose_port_nobody_tells_is_unknown_as_there_are_named_pipes(server, name):
    about, found = INSTANCES[name]
    _result, check = way(server, f"{MINE}\\PAY", **{"sql": SqlServer(), **about})
    assert (check["state"], check["passed"]) == ("unknown", None), check
    assert found in check["found"]
    assert "named pipes" in check["reason"]
    assert f"UDP 1434 let through, or name the port: {HOST},1433" in check["remedy"]


BELIEFS = {
    "no TLS that the probe offers": (ASKING, {"sql": SqlServer(silent="tls")}, "no TLS"),
    "the client's default": (MINE, {"days": -0.5}, "it expired on"),
    "the client's default, of a server without encryption": (MINE, {"sql": SqlServer("none")}, "offers no encryption"),
    "a server that forces encryption": (
        f"{MINE};Encrypt=false;HostNameInCertificate=x",
        {"sql": SqlServer("forced"), "trusted": False},
        "its issuer is not known",
    ),
    "TLS first, of an older server": (f"{MINE};Encrypt=Strict", {"sql": SqlServer(strict=False)}, "no TLS"),
    "the name of its own computer": ("Server=tcp:localhost;Encrypt=true", {"host": "localhost"}, "not cover"),
}


@pytest.mark.parametrize("name", BELIEFS)
def test_what_rests_on_the_clients_version_is_a_belief(server, name):
    text, about, found = BELIEFS[name]
    result, check = way(server, text, **{"sql": SqlServer(), **about})
    assert (check["state"], check["basis"], result["verified"]) == ("failed", "belief", None), check
    assert found in check["found"]


@pytest.mark.parametrize("source", [".", "(local)\\SQLEXPRESS", "LOCALHOST"])
def test_its_own_server_without_tcp_is_unknown_as_the_client_does_without(server, source):
    result, check = way(server, f"Data Source={source}", SqlServer(), port=1500, host="localhost")
    assert (check["state"], result["verified"]) == ("unknown", None)
    assert "shared memory" in check["reason"]


def test_its_own_server_by_tcp_only_is_not(server):
    _result, check = way(server, "Data Source=tcp:localhost", SqlServer(), port=1500, host="localhost")
    assert check["state"] == "failed"


def test_no_fault_is_lost_between_the_checks_of_a_server(server):
    _result, check = way(server, ASKING, SqlServer(), days=-0.5)
    assert bad([check]) == [check]
    assert check["page"].startswith("https://learn.microsoft.com/sql/")


STRINGS = {
    "nothing": ("", {}),
    "blanks and ends": (" ; a = b ;; ", {"a": "b"}),
    "the last one": ("a=1;A=2", {"a": "2"}),
    "quotes": ("a='x;y';b=\"p=;q\"; c = 'it''s' ", {"a": "x;y", "b": "p=;q", "c": "it's"}),
    "a quote inside": ("a=it's;b=2", {"a": "it's", "b": "2"}),
    "a quote that is not closed": ("a='x;b=2", {"a": "'x", "b": "2"}),
    "an equals sign in a keyword": ("a==b=c", {"a=b": "c"}),
    "an equals sign in a value": ("a=b=c", {"a": "b=c"}),
    "no value": ("a=;b=", {"a": "", "b": ""}),
}


@pytest.mark.parametrize("name", STRINGS)
def test_a_connection_string_is_read_as_dotnet_reads_it(name):
    text, found = STRINGS[name]
    assert connection_string.values(text) == found


@pytest.mark.parametrize("text", ["a", "a=1;b", "=1", " " * 5000 + "a"])
def test_what_is_none_is_refused(text):
    with pytest.raises(Unclear, match="no list of keywords"):
        connection_string.values(text)


@pytest.mark.parametrize(
    "source", ["np:\\\\sql\\pipe", "lpc:sql", "(localdb)\\v11", "sql,", "sql,x", "sql\\a b", "\\x", ""]
)
def test_a_source_that_is_not_reached_by_tcp_is_unclear(source):
    with pytest.raises(Unclear):
        connection_string.sql_server(f"Server={source}")


@pytest.mark.parametrize("text", ["Port=5000", "Server=a;Port=x", "Server=a,99999", "Server="])
def test_a_sap_ase_without_host_or_port_is_unclear(text):
    with pytest.raises(Unclear):
        connection_string.ase(text)
