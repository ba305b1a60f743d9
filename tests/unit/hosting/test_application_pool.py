"""The application pool in each state that it is found and wanted in: what is done, in which order, what is told."""

from __future__ import annotations

import functools
import json

import chain
import pytest

ACCOUNT, OTHER, PASSWORD = "CONTOSO\\svc-agent", "CONTOSO\\svc-other", "canary-pool-Pa55"
IIS = {
    "features": ["Web-Server", "Web-AppInit"],
    "accounts": [{"name": name, "password": PASSWORD} for name in (ACCOUNT, OTHER)],
    "pools": [{"name": "Agent"}],
}
SITE = {"name": "Site", "path": "C:\\site", "pool": "Agent"}
SERVED = {**IIS, "sites": [{**SITE, "bindings": [{"protocol": "http", "information": "*:8090:"}]}]}
STOP, START = "stop application pool Agent", "start application pool Agent"
SET = "set processModel.idleTimeout of application pool Agent"
BACK_UP = "back up"
IDLE = {"idle_timeout_minutes": 5}
AT_START = {"change": "at_start"}


def run(server, check=False, **options):
    server.new_run()
    return server.run("win_im_apppool", {"name": "Agent", **options}, check=check)


def settled(state, data=IIS):
    """Return a server whose pool is as it is wanted, and in a state."""
    server = chain.server(data)
    done = run(server, state=state.lower())
    assert not done.get("failed"), done
    assert server.machine.iis.pool_state("Agent") == state
    return server


def operations(result):
    return [does for does in result.get("operations", ()) if not does.startswith(BACK_UP)]


both = functools.partial(chain.foretold, run)


STATES = [
    ("Started", "present", {}, [], "Started"),
    ("Started", "started", {}, [], "Started"),
    ("Started", "stopped", {}, [STOP], "Stopped"),
    ("Stopped", "present", {}, [], "Stopped"),
    ("Stopped", "started", {}, [START], "Started"),
    ("Stopped", "stopped", {}, [], "Stopped"),
    ("Started", "present", IDLE, [STOP, SET, START], "Started"),
    ("Started", "started", IDLE, [STOP, SET, START], "Started"),
    ("Started", "stopped", IDLE, [STOP, SET], "Stopped"),
    ("Stopped", "present", IDLE, [SET], "Stopped"),
    ("Stopped", "started", IDLE, [SET, START], "Started"),
    ("Stopped", "stopped", IDLE, [SET], "Stopped"),
    ("Started", "present", IDLE | AT_START, [], "Started"),
    ("Started", "started", IDLE | AT_START, [STOP, SET, START], "Started"),
    ("Stopped", "present", IDLE | AT_START, [SET], "Stopped"),
]


@pytest.mark.parametrize(("found", "wanted", "options", "does", "after"), STATES)
def test_a_pool_is_stopped_set_and_started_only_as_far_as_needed(found, wanted, options, does, after):
    server = settled(found)
    done = both(server, state=wanted, **options)
    assert operations(done) == does
    assert done["changed"] is bool(does)
    assert any(o.startswith(BACK_UP) for o in done.get("operations", ())) is (SET in does)
    assert server.machine.iis.pool_state("Agent") == after
    assert done["pool"] == "Agent"
    assert done.get("restarted_because") == ([] if START in does else None)


@pytest.mark.parametrize("found", ["Started", "Stopped"])
def test_a_pool_that_is_not_wanted_goes_once(found):
    server = settled(found)
    done = both(server, state="absent")
    assert operations(done) == ["remove application pool Agent"]
    assert any(o.startswith(BACK_UP) for o in done["operations"])
    assert not server.machine.iis.has_pool("Agent")
    assert "application pool: Agent" in json.dumps(done["diff"])
    assert run(server, state="absent")["changed"] is False


@pytest.mark.parametrize(("check", "state"), [(c, s) for c in (True, False) for s in ("present", "started", "absent")])
def test_without_iis_a_pool_is_foretold_in_check_mode_and_refused_otherwise(check, state):
    server = chain.server()
    result = run(server, check=check, state=state)
    if state == "absent":
        assert result["changed"] is False
    elif check:
        made = ["create application pool Agent"]
        assert operations(result) == (made if state == "present" else [*made, START])
    else:
        assert "IIS is not installed: run win_im_prerequisites" in result["msg"]


@pytest.mark.parametrize(("state", "after"), [("present", "Stopped"), ("stopped", "Stopped"), ("started", "Started")])
def test_a_new_pool_stays_stopped_unless_it_is_to_be_started(state, after):
    server = chain.server({**IIS, "pools": []})
    done = both(server, state=state)
    assert operations(done) == ["create application pool Agent", *([START] if after == "Started" else [])]
    assert server.machine.iis.pool_state("Agent") == after
    assert f"state: {after}" in json.dumps(done["diff"])
    assert done.get("restarted_because") == ([] if state == "started" else None)
    assert run(server, state=state)["changed"] is False


