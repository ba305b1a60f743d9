"""Pools, sites, workers and services whose changes last for some remote executions."""

from __future__ import annotations

import pytest
from emulator.windows.errors import WindowsError
from emulator.windows.iis.defaults import CONFIG_PATH
from in_process import Server, machine

POOL_MODULE, PROBE = "microsoft.iis.web_app_pool", "imops.identity_manager.win_im_probe"


def server(**behaviours):
    """Return a server with IIS and a pool whose worker always runs, with behaviours."""
    site = {"name": "Shop", "pool": "Shop", "path": "C:\\shop"}
    site["bindings"] = [{"protocol": "http", "information": "*:8080:"}]
    pool = {"name": "Shop", "attributes": {"startMode": "AlwaysRunning"}}
    return Server(
        machine({"features": ["Web-Server"], "pools": [pool], "sites": [site], "behaviours": behaviours}, "srv")
    )


def asked(server):
    """Return what the probe tells of the pool: its state and its workers' number, or the error's message."""
    (answer,) = server.engine.call(PROBE, {"queries": [{"kind": "iis"}]})["answers"]
    if "error" in answer:
        return answer["error"]["message"]
    pool = next(pool for pool in answer["value"]["pools"] if pool["name"] == "Shop")
    return pool["state"], sum(worker["pool"] == "Shop" for worker in answer["value"]["workers"])


def pool(server, state):
    return server.engine.call(POOL_MODULE, {"name": "Shop", "state": state})


def test_a_pool_stops_at_once_by_default():
    target = server()
    assert pool(target, "stopped")["changed"]
    assert asked(target) == ("Stopped", 0)


def test_a_pool_that_is_stopping_is_not_started_by_the_module_and_then_stops():
    target = server(slow_stop={"executions": 3})
    pool(target, "stopped")
    assert asked(target) == ("Stopping", 1)
    assert pool(target, "started") == {"changed": False}
    assert asked(target) == ("Stopped", 0)


def test_a_stopping_pool_takes_no_orders():
    target = server(slow_stop={"executions": 3})
    pool(target, "stopped")
    again = pool(target, "stopped")
    assert again["failed"]
    assert "0x80070425" in again["msg"]


def test_waiting_within_one_execution_ends_a_stop():
    target = server(slow_stop={"executions": 5})
    pool(target, "stopped")
    target.machine.clock.wait(5)
    assert target.machine.iis.pool_state("Shop") == "Stopped"


def test_a_copy_of_a_server_stops_its_own_pool():
    target = server(slow_stop={"executions": 2})
    pool(target, "stopped")
    copied = target.machine.copy()
    copied.clock.wait(2)
    assert (copied.iis.pool_state("Shop"), target.machine.iis.pool_state("Shop")) == ("Stopped", "Stopping")


def test_a_pool_starts_over_several_executions():
    target = server(slow_start={"executions": 2})
    pool(target, "stopped")
    pool(target, "started")
    assert asked(target) == ("Starting", 0)
    assert asked(target) == ("Started", 1)


def test_a_site_stops_over_several_executions():
    iis = server(slow_stop={"executions": 1}).machine.iis
    iis.stop_site("Shop")
    assert iis.site_state("Shop") == "Stopping"
    with pytest.raises(WindowsError, match="0x80070425"):
        iis.start_site("Shop")


def test_a_worker_outlives_its_pool():
    target = server(outliving_worker={"executions": 2})
    pool(target, "stopped")
    assert asked(target) == ("Stopped", 1)
    assert asked(target) == ("Stopped", 0)


def test_a_recycled_pool_has_two_workers_for_a_while():
    target = server(outliving_worker={"executions": 2})
    pool(target, "restarted")
    assert asked(target) == ("Started", 2)
    assert asked(target) == ("Started", 1)


def test_rapid_fail_protection_stops_a_pool_after_five_crashes():
    target = server(crashing_worker={"pool": "shop"})
    states = [asked(target)[0] for _ in range(5)]
    assert states == ["Started"] * 4 + ["Stopped"]
    events = [event.id for event in target.machine.events.entries if event.provider == "Microsoft-Windows-WAS"]
    assert events == [5009] * 5 + [5002]


def test_crashes_further_apart_than_the_interval_stop_nothing():
    target = server(crashing_worker={})
    for _ in range(10):
        target.machine.clock.advance(120)
        assert asked(target)[0] == "Started"


def test_without_was_workers_cannot_be_listed_and_nothing_starts():
    target = server(was_stopped={})
    with pytest.raises(WindowsError, match="0x80070426"):
        target.machine.iis.workers()
    assert asked(target) == ("Unknown", 0)
    assert target.machine.iis.pool_state("Shop") == "Unknown"
    assert target.machine.iis.site_state("Shop") == "Unknown"
    assert pool(target, "started") == {"changed": False}


def test_after_a_reboot_only_what_starts_by_itself_runs():
    target = server().machine
    text = target.files.read(CONFIG_PATH).decode()
    text = text.replace('<site name="Default Web Site"', '<site serverAutoStart="false" name="Default Web Site"')
    target.files.write(CONFIG_PATH, text.replace('name="DefaultAppPool"', 'name="DefaultAppPool" autoStart="false"', 1))
    target.iis.stop_pool("Shop")
    target.iis.stop_site("Shop")
    target.iis.start_pool("DefaultAppPool")
    target.restart()
    states = {name: target.iis.pool_state(name) for name in ("Shop", "DefaultAppPool")}
    assert states == {"Shop": "Started", "DefaultAppPool": "Stopped"}
    assert [target.iis.site_state(name) for name in ("Shop", "Default Web Site")] == ["Started", "Stopped"]
    assert [worker.pool for worker in target.iis.workers()] == ["Shop"]


def test_services_come_up_after_the_server_answers():
    target = server(slow_boot={"executions": 3})
    target.machine.restart()
    assert target.machine.services.get("W3SVC").state == "StartPending"
    assert target.machine.services.get("WinRM").state == "Running"
    assert [asked(target) for _ in range(3)][-1] == ("Started", 1)


def test_a_service_that_comes_up_is_not_started_again_but_waited_for():
    target = server(slow_boot={"executions": 5}).machine
    target.restart()
    before = target.services.dump()["W3SVC"]
    target.services.start("W3SVC")
    assert target.services.dump()["W3SVC"] == before
    assert target.services.get("WAS").state == "Stopped", "what it needs comes up with it"
    target.services.wait("W3SVC")
    assert target.services.get("W3SVC").state == "Running"
    assert target.clock.turns == 5


def test_a_start_through_the_module_waits_for_the_start_that_is_under_way():
    target = server(slow_boot={"executions": 5})
    target.machine.restart()
    assert target.engine.call("ansible.windows.win_service", {"name": "W3SVC", "state": "started"})["changed"]
    assert target.machine.services.get("W3SVC").state == "Running"
    assert asked(target) == ("Started", 1)
