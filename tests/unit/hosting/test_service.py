"""The agent as a Windows service: made, changed, rotated, and exchanged for IIS and back."""

from __future__ import annotations

import json

import chain
import pytest
from emulator.windows.security.descriptors import pool_sid, service_sid

ACCOUNT, PASSWORD, ROTATED = "CONTOSO\\svc-agent", "canary-service-Pa55", "canary-service-PA55"
ACCOUNTS = {"accounts": [{"name": ACCOUNT, "password": PASSWORD}, {"name": "CONTOSO\\agent$", "kind": "gmsa"}]}
PLAIN = [
    {"use": "encryption"},
    {"use": "identity_server", "source": "pfx", "file": str(chain.FILES.key_pair), "password": chain.CANARIES["pfx"]},
]

UNDER_IIS = {"certificates": chain.inventory()["certificates"]}


def inventory(**changes):
    return chain.inventory(**{"hosting": "service", "certificates": PLAIN, **changes})


def state(server):
    return json.dumps(server.machine.dump(), sort_keys=True)


def converge_twice(server, wanted):
    """Predict, converge, and converge again; return the real run's results after holding all three together."""
    before = state(server)
    predicted = chain.converge(server, wanted, check=True)
    assert chain.failures(predicted) == []
    assert state(server) == before
    done = chain.converge(server, wanted)
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    assert done["win_im_agent_health"]["verified"] is True
    settled = state(server)
    again = chain.converge(server, wanted)
    assert chain.changed(again) == set()
    # Windows shows the account in another form than user@domain: one more question tells whether it is the same.
    assert server.executions == (3 if "@" in wanted["identity_username"] else 2)
    assert state(server) == settled
    return done


def service(server):
    return server.machine.services.get(chain.SERVICE)


ACCOUNTS_WANTED = {
    "virtual account": ({}, f"NT SERVICE\\{chain.SERVICE}"),
    "domain account": ({"identity_username": ACCOUNT, "identity_password": PASSWORD}, ACCOUNT),
    "account as user@domain": ({"identity_username": "svc-agent@contoso.com", "identity_password": PASSWORD}, ACCOUNT),
    "gMSA": ({"identity_username": "CONTOSO\\agent$"}, "CONTOSO\\agent$"),
    "https of its own": (
        {
            "service_urls": ["https://*:8443"],
            "certificates": [*PLAIN, {"use": "server", "alternative_names": [chain.HOST]}],
        },
        f"NT SERVICE\\{chain.SERVICE}",
    ),
    "folders elsewhere": ({"folders": {"Work": "D:\\Work"}}, f"NT SERVICE\\{chain.SERVICE}"),
}


@pytest.mark.parametrize("name", ACCOUNTS_WANTED)
def test_a_bare_server_gets_the_service_and_a_second_run_changes_nothing(name):
    changes, account = ACCOUNTS_WANTED[name]
    server = chain.server({**ACCOUNTS, "drives": {"D": {}}})
    converge_twice(server, inventory(**changes))
    found = service(server)
    assert (found.account.lower(), found.state, found.start_mode) == (account.lower(), "Running", "automatic")
    assert found.path.startswith(f'"{chain.RUNTIME}\\Usercube-Agent.exe" --service --urls ')
    assert server.machine.services.recovery(chain.SERVICE) == (86400, [("restart", 60000)] * 3)
    assert server.machine.iis is None
    rights = server.machine.accounts.rights["SeServiceLogonRight"]
    assert account.startswith("NT SERVICE") or server.machine.accounts.sid(account) in rights


@pytest.mark.parametrize("first", ["iis", "service"])
def test_a_change_of_hosting_leaves_exactly_one_that_runs_and_moves_the_rights(first):
    server = chain.server()
    modes = {"iis": chain.inventory(), "service": inventory(certificates=chain.inventory()["certificates"])}
    second = "service" if first == "iis" else "iis"
    assert chain.failures(chain.converge(server, modes[first])) == []
    for now in (second, first):
        converge_twice(server, modes[now])
        iis = server.machine.iis
        assert (service(server) is not None) == (now == "service")
        assert bool(iis and iis.has_pool(chain.POOL)) == (now == "iis")
        rights = state(server)
        sids = {"iis": pool_sid(chain.POOL), "service": service_sid(chain.SERVICE)}
        gone = sids["service" if now == "iis" else "iis"]
        held = [path for path, e in server.machine.dump()["files"].items() if gone in json.dumps(e)]
        assert held == []
        assert sids[now] in rights


