"""A run whose verification fails puts back what it has found, if that is wanted; the agent of before answers again."""

from __future__ import annotations

import contextlib
import json
from itertools import product

import by_day
import canaries
import chain
import install_playbook
import pytest
import upgrade_play
from emulator.engine import ConnectionDropped
from emulator.windows.network.identity_server import IdentityServer
from emulator.windows.security.group_policy import GroupPolicy
from runtime_archives import FORMER
from upgrade_play import outside, play, runs, variables

HOSTINGS = ("iis", "service")
NOTE = f"{chain.RUNTIME}.before"
PROXY_SECRET = "canary-proxy-password-aa12"
NEW_SECRET = "canary-ad-password-new-4471"


def given(hosting, **changes):
    return variables(hosting, FORMER, im_agent_upgrade=False, im_agent_on_failed_verify="restore", **changes)


def changes(hosting):
    """Return an inventory that changes settings, a secret among them, and all that runs the agent."""
    connections = chain.inventory()["connections"]
    connections["ADExport"] = {**connections["ADExport"], "Password": NEW_SECRET}
    proxy = f"http://svc:{PROXY_SECRET}@proxy.contoso.com:3128"
    own = (
        {"im_agent_https_port": 8443, "im_pool_attributes": {"queueLength": 777}, "im_settings_https_proxy": proxy}
        if hosting == "iis"
        else {
            "im_agent_service_urls": ["http://localhost:5001"],
            "im_service_display_name": "Another name",
            "im_agent_service_start_mode": "delayed",
            "im_service_https_proxy": proxy,
        }
    )
    return {"im_agent_connections": connections, **own}


def ours(machine):
    """Return content and rights of what a run may change of the agent's files."""
    files, found = machine.files, {}
    for name in files.children(chain.RUNTIME):
        if name.startswith(("appsettings", "web.config", ".im-fingerprints")) and not name.endswith(".bak"):
            path = f"{chain.RUNTIME}\\{name}"
            found[name] = (files.read(path), files.sddl(path))
    return found | {f: files.sddl(f) for f in (chain.WORKING, chain.RUNTIME, f"{chain.WORKING}\\Work")}


def hosted(machine):
    """Return what runs the agent, without the certificates of the store: a new pair stays."""
    iis, services, _certificates, registry = json.loads(outside(machine))
    # Of a service's key, what win_service writes in its own form says the same as the service does.
    tls = {key: value for key, value in registry.items() if "\\HTTP\\Parameters\\Ssl" in key}
    own = {key: value.get("Environment") for key, value in registry.items() if key.endswith(f"\\{chain.SERVICE}")}
    return iis, services, tls, own


def state(server):
    return ours(server.machine), hosted(server.machine)


class Watched:
    """Something that happens right after the first write of settings."""

    def __init__(self, server, after, name="appsettings.agent.json"):
        self._name = name
        self._server, self._after, self._call = server, after, server.engine.call
        self.done = False
        server.engine.call = self

    def __call__(self, name, arguments, **more):
        answer = self._call(name, arguments, **more)
        paths = {one.get("path", "") for one in arguments.get("operations", ())}
        if not self.done and not more.get("check") and any(one.endswith(self._name) for one in paths):
            self.done = True
            self._after(self._server.machine)
        return answer


def seen(done, *more):
    """Return the secrets, old and new, that any output has."""
    return canaries.seen(json.dumps([one.result for one in done.done]), done.msg, *more)


@pytest.mark.parametrize("hosting", by_day.these({"service"}, HOSTINGS))
def test_a_run_that_is_verified_keeps_what_it_made_and_its_note_goes(hosting):
    server = upgrade_play.server(hosting)
    done = play(server, given(hosting, **changes(hosting)))
    assert done.msg == ""
    assert not server.machine.files.exists(NOTE)
    assert NEW_SECRET.encode() in server.machine.files.read(f"{chain.RUNTIME}\\appsettings.agent.json")
    assert seen(done) == []
    again = play(server, given(hosting, **changes(hosting)))
    assert (again.msg, again.operations) == ("", [])


def without(*names):
    def removes(machine):
        for name in names:
            machine.files.remove(f"{chain.RUNTIME}\\{name}")

    return removes


def in_settings(change):
    """Return what changes the settings that a run has written."""

    def edits(machine):
        path = f"{chain.RUNTIME}\\appsettings.agent.json"
        machine.files.write(path, change(machine.files.read(path)))

    return edits


def a_list(machine):
    """Make the general settings a list, which .NET refuses."""
    machine.files.write(f"{chain.RUNTIME}\\appsettings.json", b"[]")


def no_rights(machine):
    """Take all rights on the settings from the agent."""
    for name in ("appsettings.json", "appsettings.agent.json"):
        machine.files.set_sddl(f"{chain.RUNTIME}\\{name}", "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)")


