"""What the agent's connections need on its server, and the way to their managed systems: planted faults on an emulated
server, each found with its cause.
"""

from __future__ import annotations

import dataclasses
import json
import ntpath
from unittest import mock

import authorities
import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import (
    connector_needs,
    connector_targets,
    connectors,
)
from emulator.handlers import probe as model
from emulator.windows.errors import WindowsError
from emulator.windows.network.peers import Peer
from emulator.windows.network.sql_server import SqlServer
from in_process import Server

SECRET = "canary-of-a-managed-system"
LOGIN = {"Login": "l", "Password": SECRET}
CONNECTIONS = {
    "AD": {
        "Servers": [{"Server": "dc.contoso.com", "BaseDN": "DC=contoso"}],
        "Filter": "x",
        "EnableSSL": True,
        **LOGIN,
    },
    "Plain": {"Server": "ldap.contoso.com:1389", "DistinguishedName": "DC=x", "Filter": "x", **LOGIN},
    "Erp": {
        **{"Server": "sap.contoso.com", "AseLogin": "l", "AsePassword": SECRET, "Client": "1", "Instance": "A"},
        **{"Language": "en", "Port": "4901", "BapiLogin": "l", "BapiPassword": SECRET, "SystemNumber": "02"},
    },
    "Sql": {
        "ConnectionString": f"Data Source=tcp:sql.contoso.com,1444;Password={SECRET}",
        "SqlFile": "q.sql",
    },
    "Okta": {"Server": "https://contoso.okta.test/", "ApiKey": SECRET},
    "Script": {"PowerShellScriptPath": "C:\\Scripts\\a.ps1", "Options": {"Pwd": SECRET}},
    "Robot": {"RobotFrameworkScriptPath": "C:/Scripts/a.robot"},
    "Tickets": {"Server": "https://contoso.service-now.test", "TicketCookieDirectoryPath": "C:\\Cookies", **LOGIN},
    "Shares": {"InputDirectories": ["C:\\Data", "\\\\files.contoso.com\\hr", "\\\\files.contoso.com\\it"], **LOGIN},
    "Csv": {"Path": f"{chain.WORKING}\\Sources\\users.csv", "Separator": ";"},
}
RUNTIME_FILES = ("Sap.Data.Hana.Core.v2.1.dll", "sapnwrfc.dll", "icudt50.dll", "icuin50.dll", "icuuc50.dll", "q.sql")
FILES = (
    *(f"{chain.RUNTIME}\\{name}" for name in RUNTIME_FILES),
    *("C:\\Scripts\\a.ps1", "C:\\Scripts\\a.robot", f"{chain.WORKING}\\Sources\\users.csv"),
    *("C:\\Python\\python.exe", "C:\\Python\\Scripts\\robot.exe", "C:\\dotnetx86\\dotnet.exe"),
    *("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "C:\\hdbclient\\ado.net\\x.dll"),
    *("C:\\hdbclient\\dotnetcore\\x.dll", "C:\\Cookies\\x"),
)
POWERSHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0"
PATH = f'C:\\Windows;{POWERSHELL}\\;"C:\\Python";C:\\Python\\Scripts;C:\\hdbclient'
VARIABLES = {
    "Path": PATH,
    "HDBADOTNET": "C:\\hdbclient\\ado.net",
    "HDBADOTNETCORE": "C:\\hdbclient\\dotnetcore",
    "NLSUI_7BIT_FALLBACK": "yes",
    "USERCUBE_DOTNET32": "C:\\dotnetx86\\dotnet.exe",
}
EVERYBODY_READS = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
EVERYBODY_WRITES = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;BU)"
NOBODY = "O:BAD:PAI(A;OICI;FA;;;SY)"
GROUP = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell"
OF_MACHINE = "HKLM:\\SOFTWARE\\Microsoft\\PowerShell\\1\\ShellIds\\Microsoft.PowerShell"
PROXY = "proxy.contoso.com:3128"


