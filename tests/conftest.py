"""Fixtures and import paths that all tests share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "unit"), str(TESTS.parent / "tools")]

from collection_tree import link  # noqa: E402  (the path comes first)

COLLECTIONS = link()
os.environ["ANSIBLE_COLLECTIONS_PATH"] = f"{COLLECTIONS}:{os.environ.get('ANSIBLE_COLLECTIONS_PATH', '')}".rstrip(":")

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from ansible.plugins.loader import init_plugin_loader  # noqa: E402  (reads ANSIBLE_COLLECTIONS_PATH)

init_plugin_loader([str(COLLECTIONS)])

# A machine that is busy makes no test fail, and by day everybody draws the same examples: nights draw anew.
hypothesis.settings.register_profile("day", deadline=None, derandomize=True)
hypothesis.settings.register_profile("night", deadline=None)
hypothesis.settings.load_profile("night" if os.environ.get("IMOPS_NIGHTLY") else "day")


DEAR = {"integration", "upgrade", "restore", "test_mixes.py"}
"""Folders and files that come first: with several workers the last to end should be short."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what is marked as nightly to make test-all, also where a mark gives no reason of its own."""
    items.sort(key=lambda item: not DEAR & {*item.path.parts})
    if os.environ.get("IMOPS_NIGHTLY"):
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="run by make test-all"))