BROKEN = {
    "settings that are no JSON": in_settings(lambda content: b"{" + content),
    "settings that are gone": without("appsettings.agent.json"),
    "general settings that are a list": a_list,
    "rights that are gone": no_rights,
    "settings that are empty": in_settings(lambda _content: b""),
}


@pytest.mark.parametrize(("hosting", "name"), by_day.one_in(5, product(HOSTINGS, BROKEN)))
def test_what_was_there_is_put_back_where_the_agent_is_not_as_good(hosting, name):
    server = upgrade_play.server(hosting)
    server.verbosity = 0  # the result of a verification that fails is short then
    before = state(server)
    Watched(server, BROKEN[name])
    done = play(server, given(hosting, **changes(hosting)))
    assert "What this server had before the run was put back" in done.msg
    assert "It was verified." in done.msg
    assert state(server) == before
    assert runs(server.machine, hosting)
    assert not server.machine.files.exists(NOTE)
    assert seen(done) == []
    assert play(server, given(hosting)).operations == []


def test_going_back_is_not_refused_for_a_policy_that_would_keep_a_first_start_away():
    server = upgrade_play.server("service")
    files = ours(server.machine)

    def denied(machine):
        BROKEN["settings that are no JSON"](machine)
        machine.accounts.policies = (GroupPolicy("Baseline", {"SeServiceLogonRight": ()}),)
        machine.accounts.apply_policies()

    Watched(server, denied)
    done = play(server, given("service", **changes("service")))
    assert "group policy" in done.msg
    assert ours(server.machine) == files


def test_by_default_it_only_reports():
    server = upgrade_play.server()
    Watched(server, BROKEN["settings that are no JSON"])
    done = play(server, {**given("iis", **changes("iis")), "im_agent_on_failed_verify": "report"})
    assert done.msg
    assert "put back" not in done.msg
    assert not server.machine.files.exists(NOTE)


def test_the_note_is_for_administrators_only_and_nothing_of_it_is_in_the_log_of_events():
    server, found = upgrade_play.server(), {}

    def looks(machine):
        found["sddl"] = machine.files.sddl(NOTE)

    Watched(server, looks)
    done = play(server, given("iis", **changes("iis")))
    assert done.msg == ""
    assert found["sddl"] == "O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)"
    assert seen(done, json.dumps(server.machine.dump()["events"])) == []


SERVERS = {"down": [], "that refuses the client": [IdentityServer(chain.SERVER_URL, clients={})]}


@pytest.mark.parametrize(("hosting", "name"), by_day.one_in(3, product(HOSTINGS, SERVERS)))
def test_an_identity_manager_server_restores_nothing(hosting, name):
    server = upgrade_play.server(hosting)

    def goes(machine):
        machine.network.elsewhere[:] = [one.respond for one in SERVERS[name]]

    Watched(server, goes)
    inventory = given(hosting, **changes(hosting))
    inventory |= {"im_service_https_proxy": "", "im_settings_https_proxy": ""}
    done = play(server, inventory)
    assert ("What this run has changed stays" in done.msg) is bool(done.msg)
    assert done.msg or name != "that refuses the client"
    assert NEW_SECRET.encode() in server.machine.files.read(f"{chain.RUNTIME}\\appsettings.agent.json")
    assert not server.machine.files.exists(NOTE)
    assert seen(done) == []


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_step_that_fails_before_anything_is_written_restores_nothing(hosting):
    server = upgrade_play.server(hosting)
    before = state(server)
    server.engine.faults = [{"write": 2, "when": "before", "do": "fail"}]
    done = play(server, given(hosting, **changes(hosting)))
    assert "Nothing had to be put back." in done.msg
    assert (state(server), runs(server.machine, hosting)) == (before, True)
    assert not server.machine.files.exists(NOTE)


def test_backups_that_nobody_wants_are_no_reason_to_stop_an_agent():
    server = upgrade_play.server()
    server.machine.files.write("C:\\Windows\\System32\\inetsrv\\backup\\imops\\20260101T000000000.bak", b"<a/>")
    before = state(server)
    server.engine.faults = [{"write": 2, "when": "before", "do": "fail"}]
    done = play(server, given("iis", **changes("iis"), im_agent_backup_count=0))
    assert "Nothing had to be put back." in done.msg
    assert (state(server), runs(server.machine, "iis")) == (before, True)


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_first_installation_says_that_there_is_nothing_to_restore(hosting):
    server = chain.server()
    server.machine.network.web[upgrade_play.archives.FORMER_URL] = FORMER.content
    Watched(server, BROKEN["settings that are no JSON"])
    done = play(server, given(hosting))
    assert "There is nothing to restore: this server had no agent with this hosting before the run." in done.msg
    assert not server.machine.files.exists(NOTE)


