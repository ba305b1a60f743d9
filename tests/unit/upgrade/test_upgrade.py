"""Another version takes the place of the one that runs, with the users' files, or the former one answers again."""

from __future__ import annotations

import json
from itertools import product

import by_day
import canaries
import chain
import pytest
import runtime_archives as archives
import upgrade_play
from emulator.engine import ConnectionDropped
from emulator.windows.network.identity_server import IdentityServer
from runtime_archives import FORMER, NEW
from upgrade_play import carried, outside, play, runs, variables, version

HOSTINGS = ("iis", "service")
WHEN = ("before", "after")
KEPT = f"{chain.RUNTIME}-6.2.1.0-{FORMER.checksum[:8]}"
NOTE = f"{chain.RUNTIME}.upgrade"
WRITES = {"iis": 6, "service": 7}
"""How many executions of an upgrade write; under IIS the stop and the swap are one."""
"""Of an upgrade: the archive fetched and unpacked, the note, stop, swap, start, and what is settled."""


def stop(server, hosting):
    if hosting == "iis":
        server.machine.iis.stop_pool(chain.POOL)
    else:
        server.machine.services.stop(chain.SERVICE)


def whole(server, hosting, before, *, new, running=True):
    """Fail unless one version is in Runtime with all files of before, runs as before, and nothing else is changed."""
    machine = server.machine
    files, around = before
    assert version(machine) == (NEW if new else FORMER).checksum
    assert runs(machine, hosting) is running
    assert carried(machine) == files
    assert outside(machine) == around
    assert not machine.files.exists(NOTE)
    assert not [name for name in machine.files.children(chain.WORKING) if ".im-" in name or "staged" in name]


def state(server):
    return carried(server.machine), outside(server.machine)


class Watched:
    """Calls of modules on a server: their names, and something that happens right before or after a swap."""

    def __init__(self, server, before=None, after=None):
        self.names, self._call = [], server.engine.call
        self._server, self._before, self._after = server, before, after
        server.engine.call = self

    def __call__(self, name, arguments, **more):
        swaps = any(one.get("operation") == "swap" for one in arguments.get("operations", ()))
        words = f"{name} {arguments.get('state', '')}".strip()
        self.names.append("swap" if swaps else words)
        if swaps and self._before:
            self._before(self._server.machine)
            self._before = None
        answer = self._call(name, arguments, **more)
        if swaps and self._after:
            self._after(self._server.machine)
            self._after = None
        return answer


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_version_takes_the_place_with_what_is_the_users_own_and_a_second_run_changes_nothing(hosting):
    server = upgrade_play.server(hosting)
    before, seen = state(server), Watched(server)
    done = play(server, variables(hosting))
    assert done.msg == ""
    assert (done.result["outcome"], done.result["before"]["version"]) == ("upgraded", "6.2.1.0")
    assert done.result["after"]["version"] == "6.2.2.0"
    assert done.result["outage_s"] >= 0
    whole(server, hosting, before, new=True)
    files = server.machine.files
    assert files.read(f"{chain.RUNTIME}\\wwwroot\\new.js") == b"new"
    assert files.text(f"{KEPT}\\.im-runtime") == FORMER.checksum
    left = {name.lower() for name in files.children(KEPT)}
    assert not [n for n in left if n.startswith("appsettings") or n in {"web.config", "identity.pfx", "connector.dll"}]
    assert server.executions <= 16
    assert canaries.seen(json.dumps([one.result for one in done.done])) == []
    begin = next(number for number, name in enumerate(seen.names) if name.endswith(("stopped", "swap")))
    assert len(seen.names[begin:-1]) <= 8, seen.names[begin:]
    again = play(server, variables(hosting))
    assert (again.msg, again.operations, server.executions) == ("", [], 1)
    assert play(server, variables(hosting, im_agent_upgrade=False)).operations == []


@pytest.mark.parametrize("upgrade", [True, False])
def test_a_later_play_of_the_same_run_makes_what_differs(upgrade):
    server = upgrade_play.server()
    first = play(server, variables())
    assert first.result["outcome"] == "upgraded"
    kept = {name: first.known[name] for name in ("im_agent_upgrade_result", "im_agent_look_result")}
    given = variables(im_agent_upgrade=upgrade, im_agent_https_port=8443)
    later = play(server, {**given, **kept}, new_run=False)
    assert later.msg == ""
    assert later.operations
    assert play(server, given).operations == []


def test_the_verification_before_only_looks():
    server = upgrade_play.server()
    done = play(server, variables(im_verify_recycle=True))
    assert done.msg == ""
    verified = [one.result for one in done.done if one.task.startswith("im_verify")]
    assert ["operations" in one for one in verified] == [False, True]


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_check_mode_tells_it_and_writes_nothing(hosting):
    server = upgrade_play.server(hosting)
    before = chain.lasting(server)
    done = play(server, variables(hosting), check=True)
    assert done.msg == ""
    assert f"unpack the runtime archive into {NEW.staged}" in done.operations
    assert f"let the staged version take the place of {chain.RUNTIME}" in done.operations
    assert chain.lasting(server) == before


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_what_was_stopped_before_stays_stopped(hosting):
    server = upgrade_play.server(hosting)
    stop(server, hosting)
    before = state(server)
    done = play(server, variables(hosting))
    assert (done.msg, done.result["outcome"], done.result["outage_s"]) == ("", "upgraded", None)
    whole(server, hosting, before, new=True, running=False)