def test_one_changed_setting_restarts_the_service_once():
    server = chain.server()
    chain.converge(server, inventory())
    started = service(server).started
    done = converge_twice(server, inventory(server_url="https://other.contoso.com"))
    assert chain.changed(done) == {"win_im_agent_settings", "start service"}
    assert service(server).started > started
    assert done["start service"]["restarted_because"]


def test_a_password_is_pushed_when_its_fingerprint_changes_and_is_written_nowhere():
    server = chain.server(ACCOUNTS)
    given = {"identity_username": ACCOUNT, "fingerprint_key": chain.FINGERPRINT_KEY}
    converge_twice(server, inventory(identity_password=PASSWORD, **given))
    server.machine.accounts.find(ACCOUNT).password = ROTATED
    started = service(server).started
    done = converge_twice(server, inventory(identity_password=ROTATED, **given))
    assert chain.changed(done) == {"win_im_service"}
    assert service(server).started == started, "a new password asks for no restart"
    assert server.machine.services.passwords[chain.SERVICE.lower()] == ROTATED
    seen = state(server) + json.dumps(done)
    assert not any(canary in seen for canary in (PASSWORD, ROTATED, chain.FINGERPRINT_KEY))


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [({"hosting": "iis", **UNDER_IIS}, False), ({"identity_username": "", "identity_password": ""}, False), ({}, True)],
    ids=["IIS", "its own account", "the same account"],
)
def test_the_fingerprint_of_a_password_goes_with_the_last_service_that_needs_it(changes, is_kept):
    server = chain.server(ACCOUNTS)
    given = {"identity_username": ACCOUNT, "identity_password": PASSWORD, "fingerprint_key": chain.FINGERPRINT_KEY}
    converge_twice(server, inventory(**given))
    kept = f"{chain.RUNTIME}\\.im-fingerprints.json"
    former = json.loads(server.machine.files.text(kept))["service_account"]
    converge_twice(server, inventory(**given | changes))
    assert (former in server.machine.files.text(kept)) is is_kept


def test_without_a_key_a_password_is_pushed_with_the_account_only():
    server = chain.server(ACCOUNTS)
    chain.converge(server, inventory(identity_username=ACCOUNT, identity_password=PASSWORD))
    done = chain.converge(server, inventory(identity_username=ACCOUNT, identity_password=ROTATED))
    assert chain.changed(done) == set()
    always = {"name": chain.SERVICE, "path": chain.RUNTIME, "username": ACCOUNT, "password": ROTATED}
    assert server.run("win_im_service", {**always, "update_password": "always"})["changed"]
    assert server.machine.services.passwords[chain.SERVICE.lower()] == ROTATED