def with_all_that_is_needed():
    """Return an installed server with all that the connections need."""
    made = chain.installed()
    lay(made.machine)
    return made


@pytest.fixture(scope="module")
def installed():
    return with_all_that_is_needed()


def certified(machine, name, *, days=100, trusted=True, sends=True):
    """Return the certificate of a name and what is sent along, of an authority that the server trusts, or not."""
    made = authorities.path(machine.clock.now(), 3, names=[name], days=(days, 100, 100))
    if trusted:
        machine.certificates.add("LocalMachine", "Root", made[2].der)
    return {"certificate": made[0].der, "sent": (made[1].der,) if sends else ()}


def lay(machine):
    """Let a server have all that the connections need, and reach all managed systems."""
    for path in FILES:
        machine.files.make_folder(ntpath.dirname(path))
        machine.files.write(path, b"MZ")
    for folder in ("C:\\Scripts", "C:\\Data"):
        machine.files.make_folder(folder)
        machine.files.set_sddl(folder, EVERYBODY_READS)
    machine.files.set_sddl("C:\\Cookies", EVERYBODY_WRITES)
    for name, value in VARIABLES.items():
        machine.environment.set(name, value)
    machine.network.peers = [
        Peer("dc.contoso.com", 636, **certified(machine, "dc.contoso.com")),
        Peer("ldap.contoso.com", 1389),
        Peer("sap.contoso.com", 4901),
        Peer("sap.contoso.com", 3302),
        Peer("sql.contoso.com", 1444, **certified(machine, "sql.contoso.com"), sql=SqlServer()),
        Peer("contoso.okta.test", 443, **certified(machine, "*.okta.test")),
        Peer("contoso.service-now.test", 443, **certified(machine, "contoso.service-now.test")),
        Peer("files.contoso.com", 445),
    ]


@pytest.fixture
def server(installed):
    return Server(installed.machine.copy())


def use(server, found):
    path = f"{chain.RUNTIME}\\appsettings.agent.json"
    data = json.loads(server.machine.files.text(path))
    server.machine.files.write(path, json.dumps({**data, "Connections": found}).encode())


def judged(server, found=CONNECTIONS, **changes):
    """Return the result and the checks of the connections."""
    use(server, found)
    server.new_run()
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), "connections": True, **changes}
    result = server.run("win_im_agent_health", {name: value for name, value in given.items() if value is not None})
    assert SECRET not in json.dumps([result, server.machine.dump()["events"], server.machine.dump()["processes"]])
    return result, [check for check in result.get("checks", []) if check["id"].startswith("connection_")]


def bad(checks):
    return [check for check in checks if check["state"] in {"failed", "unknown"}]


def replaced(machine, host, port, **changes):
    """Let one of the managed systems be another one."""
    network = machine.network
    network.peers = [
        dataclasses.replace(one, **changes) if (one.host, one.port) == (host, port) else one for one in network.peers
    ]


def test_connections_with_all_that_they_need_pass_in_two_executions(server):
    result, checks = judged(server)
    assert bad(checks) == []
    assert result["verified"] is True
    assert server.executions == 2
    assert {name.rpartition(" ")[2] for name in (c["name"] for c in checks)} >= {"AD", "Erp", "Script", "Robot"}
    reached = {c["name"].removeprefix("way to "): c["found"] for c in checks if c["id"] == "connection_reached"}
    trusted = "reached at 192.0.2.20, with a trusted certificate"
    assert reached == {
        "dc.contoso.com:636 of connection AD": trusted,
        "ldap.contoso.com:1389 of connection Plain": "reached at 192.0.2.20",
        "sap.contoso.com:4901 of connection Erp": f"reached at 192.0.2.20; {connector_targets.IN_DATABASE}",
        "sap.contoso.com:3302 of connection Erp": f"reached at 192.0.2.20; {connector_targets.IN_RFC}",
        "sql.contoso.com:1444 of connection Sql": trusted,
        "contoso.okta.test:443 of connection Okta": trusted,
        "contoso.service-now.test:443 of connection Tickets": trusted,
        "files.contoso.com:445 of connection Shares": "reached at 192.0.2.20",
    }


