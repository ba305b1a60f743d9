"""An agent is installed and changed on an unkind Windows: it converges, or is refused before anything is written.

What the collection does not do yet is marked with the number of the review: a strict mark fails as soon as it does.
"""

from __future__ import annotations

import re

import chain
import pytest
from emulator.behaviours import catalogue

CHANGE = {"environment": {"LOG_LEVEL": "debug"}, "agent_settings": {"Serilog": {"MinimumLevel": "Debug"}}}


def case(number, behaviour, hosting="iis", /, **options):
    """Return a case; with a number it fails today."""
    marks = [pytest.mark.xfail(strict=True, reason=number)] if number else []
    values = "".join(f"-{value}" for value in options.values())
    return pytest.param({behaviour: options}, hosting, marks=marks, id=f"{behaviour}-{hosting}{values}")


def runs(server, hosting):
    """Tell whether the agent runs when everything has come to rest."""
    server.machine.clock.wait(10)
    if hosting == "service":
        return server.machine.services.get(chain.SERVICE).state == "Running"
    iis = server.machine.iis
    return iis.pool_state(chain.POOL) == "Started" and chain.POOL in {worker.pool for worker in iis.workers()}


FIRST = [
    case("", "slow_stop"),
    case("", "neighbour_site"),
    case("", "neighbour_site", "service"),
    case("", "crashing_neighbour", "service", executions=1),
    case("", "scanner"),
    case("", "scanner", attempts=3),
    case("", "failing_replace", code=1176),
    case("", "failing_replace", code=1175),
    case("", "no_debug_privilege"),
    case("", "language", name="french"),
    case("", "foreign_files"),
    case("", "server_core"),
    case("", "server_core", "service"),
]


@pytest.mark.parametrize(("behaviours", "hosting"), FIRST)
def test_a_first_installation_converges(behaviours, hosting):
    server, inventory = chain.server({"behaviours": behaviours}), chain.inventory(hosting=hosting)
    predicted = chain.converge(server, inventory, check=True)
    done = chain.converge(server, inventory)
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    assert runs(server, hosting)
    assert chain.changed(chain.converge(server, inventory, check=True)) == set()
    assert chain.changed(chain.converge(server, inventory)) == set()


def in_file(use):
    path = f"{chain.WORKING}\\{use}.pfx"
    return {"place": "file", "path": path, "file_password": "canary-file-password-11aa"}


def test_pairs_in_files_are_written_beside_a_scanner():
    """Their rights are set before they have content, so that each is opened twice."""
    pairs = [{"use": use} | in_file(use) for use in chain.PAIRS] + [{"use": "server"}]
    server, inventory = chain.server({"behaviours": {"scanner": {}}}), chain.inventory(certificates=pairs)
    assert chain.failures(chain.converge(server, inventory)) == []
    assert chain.changed(chain.converge(server, inventory)) == set()


def test_an_installation_beside_a_stopped_web_server_starts_it_as_foretold():
    server = chain.server({"features": ["Web-Server"], "behaviours": {"was_stopped": {}}})
    predicted = chain.converge(server, check=True)
    done = chain.converge(server)
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    assert runs(server, "iis")
    assert chain.changed(chain.converge(server)) == set()


def test_a_default_pool_that_serves_others_is_refused_by_name():
    server = chain.server({"behaviours": {"neighbour_in_default_pool": {}}})
    (refusal,) = chain.failures(chain.converge(server, chain.inventory()))
    assert "application pool DefaultAppPool is not as IIS created it: it serves Intranet" in refusal
    assert "DefaultAppPool" in server.machine.iis.pools()


LATER = [
    case("", "slow_stop", executions=1),
    case("", "slow_stop", executions=2),
    case("", "slow_stop", executions=3),
    case("", "slow_start", executions=3),
    case("", "outliving_worker", executions=3),
    case("", "scanner", attempts=1),
    case("", "failing_replace", code=1177),
    case("", "no_debug_privilege"),
    case("", "no_debug_privilege", told_by_wmi=True),
    case("", "no_debug_privilege", "service", told_by_wmi=True),
    case("", "crashing_neighbour", "service", executions=1),
    case("", "slow_service", "service", executions=3),
    case("", "held_by_worker"),
    case("", "held_by_worker", "service"),
    case("", "was_stopped"),
]


