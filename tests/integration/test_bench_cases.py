"""Every case of make bench runs to its end on both sides, with fewer remote executions on ours."""

from __future__ import annotations

import os

import bench
import bench_side
import pytest

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="takes two minutes: run by make test-all"),
]


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_both_playbooks_do_each_case(hosting, tmp_path, monkeypatch):
    for module in (bench, bench_side):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    turn = bench.Turn("test", bench_side.Setting(1, hosting), bench.CASES)
    costs = bench.measure(turn, bench_side.prepare())
    assert costs.keys() == set(bench.CASES)
    for case, sides in costs.items():
        assert 0 < sides["ours"].executions < sides["baseline"].executions, case
    assert costs["nothing_to_do"]["ours"].executions <= 2