def test_nothing_is_asked_unless_it_was_wished_for(server):
    result, checks = judged(server, connections=False)
    assert {check["state"] for check in checks} == {"not_asked"}
    assert (result["verified"], server.executions) == (True, 1)


def without(path):
    return lambda machine: machine.files.remove(path)


def variable(name, value):
    return lambda machine: machine.environment.set(name, value)


def rights(path, sddl):
    return lambda machine: machine.files.set_sddl(path, sddl)


def policy(key, name, value, kind="String"):
    return lambda machine: machine.registry.set(key, name, kind, value)


def peer(host, port, **changes):
    return lambda machine: replaced(machine, host, port, **changes)


def other_certificate(host, port, name, **about):
    return lambda machine: replaced(machine, host, port, **certified(machine, name, **about))


def gone(host):
    def change(machine):
        machine.network.peers = [one for one in machine.network.peers if one.host != host]

    return change


DC, OKTA = ("dc.contoso.com", 636), ("contoso.okta.test", 443)
NEEDS = {
    "a library": (without(FILES[0]), "library Sap.Data.Hana.Core.v2.1.dll", "no such file", "Copy it there"),
    "a library for writing": (without(FILES[2]), "library icudt50.dll", "no such file", "an upgrade has replaced"),
    "a client out of Path": (
        variable("Path", PATH.replace(";C:\\hdbclient", "")),
        "folder hdbclient in Path",
        "no such folder",
        "Unpack the client",
    ),
    "a variable with another value": (
        variable("NLSUI_7BIT_FALLBACK", "NO"),
        "variable NLSUI_7BIT_FALLBACK",
        "another value",
        "Set it for the machine",
    ),
    "a variable's folder": (
        variable("HDBADOTNET", "C:\\none"),
        "variable HDBADOTNET",
        "a path that is not there",
        "restart the agent",
    ),
    "python": (without("C:\\Python\\python.exe"), "program python.exe", "in no folder of Path", "Install it"),
    "robot": (
        variable("Path", PATH.replace(";C:\\Python\\Scripts", "")),
        "program robot.exe",
        "in no folder of Path",
        "add its folder to the machine's Path",
    ),
    "powershell": (
        variable("Path", PATH.replace(f"{POWERSHELL}\\", "")),
        "program powershell.exe",
        "in no folder of Path",
        "machine's Path",
    ),
    "a group policy": (
        policy(GROUP, "ExecutionPolicy", "AllSigned"),
        "PowerShell's policy",
        "AllSigned, by a group policy",
        "A group policy wins",
    ),
    "no scripts by a group policy": (
        policy(GROUP, "EnableScripts", 0, "DWord"),
        "PowerShell's policy",
        "Restricted, by a group policy",
        "A group policy wins",
    ),
    "the machine's policy": (
        policy(OF_MACHINE, "ExecutionPolicy", "Restricted"),
        "PowerShell's policy",
        "Restricted, for the machine",
        "Set RemoteSigned",
    ),
    "rights on a script": (rights("C:\\Scripts\\a.ps1", NOBODY), "on C:\\Scripts\\a.ps1", "none", "the right Read"),
    "rights on a folder": (
        rights("C:\\Cookies", EVERYBODY_READS),
        "on C:\\Cookies",
        "ReadAndExecute",
        "the right Modify",
    ),
    "a script": (without("C:\\Scripts\\a.robot"), "a.robot", "no such file", "RobotFrameworkScriptPath"),
    "a file of sources": (without(f"{chain.WORKING}\\Sources\\users.csv"), "users.csv", "no such file", "correct Path"),
}
REACHED = {
    "an unknown name": (gone("dc.contoso.com"), "dc.contoso.com:636", "its name is not known", "DNS"),
    "another unknown name": (gone("sql.contoso.com"), "sql.contoso.com:1444", "its name is not known", "misspelt"),
    "a refused port": (peer(*DC, way="refused"), "dc.contoso.com:636", "no TCP connection", "Nothing listens"),
    "a filtered port": (
        peer("sap.contoso.com", 3302, way="filtered"),
        "sap.contoso.com:3302",
        "no TCP connection",
        "drops what is sent",
    ),
    "silence": (peer(*OKTA, way="silent"), "contoso.okta.test:443", "no TLS", "speaks no TLS"),
    "no TLS": (peer(*DC, certificate=None), "dc.contoso.com:636", "no TLS", "no cipher in common"),
    "an expired certificate": (
        other_certificate(*DC, "dc.contoso.com", days=-0.5),
        "dc.contoso.com:636",
        "it expired on",
        "have the certificate renewed",
    ),
    "another name": (
        other_certificate(*OKTA, "other.okta.test"),
        "contoso.okta.test:443",
        "it does not cover contoso.okta.test, only other.okta.test",
        "for another name",
    ),
    "an unknown authority": (
        other_certificate(*DC, "dc.contoso.com", trusted=False),
        "dc.contoso.com:636",
        "CN=Authority 1: its issuer is not known",
        "LocalMachine\\Root",
    ),
    "an authority that is not sent": (
        other_certificate(*OKTA, "contoso.okta.test", sends=False),
        "contoso.okta.test:443",
        "CN=server: its issuer is not known",
        "authority that is not known here",
    ),
    "a way by the proxy only": (
        peer(*OKTA, proxy=PROXY),
        "contoso.okta.test:443",
        "no TCP connection",
        "firewall",
    ),
}