def test_an_agent_that_did_not_run_is_nothing_to_go_back_to():
    server = upgrade_play.server()
    server.machine.iis.stop_pool(chain.POOL)
    Watched(server, BROKEN["settings that are no JSON"])
    done = play(server, given("iis", **changes("iis")))
    assert "There is nothing to restore: the agent did not run before the run." in done.msg


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_check_mode_tells_it_and_writes_nothing(hosting):
    server = upgrade_play.server(hosting)
    before = chain.lasting(server)
    done = play(server, given(hosting, **changes(hosting)), check=True)
    assert done.msg == ""
    assert f"keep what is there now in {NOTE}" in done.operations
    assert chain.lasting(server) == before


@pytest.mark.parametrize(
    ("hosting", "number", "when"), by_day.one_in(13, product(HOSTINGS, range(1, 12), ("before", "after")))
)
def test_a_run_that_is_cut_is_finished_or_put_back_by_the_next(hosting, number, when):
    server = upgrade_play.server(hosting)
    before, inventory = state(server), given(hosting, **changes(hosting))
    Watched(server, BROKEN["settings that are no JSON"])
    server.engine.faults = [{"write": number, "when": when, "do": "drop"}]
    with contextlib.suppress(ConnectionDropped):
        play(server, inventory)
    server.engine.faults = []
    was_broken = server.machine.files.exists(NOTE)
    for run in range(3):
        done = play(server, inventory | ({"im_agent_on_failed_verify": "report"} if was_broken and not run else {}))
        assert runs(server.machine, hosting), done.msg
        assert not server.machine.files.exists(NOTE)
        if done.msg:
            assert "was put back" in done.msg
            assert state(server) == before
        else:
            assert NEW_SECRET.encode() in server.machine.files.read(f"{chain.RUNTIME}\\appsettings.agent.json")
        assert seen(done) == []
    assert (done.msg, done.operations) == ("", [])


ACCOUNT, OTHER = "CONTOSO\\svc-agent", "CONTOSO\\svc-other"
WRONG = "canary-wrong-password-13c7"


def with_accounts(server):
    for name in (ACCOUNT, OTHER):
        server.machine.accounts.add(name, password=f"canary-right-password-{name[-5:]}")
    return server


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_an_identity_without_a_password_is_put_back(hosting):
    server = with_accounts(upgrade_play.server(hosting))
    before = state(server)
    named = {"im_agent_identity_username": ACCOUNT, "im_agent_identity_password": WRONG}
    done = play(server, given(hosting, **named))
    assert "What this server had before the run was put back" in done.msg
    assert "It was verified." in done.msg
    assert (state(server), runs(server.machine, hosting)) == (before, True)
    assert seen(done, json.dumps(server.machine.dump()["events"])) == []
    assert play(server, given(hosting)).operations == []


@pytest.mark.parametrize("hosting", by_day.these({"iis"}, HOSTINGS))
def test_an_account_whose_password_nobody_knows_is_named(hosting):
    server = with_accounts(upgrade_play.server(hosting))
    right = {"im_agent_identity_username": ACCOUNT, "im_agent_identity_password": "canary-right-password-agent"}
    assert play(server, given(hosting, **right)).msg == ""
    files = ours(server.machine)
    wrong = {"im_agent_identity_username": OTHER, "im_agent_identity_password": WRONG}
    done = play(server, given(hosting, **wrong))
    assert f"nobody knows the password of {ACCOUNT}, which it had before" in done.msg
    assert ours(server.machine) == files
    assert seen(done) == []
    assert play(server, given(hosting, **right)).msg == ""
    assert runs(server.machine, hosting)


def test_a_renewed_pair_stays_and_the_settings_name_the_former_one_again():
    server = upgrade_play.server()
    before = state(server)
    Watched(server, BROKEN["settings that are no JSON"], "appsettings.json")
    held = len(server.machine.certificates.all("LocalMachine", "My"))
    done = play(
        server,
        given("iis", im_agent_renew="when_expiring", im_agent_renew_days=100_000, im_agent_remove_former_pairs=True),
    )
    assert "What this server had before the run was put back" in done.msg
    assert (state(server), runs(server.machine, "iis")) == (before, True)
    assert len(server.machine.certificates.all("LocalMachine", "My")) > held


def test_a_neighbour_that_comes_meanwhile_stays():
    server = upgrade_play.server()

    def comes(machine):
        machine.iis.create_pool("Neighbour")
        machine.files.write(f"{chain.RUNTIME}\\appsettings.agent.json", b"{")

    Watched(server, comes)
    done = play(server, given("iis", **changes("iis")))
    assert "What this server had before the run was put back" in done.msg
    assert server.machine.iis.pool_state("Neighbour")
    assert runs(server.machine, "iis")


