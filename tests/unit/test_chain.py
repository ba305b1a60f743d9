"""The whole chain of the guide on one emulated server: it converges, predicts, repeats, survives cuts, refuses.

The server is one as it stands in most companies (``lived_in``), but for the executions, which count on a quiet one.
"""

from __future__ import annotations

import functools
import itertools
import json

import by_day
import chain
import pytest
from emulator.engine import ConnectionDropped
from in_process import Server
from twin import Twin

EXECUTIONS = {
    "iis": {"first": 27, "one setting": 5, "nothing": 2},
    "service": {"first": 19, "one setting": 5, "nothing": 2},
}
"""Remote executions of each run against a quiet server, verification included: what the README and the docs say."""


def server_of(data=None, faults=()):
    """Return a server as it stands in most companies, with a scenario's state."""
    return chain.server({"behaviours": "lived_in", **(data or {})}, faults)


@functools.cache
def _installed():
    server = server_of()
    assert chain.failures(chain.converge(server)) == []
    return server.machine


def installed():
    """Return a copy of such a server with an agent."""
    return Server(_installed().copy())


def what_counts(server):
    """Return the state without what differs between two ways to the same end: times, keys, counts."""
    dump = server.machine.dump()
    files = {
        path: entry.get("text", "")
        for path, entry in dump["files"].items()
        if "\\Crypto\\" not in path and ".bak" not in path and not path.lower().endswith((".log", "\\backup\\imops"))
    }
    thumbprints = {t for store in dump["certificates"].values() for t in store}
    text = json.dumps(
        [files, dump["features"], dump["iis"]["pools"], dump["iis"]["sites"], sorted(dump["services"])], sort_keys=True
    )
    for thumbprint in thumbprints:
        text = text.replace(thumbprint, "THUMBPRINT")
    subjects = sorted(c["subject"] for store in dump["certificates"].values() for c in store.values())
    rights = {
        path: e.get("rights")
        for path, e in dump["files"].items()
        if path.startswith(chain.WORKING) and ".bak" not in path and not path.endswith(".log")
    }
    return text, subjects, rights


def test_a_bare_server_is_installed_and_verified_and_a_second_run_changes_nothing():
    server = server_of()
    first = chain.converge(server)
    assert chain.failures(first) == []
    assert first["win_im_agent_health"]["verified"] is True
    twin = Twin.of(server.machine)
    second = chain.converge(server)
    assert chain.failures(second) == []
    assert chain.changed(second) == set()
    assert second["win_im_agent_health"]["verified"] is True
    assert server.executions == EXECUTIONS["iis"]["nothing"]
    assert twin.changed(server.machine) == []


@pytest.mark.parametrize("hosting", EXECUTIONS)
def test_a_run_needs_so_many_executions(hosting):
    server, found = chain.server(), {}
    server.variables["_verifies"] = True  # as playbooks/install.yml has it
    changed = {"agent_settings": {"Serilog": {"MinimumLevel": "Debug"}}}
    for name, change in (("first", {}), ("one setting", changed), ("nothing", changed)):
        done = chain.converge(server, chain.inventory(hosting=hosting, **change))
        assert chain.failures(done) == []
        assert bool(chain.changed(done)) is (name != "nothing")
        found[name] = server.executions
    assert found == EXECUTIONS[hosting]


SERVERS = {
    "bare": {},
    "server 2016": {"os": "2016"},
    "iis present": {"features": ["Web-Server"]},
    "bundle before iis": {"packages": [{"version": "8.0.22", "before_iis": True}], "features": ["Web-Server"]},
    "bundle and no iis": {"packages": [{"version": "8.0.22", "before_iis": True}]},
    "older patch of the bundle": {"features": ["Web-Server"], "packages": [{"version": "8.0.1"}]},
    "empty folders": {"files": {f"{chain.RUNTIME}": {"folder": True}}},
    "work on another disk": {"drives": {"D": {}}},
    "identity with full control": {
        "files": {f"{chain.WORKING}\\Temp": {"folder": True, "sddl": "O:BAD:AI(A;OICI;FA;;;{sid})"}},
    },
    "pool with other settings": {
        "features": ["Web-Server"],
        "pools": [
            {"name": chain.POOL, "attributes": {"processModel.idleTimeout": "00:20:00", "startMode": "OnDemand"}}
        ],
    },
    "site stopped in another pool": {
        "features": ["Web-Server"],
        "pools": [{"name": "Other"}],
        "sites": [
            {
                "name": chain.SITE,
                "pool": "Other",
                "path": "C:\\inetpub\\other",
                "bindings": [{"protocol": "http", "information": "*:8080:"}],
                "state": "Stopped",
            }
        ],
    },
}