def found_at(server, change, where):
    change(server.machine)
    result, checks = judged(server)
    assert result["verified"] is False
    wrong = bad(checks)
    assert wrong
    assert all(where in check["name"] for check in wrong), [check["name"] for check in wrong]
    return wrong[0]


@pytest.mark.parametrize("name", NEEDS)
def test_what_a_connection_lacks_is_named_with_its_cause_and_the_page(server, name):
    change, where, found, cause = NEEDS[name]
    check = found_at(server, change, where)
    assert (check["id"], check["state"]) == ("connection_needs", "failed")
    assert found in check["found"]
    assert cause in " ".join([*check["causes"], check["remedy"]])
    assert "Connectors, " in check["page"]


@pytest.mark.parametrize("name", REACHED)
def test_a_managed_system_that_is_not_reached_is_named_with_its_cause(server, name):
    change, where, found, cause = REACHED[name]
    check = found_at(server, change, where)
    assert (check["id"], check["state"]) == ("connection_reached", "failed")
    assert found in check["found"]
    assert cause in " ".join([*check["causes"], check["remedy"]])


def test_a_name_that_dns_does_not_know_is_told_first_and_at_once_with_the_variable(server):
    gone("dc.contoso.com")(server.machine)
    replaced(server.machine, *OKTA, certificate=None)
    with mock.patch("time.sleep", side_effect=AssertionError("waited for a name")):
        result, _checks = judged(server, timeout=600)
    assert "way to dc.contoso.com:636 of connection AD: found its name is not known" in result["msg"].partition(": ")[2]
    assert result["msg"].index("dc.contoso.com:636") < result["msg"].index("contoso.okta.test")
    assert "What to do: Correct Servers[0].Server of AD in im_agent_connections, or have DNS know" in result["msg"]


def test_settings_that_are_too_large_to_be_read_make_the_checks_unknown(server):
    large = '{"Connections": {}' + " " * 8 * 2**20 + "}"
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.agent.Production.json", large.encode())
    result, checks = judged(server)
    assert [(check["id"], check["state"]) for check in checks] == [
        ("connection_needs", "unknown"),
        ("connection_reached", "unknown"),
    ]
    assert all(f"found {len(large)} bytes, wanted at most" in check["reason"] for check in checks)
    assert result["verified"] is None