def installed(behaviours, hosting):
    """Return a server with an agent that was installed kindly, with behaviours from now on."""
    server = chain.installed(hosting)
    catalogue.switch_on(server.machine, behaviours)
    return server


@pytest.mark.parametrize(("behaviours", "hosting"), LATER)
def test_a_changed_agent_runs_afterwards(behaviours, hosting):
    server, inventory = installed(behaviours, hosting), chain.inventory(hosting=hosting, **CHANGE)
    done = chain.converge(server, inventory)
    running = runs(server, hosting)
    assert (chain.failures(done), running) == ([], True)
    assert chain.changed(chain.converge(server, inventory)) == set()


def test_a_stopped_activation_service_is_told_and_started_as_foretold():
    server = installed({"was_stopped": {}}, "iis")
    predicted = chain.converge(server, chain.inventory(**CHANGE), check=True)
    done = chain.converge(server, chain.inventory(**CHANGE))
    assert chain.changed(predicted) == chain.changed(done)
    warned = [warning for result in done.values() for warning in result.get("warnings", ())]
    assert any("W3SVC does not run" in warning for warning in warned)
    assert server.machine.services.get("WAS").state == "Running"


REFUSED = [
    pytest.param("not_elevated", "administrator", id="not_elevated"),
    pytest.param("shared_configuration", r"redirection\.config", id="shared_configuration"),
]


@pytest.mark.parametrize(("behaviour", "cause"), REFUSED)
def test_a_run_is_refused_with_its_cause_before_anything_is_written(behaviour, cause):
    server = installed({behaviour: {}}, "iis")
    before = server.machine.dump()["files"]
    failed = chain.failures(chain.converge(server, chain.inventory(**CHANGE)))
    assert failed
    assert re.search(cause, failed[0])
    assert server.machine.dump()["files"] == before


def test_an_unregistered_module_is_repaired():
    """H3: the DLL is there, applicationHost.config does not name it."""
    server = installed({}, "iis")
    path = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
    text = server.machine.files.read(path)
    server.machine.files.write(path, text.replace(b'name="AspNetCoreModuleV2"', b'name="Other"'))
    done = chain.converge(server, chain.inventory(**CHANGE))
    assert chain.failures(done) == []
    assert "win_im_prerequisites" in chain.changed(done)


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_an_agent_runs_again_after_a_restart_of_the_server(hosting):
    server = installed({"slow_boot": {}}, hosting)
    server.machine.restart()
    assert runs(server, hosting)
    assert chain.changed(chain.converge(server, chain.inventory(hosting=hosting))) == set()


def test_a_pool_or_service_that_would_not_start_with_the_server_is_set_to():
    under_iis, service = installed({}, "iis"), installed({}, "service")
    under_iis.machine.iis.set_pool_attribute(chain.POOL, "autoStart", False)
    service.machine.registry.set(f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}", "Start", "DWord", 3)
    for server, hosting in ((under_iis, "iis"), (service, "service")):
        assert chain.failures(chain.converge(server, chain.inventory(hosting=hosting))) == []
        server.machine.restart()
        assert runs(server, hosting)


def test_a_web_server_that_does_not_start_with_the_server_is_told():
    server = installed({}, "iis")
    server.machine.registry.set("HKLM:\\SYSTEM\\CurrentControlSet\\Services\\W3SVC", "Start", "DWord", 3)
    done = chain.converge(server, chain.inventory())
    warned = [warning for result in done.values() for warning in result.get("warnings", ())]
    assert [w for w in warned if "found the service W3SVC with start mode manual, wanted automatic" in w]
    server.machine.restart()
    assert not runs(server, "iis")