def test_without_the_variable_another_version_is_refused_and_both_are_named():
    server = upgrade_play.server()
    before = chain.lasting(server)
    done = play(server, variables(im_agent_upgrade=False))
    assert "holds version 6.2.1.0 of the agent" in done.msg
    assert NEW.checksum in done.msg
    assert "upgrade.yml" in done.msg
    assert chain.lasting(server) == before


def test_differences_that_nobody_would_take_back_are_refused():
    server = upgrade_play.server()
    before = state(server)
    done = play(server, variables(im_agent_https_port=8443))
    assert "found differences outside of" in done.msg
    assert "im_site : Configure the site" in done.msg
    assert (version(server.machine), carried(server.machine)) == (FORMER.checksum, before[0])
    assert runs(server.machine, "iis")


def test_an_agent_that_is_not_sound_is_refused_unless_that_is_allowed():
    server = upgrade_play.server()
    server.machine.files.remove(f"{chain.RUNTIME}\\Usercube-Agent.runtimeconfig.json")
    server.machine.iis.stop_pool(chain.POOL)
    server.machine.iis.start_pool(chain.POOL)
    done = play(server, variables())
    assert "found an agent that is not sound" in done.msg
    assert "im_agent_upgrade_unsound" in done.msg
    assert version(server.machine) == FORMER.checksum
    done = play(server, variables(im_agent_upgrade_unsound=True))
    assert (done.msg, done.result["outcome"]) == ("", "upgraded")


def broken(name, content=None):
    """Return what breaks the version in Runtime; the former one is not touched."""

    def breaks(machine):
        path = f"{chain.RUNTIME}\\{name}"
        machine.files.remove(path) if content is None else machine.files.write(path, content)

    return breaks


def without_programs(machine):
    for name in ("Usercube-Agent.dll", "Usercube-Agent.exe"):
        machine.files.remove(f"{chain.RUNTIME}\\{name}")


FRAMEWORK = {"runtimeOptions": {"framework": {"name": "Microsoft.AspNetCore.App", "version": "99.0.0"}}}
BROKEN = {
    "no program": without_programs,
    "a .NET that nobody has": broken("Usercube-Agent.runtimeconfig.json", json.dumps(FRAMEWORK)),
    "no runtime configuration": broken("Usercube-Agent.runtimeconfig.json"),
    "damaged settings": broken("appsettings.agent.json", "{"),
    "other settings that are damaged": broken("appsettings.json", "{"),
}


@pytest.mark.parametrize(("hosting", "name"), by_day.one_in(7, product(HOSTINGS, BROKEN)))
def test_a_version_that_is_not_as_good_goes_back_and_the_server_counts_as_failed_with_the_reason(hosting, name):
    server = upgrade_play.server(hosting)
    before = state(server)
    Watched(server, after=BROKEN[name])
    done = play(server, variables(hosting))
    assert "was taken back: version 6.2.1.0 runs again. It was verified." in done.msg
    assert done.known["im_agent_back_result"]["reason"] in done.msg
    assert done.known["im_working_directory_result"]["outcome"] == "rolled_back"
    whole(server, hosting, before, new=False)
    assert play(server, variables(hosting, FORMER, im_agent_upgrade=False)).operations == []
    assert play(server, variables(hosting)).result["outcome"] == "upgraded"
    whole(server, hosting, before, new=True)


@pytest.mark.parametrize("name", ["", "no program"])
def test_former_key_pairs_are_removed_once_the_new_version_is_verified_and_not_where_it_goes_back(name):
    server = upgrade_play.server()
    if name:
        Watched(server, after=BROKEN[name])
    done = play(server, variables(im_agent_remove_former_pairs=True, im_agent_server_url=chain.OTHER_SERVER_URL))
    names = [one.task for one in done.done]
    cleaned = "im_certificates : Remove former key pairs"
    assert bool(done.msg) is bool(name)
    assert names.count(cleaned) == (0 if name else 1)
    if not name:
        assert names.index(cleaned) > names.index(
            "im_verify : Verify that the agent runs", names.index("im_settings : Write the agent's settings")
        )


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_start_that_fails_goes_back(hosting):
    server = upgrade_play.server(hosting)
    before = state(server)
    module = "microsoft.iis.web_app_pool" if hosting == "iis" else "ansible.windows.win_service"
    # A service is stopped by its module, a pool by the writer.
    server.engine.faults = [{"module": module, "occurrence": 1 if hosting == "iis" else 2, "do": "fail"}]
    done = play(server, variables(hosting))
    assert "the scenario lets it fail" in done.msg
    assert "was taken back" in done.msg
    whole(server, hosting, before, new=False)