def test_a_failed_run_shows_the_checks_that_people_must_read_and_all_of_them_with_v(server):
    gone("dc.contoso.com")(server.machine)
    whole, _checks = judged(server)
    server.verbosity = 0
    shown, _checks = judged(server)
    assert [check["state"] for check in shown["checks"]] == ["failed"]
    assert shown["checks"] == bad(whole["checks"])
    assert len(shown["checks"]) + shown["checks_not_shown"] == len(whole["checks"])
    assert shown["msg"] == whole["msg"]
    assert len(json.dumps(shown)) < 2000 < len(json.dumps(whole))
    server.machine.network.peers.append(Peer("dc.contoso.com", 636, **certified(server.machine, "dc.contoso.com")))
    assert "checks_not_shown" not in judged(server)[0], "a run that passes shows nothing of its result by itself"


def test_a_system_that_may_come_back_is_asked_again_until_the_time_is_over(server):
    replaced(server.machine, *OKTA, way="silent")
    with mock.patch("time.sleep", side_effect=lambda seconds: replaced(server.machine, *OKTA, way="open")) as slept:
        result, _checks = judged(server, timeout=600)
    assert slept.call_count == 1
    assert result["verified"] is True


def test_an_https_system_is_asked_by_the_agents_proxy_and_others_are_not(server):
    machine = server.machine
    machine.environment.set("HTTPS_PROXY", f"http://svc:{SECRET}@{PROXY}")
    machine.environment.set("NO_PROXY", ".service-now.test,.contoso.com")
    machine.network.proxies.add(PROXY)
    replaced(machine, *OKTA, proxy=PROXY)
    _result, checks = judged(server)
    assert bad([check for check in checks if check["id"] == "connection_reached"]) == []
    assert any("by the agent's proxy" in check["found"] for check in checks)


def test_a_proxy_that_does_not_let_it_through_is_the_cause(server):
    machine = server.machine
    machine.environment.set("HTTPS_PROXY", f"http://{PROXY}")
    machine.environment.set("NO_PROXY", "contoso.service-now.test,.contoso.com")
    machine.network.proxies.add(PROXY)
    _result, checks = judged(server)
    (check,) = bad([check for check in checks if check["id"] == "connection_reached"])
    assert "the proxy answered 'HTTP/1.1 503" in check["found"]
    assert "im_agent_no_proxy" in check["remedy"]


