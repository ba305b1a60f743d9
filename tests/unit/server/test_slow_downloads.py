"""A file server that is slow to answer: refused before anything is written only where the download would not wait."""

from __future__ import annotations

import chain
import pytest

WAITS = 30
"""Seconds: what win_get_url and win_package wait by themselves, their option url_timeout."""


def server(seconds):
    """Return a server whose file server begins to answer after so many seconds."""
    return chain.server({"web": {url: {**content, "seconds": seconds} for url, content in chain.web().items()}})


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_a_file_server_for_which_a_download_waits_is_waited_for(hosting):
    target, inventory = server(WAITS - 1), chain.inventory(hosting=hosting)
    predicted = chain.converge(target, inventory, check=True)
    done = chain.converge(target, inventory)
    assert chain.failures(predicted) == chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)


@pytest.mark.parametrize("check", [False, True])
def test_one_that_a_download_would_give_up_is_refused_before_anything_is_written(check):
    target = server(WAITS + 1)
    before = target.machine.dump()["files"]
    (message,) = chain.failures(chain.converge(target, check=check))
    assert "no answer (The operation has timed out)" in message
    assert target.machine.dump()["files"] == before