SERVERS = {
    "down": [],
    "without an answer": [IdentityServer(chain.SERVER_URL, down=True)],
    "that refuses the client": [IdentityServer(chain.SERVER_URL, clients={})],
}


@pytest.mark.parametrize(("hosting", "name"), by_day.one_in(5, product(HOSTINGS, SERVERS)))
def test_an_identity_manager_server_takes_nothing_back(hosting, name):
    server = upgrade_play.server(hosting)
    before = state(server)

    def goes(machine):
        machine.network.elsewhere[:] = [one.respond for one in SERVERS[name]]

    Watched(server, after=goes)
    done = play(server, variables(hosting))
    assert ("The new version stays" in done.msg) is bool(done.msg)
    assert done.msg or name != "that refuses the client"
    assert done.result["outcome"] == "upgraded"
    whole(server, hosting, before, new=True)


def test_a_check_of_another_server_that_fails_before_hides_no_version_that_is_not_as_good():
    server = upgrade_play.server()
    server.verbosity = 0  # the result of a verification that fails is short then
    server.machine.network.elsewhere[:] = [one.respond for one in SERVERS["that refuses the client"]]
    before = state(server)
    Watched(server, after=without_programs)
    done = play(server, variables())
    assert done.known["im_agent_back_result"]["reason"].startswith(f"{upgrade_play.HOST}: found checks that fail")
    whole(server, "iis", before, new=False)


def cuts(first, more, *hostings):
    """Return each write of an upgrade and before or after it, from one on to so many behind the last."""
    rows = [
        (hosting, number) for hosting in hostings or HOSTINGS for number in range(first, WRITES[hosting] + more + 1)
    ]
    return [(*row, when) for row in rows for when in WHEN]


@pytest.mark.parametrize(("hosting", "number", "when"), by_day.one_in(11, cuts(1, 0)))
def test_a_run_that_is_cut_at_a_write_is_finished_by_the_next(hosting, number, when):
    server = upgrade_play.server(hosting)
    before = state(server)
    server.engine.faults = [{"write": number, "when": when, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        play(server, variables(hosting))
    server.engine.faults = []
    done = play(server, variables(hosting))
    assert done.msg == ""
    whole(server, hosting, before, new=True)
    assert play(server, variables(hosting)).operations == []


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_there_are_as_many_writes(hosting):
    server = upgrade_play.server(hosting)
    server.engine.faults = [{"write": WRITES[hosting] + 1, "do": "drop"}]
    assert play(server, variables(hosting)).msg == ""


@pytest.mark.parametrize(
    ("hosting", "number", "when"),
    by_day.one_in(11, [row for hosting in HOSTINGS for row in cuts(WRITES[hosting] - 1, 5, hosting)]),
)
def test_a_run_that_is_cut_while_it_takes_a_version_back_is_finished_by_the_next(hosting, number, when):
    """The writes from the new version's start on: note, stop, swap, start, and what is settled."""
    server = upgrade_play.server(hosting)
    before = state(server)
    Watched(server, after=BROKEN["a .NET that nobody has"])
    server.engine.faults = [{"write": number, "when": when, "do": "drop"}]
    try:
        first = play(server, variables(hosting))
    except ConnectionDropped:
        first = None
    server.engine.faults = []
    if first is not None:
        assert "was taken back" in first.msg
    else:
        for _run in range(2):
            done = play(server, variables(hosting))
            assert done.msg == "" or "was taken back: version 6.2.1.0 runs again. It was verified." in done.msg
            if version(server.machine) == FORMER.checksum:
                whole(server, hosting, before, new=False)
        assert done.msg == "", "an upgrade that is begun anew"
        whole(server, hosting, before, new=True)


@pytest.mark.parametrize(
    ("hosting", "number"),
    by_day.one_in(3, [(hosting, n) for hosting in HOSTINGS for n in range(3, WRITES[hosting] + 1)]),
)
def test_an_upgrade_that_was_cut_off_is_taken_back_where_the_inventory_names_the_former_version(hosting, number):
    server = upgrade_play.server(hosting)
    before = state(server)
    server.engine.faults = [{"write": number, "when": "after" if number < WRITES[hosting] else "before", "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        play(server, variables(hosting))
    server.engine.faults = []
    refused = play(server, variables(hosting, im_agent_upgrade=False))
    assert refused.msg
    done = play(server, variables(hosting, FORMER))
    assert done.msg == ""
    if number == 3:  # the agent was not touched: the version stays staged
        server.machine.files.remove(NEW.staged, recurse=True)
    whole(server, hosting, before, new=False)


def test_an_upgrade_that_was_cut_off_is_refused_with_the_way_where_the_inventory_names_a_third_version():
    server, third = upgrade_play.server(), archives.archive("6.2.3.0")
    server.engine.faults = [{"write": 5, "when": "after", "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        play(server, variables())
    server.engine.faults = []
    done = play(server, variables(im_agent_archive_checksum=third.checksum))
    assert "that was interrupted" in done.msg
    assert NEW.checksum in done.msg
    assert FORMER.checksum in done.msg
