"""Unkind servers with drawn faults: an audit finds what was planted, nothing but what follows, and writes nothing."""

from __future__ import annotations

import os

import drawn
import pytest
import trial

SEEDS = range(60 if os.environ.get("IMOPS_NIGHTLY") else 6)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_planted_is_found_on_an_unkind_server_and_nothing_else(seed):
    server = drawn.of(seed)
    result = drawn.audit(server)  # which is held to two executions and no write
    failing, unknown = trial.verdict(result)
    may_fail, may_be_unknown = server.expected
    assert failing <= may_fail, server
    assert unknown <= may_be_unknown, server
    assert {fault.rule for fault in server.faults} <= failing, server


def test_what_is_drawn_is_unkind_and_planted():
    servers = [drawn.of(seed) for seed in range(60)]
    assert {server.hosting for server in servers} == {"iis", "service"}
    assert min(len(server.faults) for server in servers) >= 1
    assert len({fault.rule for server in servers for fault in server.faults}) > 40
    assert len({name for server in servers for name in server.behaviours}) > 15