def test_a_note_that_somebody_has_changed_is_refused():
    server = upgrade_play.server()
    server.machine.files.write(NOTE, b"{}")
    done = play(server, given("iis"))
    assert "found no note that can be read" in done.msg
    assert runs(server.machine, "iis")


OTHERS = {
    "another hosting": ("iis", {"im_agent_hosting": "service"}, f"as pool {chain.POOL}, site {chain.SITE}, wanted"),
    "the former hosting": ("service", {"im_agent_hosting": "iis"}, f"as service {chain.SERVICE}, wanted"),
    "another pool": ("iis", {"im_agent_pool_name": "Other"}, f"and not pool Other, site {chain.SITE}:"),
    "another site": ("iis", {"im_agent_site_name": "Other"}, f"and not pool {chain.POOL}, site Other:"),
    "another service": ("service", {"im_agent_service_name": "Other"}, "and not service Other:"),
}


@pytest.mark.parametrize("name", by_day.one_in(3, OTHERS))
def test_an_interrupted_run_is_finished_with_the_names_that_it_had(name):
    hosting, other, told = OTHERS[name]
    server = upgrade_play.server(hosting)
    server.engine.faults = [{"write": 3, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        play(server, given(hosting, **changes(hosting)))
    server.engine.faults = []
    before = chain.lasting(server)
    refused = play(server, {**given(hosting, **changes(hosting)), **other})
    assert told in refused.msg
    assert "name it again as before" in refused.msg
    assert (seen(refused), chain.lasting(server)) == ([], before)
    assert play(server, given(hosting, **changes(hosting))).msg == ""
    assert not server.machine.files.exists(NOTE)


INSTALL = ("playbooks", "install.yml"), {}
ROLLOUT = ("playbooks", "tasks", "rollout", "install.yml"), {"im_rollout": "install"}
FIRST = {
    "the whole": (INSTALL, {}, True),
    "the tag verify, which writes nothing": (INSTALL, {"ansible_run_tags": ("verify",)}, True),
    "another tag": (INSTALL, {"ansible_run_tags": ["settings"]}, False),
    "two tags": (INSTALL, {"ansible_run_tags": ["settings", "verify"]}, False),
    "all but the verification": (INSTALL, {"ansible_skip_tags": ["verify"]}, False),
    "a rollout": (ROLLOUT, {}, False),
    "a rollout of upgrades": (ROLLOUT, {"im_rollout": "upgrade"}, False),
    "a rollout of renewals": (ROLLOUT, {"im_rollout": "renew"}, False),
}


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("check", [False, True])
def test_only_a_play_that_finishes_an_interrupted_run_takes_its_server(name, check):
    (path, own), more, taken = FIRST[name]
    server = upgrade_play.server()
    server.machine.files.write(NOTE, b"{}")
    before = chain.lasting(server)
    plays = install_playbook._load(chain.ROOT.joinpath(*path))[0]["vars"]
    known = install_playbook._defaults() | {**own, **given("iis", **changes("iis")), **more}
    known |= {**plays, "ansible_check_mode": check, "hostvars": {upgrade_play.HOST: {}}}
    server.new_run()
    first = upgrade_play.Play(server, known, check)
    with contextlib.nullcontext() if taken else pytest.raises(upgrade_play.Failed) as refused:
        first.run(install_playbook._imported(["imops.identity_manager.im_agent"]), chain.ROOT / "playbooks", {})
    assert first.known.get("im_agent_result", {}).get("interrupted", False) is taken
    assert taken or f"found a run that was interrupted before its verification ({NOTE})" in refused.value.result["msg"]
    assert chain.lasting(server) == before


def test_another_version_is_no_matter_of_it():
    server = upgrade_play.server()
    done = play(server, variables("iis", im_agent_on_failed_verify="restore"))
    assert (done.msg, done.result["outcome"]) == ("", "upgraded")
    assert not server.machine.files.exists(NOTE)


def test_a_run_that_was_interrupted_is_finished_before_an_upgrade():
    server = upgrade_play.server()
    server.engine.faults = [{"write": 3, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        play(server, given("iis", **changes("iis")))
    server.engine.faults = []
    refused = play(server, variables("iis", **changes("iis")))
    assert "found a run that was interrupted before its verification" in refused.msg
    assert upgrade_play.version(server.machine) == FORMER.checksum
    assert play(server, variables("iis", FORMER, **changes("iis"))).msg == ""
    assert not server.machine.files.exists(NOTE)
    assert play(server, variables("iis", **changes("iis"))).result["outcome"] == "upgraded"
