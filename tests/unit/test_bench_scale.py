"""What `make bench-scale` makes of its measurements, and the servers that it clones."""

from __future__ import annotations

import argparse
import json

import bench_scale
import chain
import pytest
import yaml
from emulator.fleet import build
from emulator.scenario import saved_state

ASKED = argparse.Namespace(sizes="200,1000", forks="10,25", table_size=200, resume=False)


def test_each_number_of_servers_is_started_once_and_no_run_is_made_twice():
    assert bench_scale.planned(ASKED) == {
        200: [("nothing_to_do", 10), ("verify", 10), ("nothing_to_do", 25)],
        1000: [("nothing_to_do", 10), ("verify", 10)],
    }


def test_clones_are_the_original_with_names_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_scale, "SCALE", tmp_path)
    saved = json.dumps(saved_state.save(chain.installed().machine))
    name = json.loads(saved)["name"]
    state = saved.replace(name.partition(".")[0], bench_scale.ORIGINAL).replace(
        name, f"{bench_scale.ORIGINAL}.contoso.com"
    )
    path = bench_scale.cloned(state.replace(name.partition(".")[0].upper(), bench_scale.ORIGINAL.upper()), 3)
    assert list(yaml.safe_load(path.read_text("utf-8"))["hosts"]) == [f"agent00{n}.contoso.com" for n in range(3)]
    hosts = build(path)
    assert [host.spec.machine.name for host in hosts.values()] == list(hosts)
    assert len({host.address for host in hosts.values()}) == 3


@pytest.mark.parametrize("failed", [False, True])
def test_the_summary_tells_the_growth_and_the_forks_that_failed(failed):
    found = {
        bench_scale.name_of(size, case, 10): {"cpu_s": size / 10, "wall_0": size / 20, "peak_mb": 100}
        for size in (200, 1000)
        for case in bench_scale.CASES
    }
    found["200-nothing_to_do-25"] = {"failed": "it crashed"}
    if failed:
        found["1000-verify-10"] = {"failed": "it crashed"}
    summed = bench_scale.summed_up({"date": "2026-11-30"}, ASKED, found)
    assert summed["times"]["nothing_to_do"] == {"cpu_s": 5.0, "wall_0": 5.0}
    assert ("verify" in summed["times"]) is not failed
    assert summed["forks"]["servers"] == 200
    assert summed["forks"]["nothing_to_do"]["25"] == {"failed": "it crashed"}