CHANGED = {
    "other addresses": ({"urls": ["http://localhost:5001"]}, "command", True),
    "start mode": ({"start_mode": "delayed"}, "start mode", False),
    "display name": ({"display_name": "Agent"}, "display name", False),
    "recovery": ({"recovery": [{"action": "none", "delay_seconds": 0}]}, "recovery", False),
    "reset period": ({"recovery_reset_seconds": 60}, "recovery", False),
    "account": ({"username": "CONTOSO\\agent$"}, "account", True),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_differs_is_set_and_only_what_the_process_needs_restarts_it(name):
    options, what, restarts = CHANGED[name]
    server = chain.server(ACCOUNTS)
    chain.converge(server, inventory())
    if what == "account":
        gmsa = inventory(identity_username="CONTOSO\\agent$")
        for task in ("win_im_cert_pair", "win_im_permissions", "win_im_agent_settings"):
            server.run(task, chain.arguments(task, gmsa, {}))
    started = service(server).started
    arguments = {**chain.arguments("start service", inventory(), {}), "restart": "auto", **options}
    arguments = {**arguments, "password": None}
    server.new_run()
    predicted = server.run("win_im_service", arguments, check=True)
    server.new_run()
    done = server.run("win_im_service", arguments)
    assert predicted["changed"] is done["changed"] is True, done
    assert what in json.dumps(done["diff"])
    assert (service(server).started > started) == restarts
    server.new_run()
    assert server.run("win_im_service", arguments)["changed"] is False


def test_a_restart_may_be_left_to_people():
    server = chain.server()
    chain.converge(server, inventory())
    started = service(server).started
    wanted = inventory(server_url="https://other.contoso.com")
    chain.converge(server, wanted, until="win_im_agent_settings")
    arguments = {**chain.arguments("start service", wanted, {}), "restart": "never"}
    done = server.run("win_im_service", arguments)
    assert done["changed"] is False
    assert done["pending_restart"]
    assert "restart is 'never'" in done["warnings"][0]
    assert service(server).started == started


REFUSED = {
    "unknown account": ({"username": "CONTOSO\\nobody", "password": "x"}, "knows no account"),
    "LocalSystem": ({"username": "LocalSystem"}, "far more than the agent needs"),
    "account without password": ({"username": ACCOUNT}, "wanted the password"),
    "password of a gMSA": (
        {"username": "CONTOSO\\agent$", "password": "x"},
        "wanted none for CONTOSO\\agent$, which takes no password",
    ),
    "relative path": ({"path": "Runtime"}, "absolute Windows path"),
    "no program": ({"path": "C:\\nothing"}, "found no Usercube-Agent.exe"),
    "no address": ({"urls": []}, "found none"),
    "address without port": ({"urls": ["http://localhost"]}, "scheme, host and port"),
    "address with a path": ({"urls": ["http://localhost:5000/agent"]}, "with a path"),
    "address that would end the argument": ({"urls": ['http://x:1" --evil']}, "scheme, host and port"),
    "port taken": ({"urls": ["http://localhost:8080"]}, "something listens on port 8080"),
    "short key": ({"fingerprint_key": "short"}, "at least 16"),
    "name with a slash": ({"name": "a/b"}, "without / and"),
    "delay out of range": ({"recovery": [{"delay_seconds": -1}]}, "0 to 4294967"),
    "a service of somebody else": ({"name": "Theirs"}, "choose another name"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_written(name):
    options, words = REFUSED[name]
    server = chain.server(
        {
            **ACCOUNTS,
            "listeners": [{"address": "0.0.0.0", "port": 8080, "process": "nginx"}],
            "services": [{"name": "Theirs", "path": "C:\\theirs.exe"}],
        }
    )
    chain.converge(server, inventory(), until="win_im_working_directory")
    before = state(server)
    result = server.run("win_im_service", {"name": "Agent", "path": chain.RUNTIME, **options})
    assert result.get("failed")
    assert words in result["msg"]
    assert state(server) == before


def test_a_wrong_password_fails_with_the_step_and_verification_names_the_cause():
    server = chain.server(ACCOUNTS)
    results = chain.converge(server, inventory(identity_username=ACCOUNT, identity_password="canary-wrong"))
    (message,) = chain.failures(results)
    assert f"could not start service {chain.SERVICE}" in message
    assert "canary-wrong" not in message + state(server)
    health = server.run("win_im_agent_health", chain.arguments("win_im_agent_health", inventory(), {}))
    assert "7038" in health["msg"]
    assert "found Stopped, wanted Running" in health["msg"]


def test_an_agent_that_fails_at_its_start_is_named_by_verification():
    server = chain.server()
    chain.converge(server, inventory())
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.agent.json", b"{ broken")
    server.machine.services.stop(chain.SERVICE)
    with pytest.raises(Exception, match="cannot be started"):
        server.machine.services.start(chain.SERVICE)
    server.new_run()
    health = server.run("win_im_agent_health", chain.arguments("win_im_agent_health", inventory(), {}))
    assert "Usercube-Agent.exe" in health["msg"]
    assert "Nothing listens on this port" in health["msg"]


def test_after_a_restart_of_the_server_the_service_runs_again():
    server = chain.server()
    chain.converge(server, inventory())
    server.machine.restart()
    assert chain.changed(chain.converge(server, inventory())) == set()
    assert service(server).state == "Running"


def test_removing_what_is_not_there_changes_nothing():
    server = chain.server()
    assert server.run("win_im_service", {"name": "Agent", "state": "absent"})["changed"] is False


def test_the_diff_of_a_service_shows_no_argument_of_others():
    agent, key = (
        f'"{chain.RUNTIME}\\Usercube-Agent.exe"',
        f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}",
    )
    server = chain.server()
    converge_twice(server, inventory())
    server.machine.registry.set(key, "ImagePath", "ExpandString", f"{agent} --Key=canary-of-others --urls http://a:1")
    done = chain.converge(server, inventory())
    assert "canary-of-others" not in str(done)
    assert f"command: {agent} --urls http://a:1 ********" in str(done).replace("\\\\", "\\")