def build(name):
    from emulator.windows.security.descriptors import pool_sid

    data = json.loads(json.dumps(SERVERS[name]).replace("{sid}", pool_sid(chain.POOL)))
    changes = {"folders": {"Work": "D:\\Work"}} if "disk" in name else {}
    return server_of(data), chain.inventory(**changes)


@pytest.mark.parametrize("name", by_day.one_in(3, SERVERS))
def test_check_mode_writes_nothing_and_predicts_exactly_what_the_run_changes(name):
    server, inventory = build(name)
    twin = Twin.of(server.machine)
    predicted = chain.converge(server, inventory, check=True)
    assert chain.failures(predicted) == []
    assert twin.changed(server.machine) == []
    done = chain.converge(server, inventory)
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    assert done["win_im_agent_health"]["verified"] is True
    again = chain.converge(server, inventory)
    assert chain.changed(again) == set()
    assert server.executions == EXECUTIONS["iis"]["nothing"]


def writes_of_a_first_run():
    server = server_of()
    chain.converge(server)
    return server.executions - server.engine.counters.modules["imops.identity_manager.win_im_probe"]


@pytest.fixture(scope="module")
def whole():
    return what_counts(installed())


# The state before a write is nearly that after the one before it.
@pytest.mark.parametrize(
    ("number", "when"), by_day.one_in(3, itertools.product(range(1, writes_of_a_first_run() + 1), ("before", "after")))
)
def test_a_run_that_is_cut_at_a_write_is_completed_by_the_next(number, when, whole):
    server = server_of(faults=[{"write": number, "when": when, "do": "drop"}])
    with pytest.raises(ConnectionDropped):
        chain.converge(server)
    server.engine.faults = []
    assert not [path for path in server.machine.dump()["files"] if path.endswith(".tmp")]
    done = chain.converge(server)
    assert chain.failures(done) == []
    assert done["win_im_agent_health"]["verified"] is True
    assert what_counts(server) == whole
    again = chain.converge(server)
    assert chain.changed(again) == set()


def test_one_changed_setting_restarts_the_agent_once():
    server = installed()
    old = server.machine.iis.workers()[0].started
    inventory = chain.inventory(server_url="https://other.contoso.com", scheduler_enabled=False)
    predicted = chain.converge(server, inventory, check=True)
    assert server.machine.iis.workers()[0].started == old
    done = chain.converge(server, inventory)
    assert chain.changed(done) == chain.changed(predicted) == {"win_im_agent_settings", "start"}
    assert server.machine.iis.workers()[0].started > old
    assert server.machine.iis.recycles == {}
    assert done["start"]["restarted_because"]
    assert chain.changed(chain.converge(server, inventory)) == set()


@pytest.mark.parametrize(
    ("changes", "executions"),
    [
        ({"server_url": chain.OTHER_SERVER_URL}, 5),
        ({"agent_settings": {"SqlServer": {"a": "b"}}}, 5),
        ({"settings": {"Scheduler": {"LockFilePath": "../Work/scheduler.lock"}}}, 6),  # its new place is read back
    ],
    ids=["appsettings.json", "appsettings.agent.json", "another lock"],
)
def test_one_changed_setting_costs_few_executions(changes, executions):
    server = installed()
    server.new_run()
    before = server.executions
    done = chain.converge(server, chain.inventory(**changes))
    assert chain.changed(done) == {"win_im_agent_settings", "start"}
    assert server.executions - before == executions


