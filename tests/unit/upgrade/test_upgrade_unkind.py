"""An upgrade on servers that are in its way: held files, full disks, jobs, neighbours, and runs that are killed."""

from __future__ import annotations

import functools
from itertools import product

import by_day
import chain
import pytest
import runtime_archives as archives
import upgrade_play
from emulator.behaviours import catalogue
from emulator.engine import ConnectionDropped
from emulator.windows.files.other_programs import OtherProgram
from in_process import Server
from runtime_archives import FORMER, NEW
from test_upgrade import BROKEN, HOSTINGS, KEPT, NOTE, WHEN, WRITES, Watched, state, whole
from upgrade_play import play, rollback, runs, variables, version


@pytest.mark.parametrize("name", ["Connector.dll", "Usercube-Agent.dll"])
@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_dll_that_another_program_holds_leaves_the_former_version_that_answers(hosting, name):
    server = upgrade_play.server(hosting)
    before = state(server)
    server.machine.files.lock(f"{chain.RUNTIME}\\{name}")
    done = play(server, variables(hosting))
    assert done.msg
    server.machine.files.locked.clear()
    assert (version(server.machine), runs(server.machine, hosting)) == (FORMER.checksum, True)
    assert play(server, variables(hosting)).msg == ""
    whole(server, hosting, before, new=True)


UNKIND = {
    "a scanner": {"scanner": {"executions": 3, "attempts": 3}},
    "a worker that holds its files": {"held_by_worker": {}, "outliving_worker": {"executions": 3}},
    "a slow stop and start": {"slow_stop": {"executions": 2}, "slow_start": {"executions": 2}},
    "a job that ends": {"running_job": {"executions": 4}},
    "neighbours": {"neighbour_site": {}, "foreign_tls_binding": {}},
    "a lived-in server": catalogue.PRESETS["lived_in"],
}


@pytest.mark.parametrize(("hosting", "name"), by_day.one_in(3, product(HOSTINGS, UNKIND)))
def test_what_is_in_the_way_for_a_while_is_waited_for(hosting, name):
    server = upgrade_play.server(hosting)
    catalogue.switch_on(server.machine, UNKIND[name])
    before = upgrade_play.carried(server.machine)
    done = play(server, variables(hosting))
    assert done.msg == ""
    assert (version(server.machine), runs(server.machine, hosting)) == (NEW.checksum, True)
    assert upgrade_play.carried(server.machine) == before
    again = play(server, variables(hosting))
    assert (again.msg, again.operations) == ("", [])


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_job_that_the_stop_cuts_is_told_and_its_lock_does_not_hold_up_the_new_version(hosting):
    server = upgrade_play.server(hosting)
    catalogue.switch_on(server.machine, {"late_job": {"always": True}})
    done = play(server, variables(hosting))
    assert done.msg == ""
    assert (version(server.machine), runs(server.machine, hosting)) == (NEW.checksum, True)
    told = [one for step in done.done for one in step.result.get("warnings", ()) if "what a job has left" in one]
    assert "launch the job again where it has not ended" in told[0]
    assert f"remove {chain.WORKING}\\Temp\\scheduler.lock, the scheduler's lock that no process has" in done.operations


@pytest.mark.parametrize("policy", ["wait", "refuse"])
@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_job_that_does_not_end_holds_the_server_and_the_agent_is_not_touched(hosting, policy):
    server = upgrade_play.server(hosting)
    before = state(server)
    catalogue.switch_on(server.machine, {"running_job": {"executions": 0}})
    done = play(server, variables(hosting, im_agent_drain=policy, im_agent_drain_minutes=1))
    assert "found a job of the agent" in done.msg
    assert not server.machine.files.exists(NOTE)
    assert (version(server.machine), runs(server.machine, hosting)) == (FORMER.checksum, True)
    assert state(server) == before


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_site_of_a_neighbour_that_comes_meanwhile_stays_when_the_version_goes_back(hosting):
    server = upgrade_play.server(hosting)
    before = upgrade_play.carried(server.machine)

    def comes(machine):
        BROKEN["a .NET that nobody has"](machine)
        catalogue.switch_on(machine, {"neighbour_site": {}})

    Watched(server, after=comes)
    done = play(server, variables(hosting))
    assert "was taken back" in done.msg
    assert "neighbour_site" in server.machine.behaviours
    sites = set(server.machine.iis.sites()) if server.machine.iis else set()
    assert len(sites) > 1 or hosting == "service"
    assert (version(server.machine), runs(server.machine, hosting)) == (FORMER.checksum, True)
    assert upgrade_play.carried(server.machine) == before


