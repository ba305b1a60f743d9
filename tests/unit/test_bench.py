"""What `make bench` makes of its measurements: medians, spreads, ratios, slopes, and the schema of its summary."""

from __future__ import annotations

import argparse

import bench
import pytest
from bench_side import Cost, Setting

ABOUT = {"machine": "one", "versions": {}, "date": "2026-11-24", "load_before": 0.0}
ISSUED = ("executions", "messages", "bytes", "cpu_s", "peak_mb", "wall_0", "wall_800")


def cost(servers, factor, cpu=1.0):
    return Cost(2 * factor, 2, 12 * factor, 100 * factor, 50, cpu * servers * factor, 70.0, 1.0 * factor, 2.0 * factor)


def both(servers, cpu=1.0):
    return {"ours": cost(servers, 1, cpu), "baseline": cost(servers, 20, cpu)}


def turn(servers, cases, number=1, group="iis", **setting):
    return bench.Turn(group, Setting(servers, **setting), cases, number)


def costs(cases, servers, cpu=1.0):
    return {case: both(servers, cpu) for case in cases}


@pytest.fixture
def summary():
    found = [(turn(1, bench.CASES, n), costs(bench.CASES, 1, cpu)) for n, cpu in ((1, 1.0), (2, 1.2), (3, 9.0))]
    found += [(turn(10, bench.CASES), costs(bench.CASES, 10)), (turn(200, bench.IDLE), costs(bench.IDLE, 200))]
    found.append((turn(1, bench.IDLE, group="connections", connections=10), costs(bench.IDLE, 1)))
    return bench.summed_up(ABOUT, found)


def test_the_summary_has_each_case_for_each_number_of_servers_with_both_sides_and_their_ratio(summary):
    assert {"first_install", "nothing_to_do", "check", "one_change", "verify"} <= summary["cases"].keys()
    for found in summary["cases"].values():
        for sides in found["hosts"].values():
            for side in ("ours", "baseline", "ratio"):
                assert set(ISSUED) <= sides[side].keys()
    assert list(summary["cases"]["nothing_to_do"]["hosts"]) == ["1", "10", "200"]
    assert list(summary["cases"]["first_install"]["hosts"]) == ["1", "10"]  # only there to have nothing to do


def test_medians_spreads_and_ratios(summary):
    sides = summary["cases"]["check"]["hosts"]["1"]
    assert (sides["ours"]["cpu_s"], sides["ours"]["cpu_s_spread"], sides["ours"]["rounds"]) == (1.2, 8.0, 3)
    assert sides["ratio"]["executions"] == 20


def test_the_slope_is_what_one_more_server_costs(summary):
    slope = summary["slopes"]["nothing_to_do"]
    assert slope["ours"] == pytest.approx(1.0, abs=0.02)
    assert slope["ratio"] == pytest.approx(20, abs=0.5)


def test_the_floor_is_what_win_ping_costs_for_one_more_server_and_ours_a_multiple_of_it():
    found = [(turn(n, bench.CASES), costs(bench.CASES, n) | {bench.FLOOR: {"ours": cost(n, 1, 0.25)}}) for n in (1, 10)]
    summed = bench.summed_up(ABOUT, found)
    assert summed["floor"]["win_ping_cpu_slope"] == pytest.approx(0.25)
    assert summed["floor"]["times_win_ping"] == dict.fromkeys(bench.OVER_FLOOR, 4.0)
    assert bench.FLOOR not in summed["cases"]


def test_there_is_no_floor_where_it_was_measured_once(summary):
    assert summary["floor"] == {}


def test_quick_means_few_servers_unless_numbers_are_given(monkeypatch):
    for given, hosts, idle in (
        ([], bench.HOSTS, bench.IDLE_HOSTS),
        (["--quick"], bench.QUICK_HOSTS, ""),
        (["--quick", "--hosts", "2", "--idle-hosts", "3"], "2", "3"),
    ):
        monkeypatch.setattr("sys.argv", ["bench", *given])
        asked = bench.words()
        assert (asked.hosts, asked.idle_hosts) == (hosts, idle)


def test_growth_begins_at_the_plain_server(summary):
    assert list(summary["growth"]["connections"]) == ["1", "10"]
    assert summary["growth"]["certificates"] == {}


def test_a_turn_has_a_name_of_its_own():
    asked = argparse.Namespace(hosts="1:3,10:2,50", idle_hosts="200", quick=False)
    planned = bench.turns(asked)
    assert len({one.name for one in planned}) == len(planned)
    counted = [one.setting.servers for one in planned if one.group == "iis"]
    assert counted == [1, 1, 1, 10, 10, 50, 200]
    assert {one.group for one in bench.turns(argparse.Namespace(**(vars(asked) | {"quick": True})))} == {"iis"}