def test_a_restart_that_a_cut_run_left_undone_is_done_by_the_next():
    server = installed()
    inventory = chain.inventory(server_url="https://other.contoso.com")
    chain.converge(server, inventory, until="win_im_agent_settings")
    old = server.machine.iis.workers()[0].started
    done = chain.converge(server, inventory)
    assert chain.changed(done) == {"start"}
    assert server.machine.iis.workers()[0].started > old


REFUSED = {
    "reserved identifier": ({"identifier": "Local"}, "im_agent_identifier", "'Local'"),
    "default client unknown": ({"default_openid_client": "Nobody"}, "im_agent_default_openid_client", "Job, Admin"),
    "server url not https": ({"server_url": "http://im.contoso.com"}, "im_agent_server_url", "https"),
    "server url with slash": ({"server_url": "https://im.contoso.com/"}, "im_agent_server_url", "ends in '/'"),
    "hosting mode unknown": ({"hosting": "apache"}, "im_agent_hosting", "iis, service"),
    "service without a name": ({"hosting": "service", "service_name": ""}, "im_agent_service_name", "nothing"),
    "service name with a slash": ({"hosting": "service", "service_name": "a/b"}, "im_agent_service_name", "without /"),
    "service without urls": ({"hosting": "service", "service_urls": []}, "im_agent_service_urls", "no list"),
    "service url without port": (
        {"hosting": "service", "service_urls": ["http://localhost"]},
        "im_agent_service_urls, entry 1",
        "scheme, host and port",
    ),
    "https service without a pair": (
        {
            "hosting": "service",
            "service_urls": ["https://*:443"],
            "certificates": [{"use": "encryption"}, {"use": "identity_server"}],
        },
        "im_agent_certificates",
        "'server'",
    ),
    "missing client secret": ({"openid_clients": {"Job": ""}}, "im_agent_openid_clients.Job", "no secret"),
    "no clients": ({"openid_clients": {}}, "im_agent_openid_clients", "nothing"),
    "missing connection secret": (
        {"connections": {"ADExport": {"Password": ""}}},
        "im_agent_connections.ADExport.Password",
        "no secret",
    ),
    "no archive checksum": ({"archive_checksum": ""}, "im_agent_archive_checksum", "SHA-256"),
    "short archive checksum": ({"archive_checksum": "abc"}, "im_agent_archive_checksum", "64 hexadecimal digits"),
    "no bundle": ({"hosting_bundle_source": ""}, "im_agent_hosting_bundle_source", "installer"),
    "relative path": ({"working_directory": "identitymanager"}, "im_agent_working_directory", "absolute Windows path"),
    "unix path": ({"working_directory": "/srv/im"}, "im_agent_working_directory", "forward slashes"),
    "relative work folder": ({"folders": {"Work": "Work"}}, "im_agent_folders.Work", "absolute Windows path"),
    "upper-case host name": ({"host_name": "Agent.contoso.com"}, "im_agent_host_name", "lower case"),
    "url as host name": ({"host_name": "https://agent"}, "im_agent_host_name", "without scheme"),
    "no organisation": ({"organization": ""}, "im_agent_organization", "nothing"),
    "account without password": (
        {"identity_username": "CONTOSO\\svc"},
        "im_agent_identity_password",
        "the password of",
    ),
    "no encryption pair": ({"certificates": [{"use": "server"}]}, "im_agent_certificates", "encryption"),
    "use twice": ({"certificates": [{"use": "server"}, {"use": "server"}]}, "im_agent_certificates, entry 2", "again"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("check", [False, True])
def test_a_wrong_inventory_is_refused_before_anything_is_sent(name, check):
    changes, variable, rule = REFUSED[name]
    server = server_of()
    results = chain.converge(server, chain.inventory(**changes), check=check)
    (message,) = chain.failures(results)
    assert server.machine.name in message
    assert variable in message
    assert rule in message
    assert server.executions == 0
    assert not any(canary in message for canary in chain.CANARIES.values())


STOPPED = {
    "another archive over an installed agent": (
        {
            "files": {
                f"{chain.RUNTIME}\\.im-runtime": {"text": "0" * 64},
                f"{chain.RUNTIME}\\Usercube-Agent.dll": {"text": "x"},
            }
        },
        "win_im_working_directory",
        "an installed version is not replaced",
    ),
    "default site in use": (
        {
            "features": ["Web-Server"],
            "sites": [],
            "files": {},
            "pools": [{"name": "DefaultAppPool", "attributes": {"enable32BitAppOnWin64": True}}],
        },
        "win_im_site",
        "not as IIS created it",
    ),
    "port held outside IIS": (
        {"listeners": [{"address": "0.0.0.0", "port": 443, "process": "nginx"}]},
        "win_im_site",
        "something outside IIS listens on port 443",
    ),
    "host name of another site": (
        {
            "features": ["Web-Server"],
            "sites": [
                {
                    "name": "Other",
                    "pool": "DefaultAppPool",
                    "path": "C:\\inetpub\\other",
                    "bindings": [{"protocol": "https", "information": f"*:443:{chain.HOST}", "ssl_flags": 1}],
                }
            ],
        },
        "win_im_site",
        "",
    ),
    "no such download": (
        {"web": {chain.BUNDLE_URL: {"file": str(chain.FILES.bundle)}}},
        "win_im_working_directory",
        "404",
    ),
    "folder that cannot be written": (
        {"faults": [{"path": chain.WORKING, "do": "access_denied"}]},
        "win_im_working_directory",
        "verweigert",
    ),
    "disk full": ({"faults": [{"path": "C:\\", "do": "disk_full"}]}, "", "Speicherplatz"),
}


@pytest.mark.parametrize("name", STOPPED)
def test_an_awkward_server_is_refused_with_the_cause(name):
    data, task, cause = STOPPED[name]
    server = server_of(data)
    results = chain.converge(server)
    (message,) = chain.failures(results)
    if task:
        assert message.startswith(f"{task}: "), message
    assert cause in message
    assert server.machine.name in message


def test_secrets_warn_or_refuse_where_the_server_records_powershell():
    key = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging"
    data = {"registry": {key: {"EnableScriptBlockLogging": {"type": "DWord", "data": 1}}}}
    server = server_of(data)
    results = chain.converge(server)
    assert chain.failures(results) == []
    warned = [w for result in results.values() for w in result.get("warnings", [])]
    assert any("script block logging" in warning for warning in warned)
    strict = server_of(data)
    strict.variables["im_agent_secret_policy"] = "refuse"
    results = chain.converge(strict)
    (message,) = chain.failures(results)
    assert "script block logging" in message
    assert "im_agent_secret_policy" in message
    assert "certificate" not in {o.get("operation") for n, a, _ in strict.engine.calls for o in a.get("operations", [])}


def test_no_secret_is_in_any_result_event_process_or_message():
    server, variable = server_of(), "canary-variable-3d40"
    inventory = chain.inventory(environment={"API_KEY": variable})
    results = [
        *chain.converge(server, inventory, check=True).values(),
        *chain.converge(server, inventory).values(),
        *chain.converge(server, inventory).values(),
    ]
    inventory |= {"openid_clients": {"Job": "canary-rotated-1b", "Admin": chain.CANARIES["admin"]}}
    results += chain.converge(server, inventory).values()
    dump = server.machine.dump()
    seen = json.dumps([results, dump["events"], dump["processes"]])
    for canary in [*chain.CANARIES.values(), "canary-rotated-1b", variable]:
        assert canary not in seen
    changed = json.dumps(results[-5:])
    assert "changed" in changed


def test_values_as_a_survey_gives_them_are_understood():
    server = server_of()
    inventory = chain.inventory(
        https_port="8443", scheduler_enabled="false", strict="false", hosting_bundle_version="8.0"
    )
    results = chain.converge(server, inventory)
    assert chain.failures(results) == []
    assert "*:8443:" in json.dumps(server.machine.dump()["files"])
    assert chain.changed(chain.converge(server, inventory)) == set()