@functools.cache
def _stopped(hosting):
    """Return a server whose upgrade was interrupted right before both renames."""
    server = upgrade_play.server(hosting)
    server.engine.faults = [{"write": WRITES[hosting] - 2, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        play(server, variables(hosting))
    return server.machine, state(upgrade_play.server(hosting))


ROOMS = [0, 20, 200, 1000, 2000, 4000, 6000]


@pytest.mark.parametrize(("hosting", "room"), by_day.one_in(5, product(HOSTINGS, ROOMS)))
def test_a_disk_that_is_full_leaves_one_of_both_whole(hosting, room):
    machine, before = _stopped(hosting)
    server = Server(machine.copy())
    drive = server.machine.files.drives["C"]
    Watched(server, before=lambda machine: setattr(drive, "free_bytes", room))
    done = play(server, variables(hosting))
    if done.msg:
        assert version(server.machine) == FORMER.checksum
    drive.free_bytes = 50 << 20
    assert play(server, variables(hosting)).msg == ""
    whole(server, hosting, before, new=True)


class Killer(OtherProgram):
    """Ends everything with the n-th change of a file, as a server does that loses its power."""

    def __init__(self, left):
        self.left = left

    def changed(self, path):
        del path
        self.left -= 1
        if self.left < 0:
            raise ConnectionDropped


CHANGES = 40
"""More than the changes of files that a swap makes."""


@pytest.mark.parametrize(
    ("number", "hosting"), by_day.one_in(17, [(number, hosting) for number in range(CHANGES) for hosting in HOSTINGS])
)
def test_a_server_that_loses_its_power_while_the_versions_change_is_finished_by_the_next_run(number, hosting):
    machine, before = _stopped(hosting)
    server = Server(machine.copy())
    killer = Killer(number)
    Watched(
        server,
        before=lambda machine: machine.files.others.append(killer),
        after=lambda machine: machine.files.others.remove(killer),
    )
    try:
        play(server, variables(hosting))
    except ConnectionDropped:
        server.machine.files.others.remove(killer)
        server = Server(server.machine)
        assert play(server, variables(hosting)).msg == ""
    whole(server, hosting, before, new=True)


def test_a_swap_makes_fewer_changes():
    server = Server(_stopped("iis")[0].copy())
    killer = Killer(CHANGES)
    Watched(server, before=lambda machine: machine.files.others.append(killer), after=lambda machine: None)
    Watched(server, after=lambda machine: machine.files.others.remove(killer))
    assert play(server, variables()).msg == ""
    assert 0 < killer.left < CHANGES


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_kept_version_takes_the_place_again_with_the_settings_of_now(hosting):
    server = upgrade_play.server(hosting)
    assert play(server, variables(hosting)).msg == ""
    path = f"{chain.RUNTIME}\\identity.pfx"
    server.machine.files.write(path, b"another key")
    changed = state(server)
    done = rollback(server, variables(hosting))
    assert done.msg == ""
    assert done.result["outcome"] == "upgraded"
    whole(server, hosting, changed, new=False)
    assert server.machine.files.read(path) == b"another key"
    newer = f"{chain.RUNTIME}-6.2.2.0-{NEW.checksum[:8]}"
    assert server.machine.files.exists(newer)
    assert not server.machine.files.exists(KEPT)
    assert play(server, variables(hosting, FORMER, im_agent_upgrade=False)).operations == []


@pytest.mark.parametrize(("number", "when"), by_day.one_in(5, product(range(1, 5), WHEN)))
def test_a_rollback_that_is_cut_at_a_write_is_finished_by_the_next(number, when):
    server = upgrade_play.server()
    before = state(server)
    assert play(server, variables()).msg == ""
    server.new_run()
    server.engine.faults = [{"write": number, "when": when, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        rollback(server, variables())
    server.engine.faults = []
    finished = version(server.machine) == FORMER.checksum and not server.machine.files.exists(NOTE)
    assert finished == ((number, when) == (4, "after"))
    if not finished:
        done = rollback(server, variables())
        assert done.msg == ""
    whole(server, "iis", before, new=False)


@pytest.mark.parametrize("number", range(4, 6))
def test_a_rollback_takes_an_upgrade_back_that_was_interrupted(number):
    server = upgrade_play.server()
    before = state(server)
    server.engine.faults = [{"write": number, "when": "after", "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        play(server, variables())
    server.engine.faults = []
    assert server.machine.files.exists(NOTE)
    assert rollback(server, variables()).msg == ""
    whole(server, "iis", before, new=False)


def test_the_version_that_a_rollback_takes_is_compared_number_by_number():
    server = upgrade_play.server()
    for archive in (archives.archive("6.2.10.0"), archives.archive("6.2.11.0")):
        server.machine.network.web[archives.URL] = archive.content
        server.machine.clock.wait(10)
        assert play(server, variables(im_agent_archive_checksum=archive.checksum)).msg == ""
    assert rollback(server, variables(im_agent_rollback_version="6.2.1")).msg == ""
    assert version(server.machine) == FORMER.checksum


def test_a_rollback_to_a_version_that_is_there_already_changes_nothing():
    server = upgrade_play.server()
    before = state(server)
    assert play(server, variables()).msg == ""
    for changes in (True, False):
        done = rollback(server, variables(im_agent_rollback_version="6.2.1.0"))
        assert done.msg == ""
        assert bool(done.operations) is changes
        whole(server, "iis", before, new=False)


def test_a_rollback_without_a_kept_version_is_refused():
    done = rollback(upgrade_play.server(), variables())
    assert "found none kept beside" in done.msg


@pytest.mark.parametrize(("keep", "left"), by_day.these([(1, 1)], [(0, 0), (1, 1), (2, 2)]))
def test_as_many_former_versions_stay_as_are_wanted(keep, left):
    server = upgrade_play.server()
    for archive in (NEW, archives.archive("6.2.3.0"), archives.archive("6.2.4.0")):
        server.machine.network.web[archives.URL] = archive.content
        server.machine.clock.wait(10)
        given = variables(im_agent_archive_checksum=archive.checksum, im_agent_keep_versions=keep)
        done = play(server, given)
        assert done.msg == ""
    kept = [name for name in server.machine.files.children(chain.WORKING) if name.startswith("Runtime-")]
    assert len(kept) == left
    assert KEPT.rpartition("\\")[2] not in kept
