"""The agent's service in each state that it is found and wanted in, and under each account: what is done and told."""

from __future__ import annotations

import functools
import json

import chain
import one_task
import pytest

ACCOUNT, PASSWORD, OTHER_PASSWORD = "CONTOSO\\svc-agent", "canary-states-Pa55", "canary-states-0ther"
ACCOUNTS = [
    {"name": ACCOUNT, "password": PASSWORD},
    {"name": "CONTOSO\\svc-other", "password": PASSWORD},
    {"name": "CONTOSO\\agent$", "kind": "gmsa"},
]
PAIRS = [
    {"use": "encryption"},
    {"use": "identity_server", "source": "pfx", "file": str(chain.FILES.key_pair), "password": chain.CANARIES["pfx"]},
]
NAME = chain.SERVICE
STOP, START, RESTART = (f"{word} service {NAME}" for word in ("stop", "start", "restart"))
NOTE, SET_NOTE = {"description": "ours"}, f"set description of service {NAME}"
URLS, SET_URLS = {"urls": ["http://localhost:5001"]}, f"set command of service {NAME}"


@pytest.fixture(scope="module")
def installed():
    """Return a server whose agent runs as a service."""
    made = chain.server({"accounts": ACCOUNTS})
    assert chain.failures(chain.converge(made, inventory())) == []
    return made


@pytest.fixture
def server(installed):
    return one_task.copied(installed)


def inventory():
    return chain.inventory(hosting="service", certificates=PAIRS)


def run(target, check=False, **options):
    target.new_run()
    arguments = chain.arguments("start service", inventory(), {}) | {"state": "present", **options}
    return target.run("win_im_service", {k: v for k, v in arguments.items() if v is not None}, check=check)


both = functools.partial(chain.foretold, run)


STATES = [
    ("Running", "present", {}, [], "Running"),
    ("Running", "started", {}, [], "Running"),
    ("Running", "stopped", {}, [STOP], "Stopped"),
    ("Stopped", "present", {}, [], "Stopped"),
    ("Stopped", "started", {}, [START], "Running"),
    ("Stopped", "stopped", {}, [], "Stopped"),
    ("Running", "present", NOTE, [SET_NOTE], "Running"),
    ("Running", "started", NOTE, [SET_NOTE], "Running"),
    ("Running", "stopped", NOTE, [SET_NOTE, STOP], "Stopped"),
    ("Stopped", "started", NOTE, [SET_NOTE, START], "Running"),
    ("Running", "present", URLS, [SET_URLS], "Running"),
    ("Running", "present", {**URLS, "restart": "never"}, [SET_URLS], "Running"),
    ("Running", "started", URLS, [SET_URLS, RESTART], "Running"),
    ("Running", "started", {**URLS, "restart": "never"}, [SET_URLS], "Running"),
    ("Running", "stopped", URLS, [SET_URLS, STOP], "Stopped"),
    ("Stopped", "started", URLS, [SET_URLS, START], "Running"),
]


@pytest.mark.parametrize(("found", "wanted", "options", "does", "after"), STATES)
def test_a_service_is_set_stopped_and_started_only_as_far_as_needed(server, found, wanted, options, does, after):
    if found == "Stopped":
        server.machine.services.stop(NAME)
    done = both(server, state=wanted, **options)
    assert done.get("operations", []) == does
    assert done["changed"] is bool(does)
    assert server.machine.services.get(NAME).state == after
    because = ["command of the service changed"]
    pending = {"pending_restart": because} if "restart" in options and wanted == "started" else {}
    started = {"restarted_because": because if RESTART in does else []} if {START, RESTART} & set(does) else {}
    told = {key: done[key] for key in ("pending_restart", "restarted_because") if key in done}
    assert told == pending | started
    assert bool(done.get("warnings")) is bool(pending)
    if done.get("diff"):
        state = f"Running again: {because[0]}" if RESTART in does else after
        shown = state != found  # a line that stays as it is may be left out of the diff
        assert not shown or f"state: {state}\n" in done["diff"][0]["after"]
        assert not shown or f"state: {found}\n" in done["diff"][0]["before"]


