"""Every case of make bench runs to its end on both sides, with fewer remote executions on ours, or in one case as
many.
"""

from __future__ import annotations

import os

import bench
import bench_side
import pytest

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="takes two minutes: run by make test-all"),
]
EQUAL = {("service", "verify")}
"""Cases in which ours asks as often as the baseline. As a service that one gathers facts and reads the event log, two
executions, and asks nothing of settings, rights, logs and the agent itself; ours asks for all of it in two.
"""


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_both_playbooks_do_each_case(hosting, tmp_path, monkeypatch):
    for module in (bench, bench_side):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    turn = bench.Turn("test", bench_side.Setting(1, hosting), bench.CASES)
    costs = bench.measure(turn, bench_side.prepare())
    assert costs.keys() == set(bench.CASES)
    for case, sides in costs.items():
        allowed = sides["baseline"].executions - ((hosting, case) not in EQUAL)
        assert 0 < sides["ours"].executions <= allowed, case
    assert max(costs[case]["ours"].executions for case in ("nothing_to_do", "verify")) <= 2