UNCLEAR = {
    "another provider": {
        "ConnectionString": f"Uid=root;Pwd={SECRET}",
        "ProviderClassFullName": "A",
        "ProviderDllName": "",
    },
    "no instance": {"ConnectionString": f"Server=sql\\{SECRET};Password={SECRET}"},
    "no pairs": {"ConnectionString": SECRET},
    "no source": {"ConnectionString": f"Password={SECRET}"},
    "a pipe": {"ConnectionString": f"Server=np:\\\\sql\\pipe;Password={SECRET}"},
    "a form with a secret": {"Server": f"Server=x;Pwd={SECRET}", "ApiKey": "x"},
    "a secret for a host": {"Server": f"https://x;{SECRET}/", "ApiKey": "x"},
    "no server": {"ApiKey": SECRET},
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_connection_that_tells_no_address_is_unknown_and_shows_no_value(server, name):
    result, checks = judged(server, {"Odd": UNCLEAR[name]})
    (check,) = bad([check for check in checks if check["id"] == "connection_reached"])
    assert (check["state"], result["verified"]) == ("unknown", None)
    assert check["reason"]


def test_a_path_that_is_none_is_unknown_and_not_shown(server):
    _result, checks = judged(server, {"Odd": {"CredentialsFilePath": f"https://x/a?sig={SECRET}", "User": "x"}})
    (check,) = bad(checks)
    assert (check["state"], check["found"]) == ("unknown", "another text")


def test_a_share_is_unknown_as_the_session_may_not_open_it(server):
    _result, checks = judged(server, {"Shares": {"InputDirectories": ["\\\\files.contoso.com\\hr"], "Domain": "x"}})
    (check,) = bad(checks)
    assert (check["id"], check["state"], check["found"]) == ("connection_needs", "unknown", "a share")


def test_a_connection_that_no_connector_fits_is_unknown_until_it_is_named(server):
    odd = {"Odd": {"Server": "https://contoso.okta.test", "Login": "l", "Password": SECRET}}
    result, checks = judged(server, odd)
    (check,) = bad(checks)
    assert "im_agent_connectors: {Odd: ...}" in check["remedy"]
    assert result["verified"] is None
    _result, checks = judged(server, odd, connectors={"Odd": "odata"})
    assert bad(checks) == []


def test_a_connector_that_does_not_exist_is_refused(server):
    result, _checks = judged(server, {}, connectors={"Odd": "telepathy"})
    assert result.get("failed")


@pytest.mark.parametrize("kind", ["programs", "reach"])
def test_a_question_without_an_answer_is_unknown_with_its_reason(server, kind):
    def fail(_machine, _query):
        raise WindowsError("System.UnauthorizedAccessException", "the answer is denied")

    with mock.patch.dict(model._KINDS, {kind: fail}):
        _result, checks = judged(server)
    assert bad(checks)
    assert {(check["state"], check["reason"]) for check in bad(checks)} == {("unknown", "the answer is denied")}


def test_settings_that_dotnet_would_refuse_are_unknown(server):
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.agent.Production.json", b"{")
    _result, checks = judged(server)
    assert [check["state"] for check in bad(checks)] == ["unknown", "unknown"]


def test_every_connector_that_leads_somewhere_says_where():
    # Of Google's servers no page of the vendor tells.
    nowhere = {"csv", "excel", "powershell", "robot_framework", "google_workspace"}
    assert set(connectors.NAMES) - nowhere == set(connector_targets._FINDERS)
    assert set(connector_needs.NEEDS) <= set(connectors.NAMES)


ODD = {
    "null": None,
    "a number": 7,
    "a fraction": 1.5,
    "a large number": 10**400,
    "a yes": True,
    "a no": False,
    "an empty text": "",
    "a text of no path and no host": "a|b\0c",
    "half a character": "\ud800",
    "a long text": "x" * 400,
    "a list": [],
    "a list with null": [None],
    "a list of lists": [[1]],
    "an object": {"a": 1},
    "an object without a name": {"": {}},
}


@pytest.mark.parametrize("name", ODD)
def test_settings_of_any_other_type_end_in_checks_with_a_sentence(server, name):
    value = ODD[name]
    keys = {need.name for needs in connector_needs.NEEDS.values() for need in needs if need.by_key}
    keys |= {"Server", "Servers", "Port", "ConnectionString", "OAuth2Url", "BapiLogin", "SystemNumber", "EnableSSL"}
    known = [connector.name for connector in connectors.CONNECTORS]
    found = {connector: dict.fromkeys(keys, value) | LOGIN for connector in known}
    _result, checks = judged(server, found, connectors={connector: connector for connector in known})
    checks = [check for check in checks if check["state"] != "not_asked"]  # .NET reads no file with half a character
    assert len(checks) == 2 if name == "half a character" else len(checks) > len(known) / 2
    assert all(check["found"] and check["wanted"] for check in checks)
    assert all(check["reason"] for check in checks if check["state"] == "unknown")
    assert all(check["remedy"] for check in checks if check["state"] == "failed")


@pytest.mark.parametrize("name", ODD)
def test_sections_of_any_other_type_end_in_checks_too(server, name):
    for found in (ODD[name], {"A": ODD[name], "": ODD[name]}):
        result, checks = judged(server, found)
        assert [check["state"] for check in result["checks"] if check["id"] == "client_credentials"] == ["passed"]
        assert all(check["reason"] for check in checks if check["state"] == "unknown")