def test_a_changed_command_is_a_reason_for_the_start_later_in_the_same_run(server):
    run(server, state="present", **URLS)
    arguments = chain.arguments("start service", inventory(), {}) | URLS
    done = server.run("win_im_service", {k: v for k, v in arguments.items() if v is not None})
    assert done["restarted_because"] == ["command of the service changed"]
    assert done["operations"] == [RESTART]


@pytest.mark.parametrize("state", ["Running", "Stopped"])
def test_a_service_that_is_not_wanted_goes_once(server, state):
    if state == "Stopped":
        server.machine.services.stop(NAME)
    done = both(server, state="absent")
    assert done["operations"] == [f"remove service {NAME}"]
    assert server.machine.services.get(NAME) is None
    assert f"service: {NAME}" in done["diff"][0]["before"]
    again = run(server, state="absent")
    assert again["changed"] is False
    assert again["service"] == NAME


NO_PASSWORD = ("LocalSystem", "system", "NT SERVICE\\Agent", "nt authority\\LocalService", "CONTOSO\\agent$")
REFUSED = [
    (
        {"username": name, "password": PASSWORD},
        f"password: found a password, wanted none for {name}, which takes no password",
    )
    for name in NO_PASSWORD
]
REFUSED += [({"username": name}, f"wanted the password of {name}") for name in (ACCOUNT, "a@contoso.com", ".\\local")]
REFUSED += [
    ({"username": "NT AUTHORITY\\NETWORK SERVICE"}, "which may do far more than the agent needs"),
    ({"name": "a" * 81}, "wanted 1 to 80 characters"),
    ({"name": "a\\b"}, "wanted 1 to 80 characters"),
    ({"name": ""}, "wanted 1 to 80 characters"),
    ({"urls": ["http://localhost:5000", "localhost:5001"]}, "urls: found 'localhost:5001'"),
    ({"name": "Second"}, "something listens on port 5000 of the server already"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=[str(options) for options, _words in REFUSED])
def test_what_cannot_be_is_refused_by_what_was_found(server, options, words):
    before = json.dumps(server.machine.dump(), sort_keys=True)
    result = run(server, **options)
    assert words in result["msg"]
    assert PASSWORD not in result["msg"]
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


TAKEN = {
    "virtual account": ({}, False),
    "of another service": ({"username": "NT SERVICE\\Other"}, False),
    "account": ({"username": ACCOUNT, "password": PASSWORD}, True),
    "account without the right": ({"username": ACCOUNT, "password": PASSWORD, "logon_right": False}, False),
    "gMSA": ({"username": "CONTOSO\\agent$"}, True),
    "LocalSystem by force": ({"username": "LocalSystem", "force_identity": True}, False),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_new_service_gets_its_account_and_the_right_to_log_on_where_it_may_lack_it(server, name):
    options, allowed = TAKEN[name]
    longest = "a" * 80
    done = both(server, name=longest, urls=["http://localhost:5009"], **options)
    account = options.get("username") or f"NT SERVICE\\{longest}"
    allow = [f"allow {account} to log on as a service"] if allowed else []
    assert done["operations"] == [*allow, f"create service {longest}"]
    assert done["account"] == account
    found = server.machine.services.get(longest)
    assert (found.account, found.state, found.display_name) == (account, "Stopped", longest)
    assert "state: Stopped" in done["diff"][0]["after"]
    assert ("password: ********" in done["diff"][0]["after"]) is ("password" in options)
    assert run(server, name=longest, urls=["http://localhost:5009"], **options)["changed"] is False


UPDATES = [
    ("fingerprint", None, False),
    ("fingerprint", chain.FINGERPRINT_KEY, True),
    ("always", None, True),
    ("on_create", chain.FINGERPRINT_KEY, False),
]


@pytest.mark.parametrize(("update", "key", "sends"), UPDATES)
def test_a_password_is_sent_again_as_asked_and_always_with_another_account(server, update, key, sends):
    given = {"username": ACCOUNT, "update_password": update, "fingerprint_key": key}
    first = both(server, password=PASSWORD, **given)
    assert f"set account, password of service {NAME}" in first["operations"]
    assert server.machine.services.passwords[NAME.lower()] == PASSWORD
    second = both(server, password=OTHER_PASSWORD, **given)
    assert (f"set password of service {NAME}" in second.get("operations", [])) is sends
    assert server.machine.services.passwords[NAME.lower()] == (OTHER_PASSWORD if sends else PASSWORD)
    assert ("password: ******** (changed)" in json.dumps(second["diff"])) is sends
    assert OTHER_PASSWORD not in json.dumps(second)
    third = both(server, password=PASSWORD, **{**given, "username": "CONTOSO\\svc-other"})
    assert f"set account, password of service {NAME}" in third["operations"]
    assert server.machine.services.passwords[NAME.lower()] == PASSWORD


SAME = [
    (ACCOUNT, ACCOUNT.lower(), True),
    (ACCOUNT, "svc-agent@contoso.com", True),
    ("svc-agent@contoso.com", ACCOUNT, True),
    (ACCOUNT, "CONTOSO\\svc-other", False),
    ("CONTOSO\\agent$", "CONTOSO\\AGENT$", True),
    (f"NT SERVICE\\{NAME}", f"nt service\\{NAME.upper()}", True),
    (f"NT SERVICE\\{NAME}", "NT SERVICE\\Other", False),
    ("LocalSystem", "NT AUTHORITY\\SYSTEM", True),
    ("LocalSystem", ACCOUNT, False),
]


def test_a_service_with_a_password_and_nothing_to_do_is_asked_about_once(server):
    given = {"username": ACCOUNT, "password": PASSWORD, "fingerprint_key": chain.FINGERPRINT_KEY}
    run(server, **given)
    assert run(server, **given)["changed"] is False
    assert server.executions == 1


@pytest.mark.parametrize(("first", "second", "same"), SAME)
def test_an_account_in_another_form_is_the_same_account(server, first, second, same):
    def given(name):
        password = PASSWORD if "svc-" in name else None
        return {"username": name, "password": password, "force_identity": "SYSTEM" in name.upper()}

    assert not run(server, **given(first)).get("failed")
    done = both(server, **given(second))
    assert done["changed"] is not same
    assert any("account" in does for does in done.get("operations", ())) is not same


SITE = {"name": "Site", "path": "C:\\site", "bindings": [{"protocol": "http", "information": "*:5000:"}]}


@pytest.mark.parametrize(("replaces", "free"), [("Site", True), ("Other", False), ("", False)])
def test_the_ports_of_the_site_that_it_replaces_are_free(replaces, free):
    target = chain.server({"features": ["Web-Server"], "sites": [SITE]})
    target.machine.files.make_folder(chain.RUNTIME)
    target.machine.files.write(f"{chain.RUNTIME}\\Usercube-Agent.exe", b"MZ")
    result = run(target, replaces_site=replaces, urls=["http://localhost:5000"])
    if free:
        assert result["operations"] == [f"create service {NAME}"]
    else:
        assert "something listens on port 5000 of the server" in result["msg"]


def on_its_way(server, turn, turns=5):
    """Let somebody else turn the service, who does not wait for it; with a behaviour that makes it slow."""
    services = server.machine.services
    if turn == "start":
        services.stop(NAME)
    server.machine.pace.service_stop = server.machine.pace.service_start = turns
    (services.start if turn == "start" else services.stop)(NAME)
    assert services.get(NAME).state.endswith("Pending")


ON_ITS_WAY = [
    ("stop", "started", {}, [START], "Running"),
    ("stop", "stopped", {}, [], "Stopped"),
    ("stop", "absent", {}, [f"remove service {NAME}"], None),
    ("start", "started", {}, [], "Running"),
    ("start", "started", URLS, [SET_URLS, RESTART], "Running"),
    ("start", "stopped", {}, [STOP], "Stopped"),
    ("start", "absent", {}, [f"remove service {NAME}"], None),
]


@pytest.mark.parametrize(("turn", "state", "options", "operations", "after"), ON_ITS_WAY)
def test_a_service_that_is_on_its_way_is_waited_for_before_anything_is_planned(
    server, turn, state, options, operations, after
):
    on_its_way(server, turn)
    done = run(server, state=state, **options)
    assert not done.get("failed"), done
    assert done.get("operations", []) == operations
    found = server.machine.services.get(NAME)
    assert (found and found.state) == after


def test_a_service_that_does_not_come_to_rest_is_refused_by_state_and_time(server):
    on_its_way(server, "stop", turns=500)
    message = run(server, state="started")["msg"]
    assert f"found service {NAME} in state StopPending for 120 seconds, wanted it started or stopped" in message
