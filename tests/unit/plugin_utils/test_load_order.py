"""What the agent sees of several files, as .NET merges them."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._load_order import beaten, overlaid

MERGED = [
    ({"a": 1}, {"A": 2}, {"a": 2}),
    ({"a": {"b": 1, "c": 2}}, {"a": {"B": 3}}, {"a": {"b": 3, "c": 2}}),
    ({"a": [1, 2, 3]}, {"a": [9]}, {"a": [9, 2, 3]}),
    ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}),
    ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{}, {"c": 3}]}, {"a": [{"b": 1}, {"b": 2, "c": 3}]}),
    ({"a": 1}, {"a": None}, {"a": None}),
    ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
]


@pytest.mark.parametrize(("below", "above", "expected"), MERGED)
def test_the_last_file_wins_key_by_key(below, above, expected):
    assert overlaid(below, above) == expected


BEATEN = [
    ({"a": {"b": 1}}, {"A": {"B": 2}}, ["a:b"]),
    ({"a": 1}, {"a": "1"}, []),
    ({"a": [1, 2]}, {"a": [1, 3]}, ["a:1"]),
    ({"a": 1}, {"b": 2}, []),
    ({"a": {"b": 1}}, {}, []),
]


@pytest.mark.parametrize(("wanted", "above", "expected"), BEATEN)
def test_what_another_file_changes_is_named(wanted, above, expected):
    assert list(beaten(wanted, above)) == expected