ATTRIBUTES = {
    "nothing asked for": (
        {},
        {
            "managedRuntimeVersion": "",
            "startMode": "AlwaysRunning",
            "processModel.idleTimeout": "00:00:00",
            "processModel.loadUserProfile": True,
            "recycling.periodicRestart.time": "00:00:00",
            "processModel.identityType": "ApplicationPoolIdentity",
        },
    ),
    "times": (
        {"idle_timeout_minutes": 20, "periodic_restart_minutes": 1740},
        {"processModel.idleTimeout": "00:20:00", "recycling.periodicRestart.time": "1.05:00:00"},
    ),
    "on demand": (
        {"start_mode": "OnDemand", "load_user_profile": False},
        {"startMode": "OnDemand", "processModel.loadUserProfile": False},
    ),
    "managed code": ({"managed_runtime_version": "v4.0"}, {"managedRuntimeVersion": "v4.0"}),
    "raw before the option": (
        {"idle_timeout_minutes": 20, "attributes": {"processmodel.idletimeout": "00:01:00"}},
        {"processModel.idleTimeout": "00:01:00"},
    ),
    "local service": ({"identity": "local_service"}, {"processModel.identityType": "LocalService"}),
    "network service by force": (
        {"identity": "network_service", "force_identity": True},
        {"processModel.identityType": "NetworkService"},
    ),
    "local system by force": (
        {"identity": "local_system", "force_identity": True},
        {"processModel.identityType": "LocalSystem"},
    ),
}


@pytest.mark.parametrize("pools", [[], [{"name": "Agent"}]], ids=["new", "there"])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_options_are_the_attributes_of_iis(name, pools):
    options, wanted = ATTRIBUTES[name]
    server = chain.server({**IIS, "pools": pools})
    both(server, **options)
    found = {attribute: server.machine.iis.pool_attribute("Agent", attribute) for attribute in wanted}
    assert found == wanted
    assert run(server, **options)["changed"] is False


REFUSED = {
    "network service": ({"identity": "network_service"}, "force_identity"),
    "a password alone": ({"password": PASSWORD}, "wanted with specific_user"),
    "an account by its attribute": ({"attributes": {"processModel.userName": "x"}}, "processModel.userName is set by"),
    "a kind by its attribute": (
        {"attributes": {"processmodel.identitytype": "LocalSystem"}},
        "processModel.identityType is set by",
    ),
    "no password": ({"identity": "specific_user", "username": ACCOUNT}, "wanted the password of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_identity_that_cannot_be_is_refused(name):
    options, words = REFUSED[name]
    server = chain.server(IIS)
    result = run(server, **options)
    assert words in result["msg"]
    assert server.executions == 0


def account(name=ACCOUNT, password=PASSWORD):
    return {"identity": "specific_user", "username": name, "password": password}


def test_an_account_s_name_in_another_case_is_the_same_account_and_another_gets_its_right_first():
    server = chain.server(IIS)
    allow = "allow {} to log on as a batch job"
    assert operations(both(server, **account()))[0] == allow.format(ACCOUNT)
    assert run(server, **account(ACCOUNT.upper()))["changed"] is False
    done = both(server, **account(OTHER))
    assert operations(done)[0] == allow.format(OTHER)
    assert server.machine.iis.pool_account("Agent") == OTHER
    assert not [does for does in operations(both(server, **IDLE, **account(OTHER))) if does.startswith("allow")]


@pytest.mark.parametrize("pools", [[], [{"name": "Agent"}]], ids=["new", "there"])
def test_the_right_to_log_on_may_be_left_to_a_policy(pools):
    server = chain.server({**IIS, "pools": pools})
    done = both(server, logon_right=False, **account())
    assert not [does for does in operations(done) if does.startswith("allow")]
    assert server.machine.accounts.sid(ACCOUNT) not in server.machine.accounts.rights.get("SeBatchLogonRight", ())


def test_a_password_is_cleared_first_only_where_the_account_had_one():
    server = chain.server(IIS)
    clear = "clear the password of Agent"
    assert clear not in operations(both(server, **account()))
    server.machine.accounts.find(ACCOUNT).password = PASSWORD.upper()
    done = both(server, **account(password=PASSWORD.upper()))
    assert operations(done)[-3:] == [
        clear,
        "set processModel.password of application pool Agent",
        START,
    ]
    assert PASSWORD.upper() not in json.dumps(done)


def test_the_difference_shows_each_attribute_as_iis_writes_it():
    server = settled("Started")
    (shown,) = both(server, state="started", load_user_profile=False, **IDLE)["diff"]
    before, after = shown["before"].splitlines(), shown["after"].splitlines()
    changed = [(b, a) for b, a in zip(before, after, strict=True) if b != a]
    assert changed == [
        ("state: Started", "state: Started again"),
        ("processModel.idleTimeout: 00:00:00", "processModel.idleTimeout: 00:05:00"),
        ("processModel.loadUserProfile: true", "processModel.loadUserProfile: false"),
    ]
    assert 'managedRuntimeVersion: ""' in after


WATCHED = "C:\\site\\appsettings.json"


@pytest.mark.parametrize("restart", ["auto", "never"])
def test_a_file_that_is_newer_than_the_worker_restarts_the_pool_or_is_told(restart):
    server = settled("Started", SERVED)
    assert both(server, state="started", watch=[WATCHED], restart=restart)["changed"] is False
    server.machine.files.write(WATCHED, b"{}")
    assert both(server, watch=[WATCHED], restart=restart)["changed"] is False, "present asks for no start"
    done = both(server, state="started", watch=[WATCHED.replace("\\a", "\\A")], restart=restart)
    (reason,) = done["restarted_because" if restart == "auto" else "pending_restart"]
    assert reason.endswith("is newer than the running agent")
    if restart == "auto":
        assert operations(done) == [STOP, START]
        assert f"state: Started again: {reason}" in done["diff"][0]["after"]
        assert run(server, state="started", watch=[WATCHED])["changed"] is False
    else:
        assert operations(done) == []
        (warning,) = done["warnings"]
        assert (
            warning
            == f"{server.machine.name}: application pool Agent has to be restarted, but restart is 'never': {reason}"
        )
