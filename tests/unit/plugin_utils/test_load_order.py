"""What the agent sees of several files, as .NET merges them."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._load_order import (
    AGENT,
    CONNECTION,
    Place,
    beaten,
    environment,
    foreign,
    overlaid,
    varied,
)

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
    ({"a": 2}, {"a": 1}, ["a"]),
    ({"a": [1]}, {"a": {"b": 1}}, []),
    ({"a": {"b": 1}}, {"a": [1]}, []),
    ({"a": 1}, {"a": [1]}, []),
    ({"a": 1}, {"b": 2}, []),
    ({"a": {"b": 1}}, {}, []),
]


@pytest.mark.parametrize(("wanted", "above", "expected"), BEATEN)
def test_what_another_file_changes_is_named(wanted, above, expected):
    assert list(beaten(wanted, above)) == expected


KINDS = [
    ({"a": [1]}, {"a": {"b": 2}}, {"a": {"b": 2}}),
    ({"a": {"b": 1}}, {"a": [2]}, {"a": [2]}),
    ({"a": [1]}, {"a": 2}, {"a": 2}),
    ({"a": 1}, {"a": [2]}, {"a": [2]}),
    ({"a": [1]}, {"a": {}}, {"a": [1]}),
    ({"a": {"b": 1}}, {"a": []}, {"a": {"b": 1}}),
    ({"a": 1}, {"a": {}}, {"a": {}}),
]


@pytest.mark.parametrize(("below", "above", "expected"), KINDS)
def test_another_kind_of_value_takes_the_place_of_the_whole(below, above, expected):
    assert overlaid(below, above) == expected


@pytest.mark.parametrize(
    ("variables", "name"),
    [({}, "Production"), ({"ASPNETCORE_ENVIRONMENT": ""}, "Production"), ({"ASPNETCORE_ENVIRONMENT": "Test"}, "Test")],
)
def test_the_environment_is_the_machines(variables, name):
    assert environment(lambda query: variables) == name
    assert varied("appsettings.agent.json", name) == f"appsettings.agent.{name}.json"


def test_only_the_connections_of_the_servers_pages_are_in_work():
    place = Place("C:\\im\\Runtime", "C:\\im\\Work")
    paths = {name: place.question(name)["path"] for name in (AGENT, "a.json", "z.json", CONNECTION)}
    assert paths.pop(CONNECTION) == f"C:\\im\\Work\\{CONNECTION}"
    assert paths == {name: f"C:\\im\\Runtime\\{name}" for name in paths}


FOUND = [
    (b'{"a": 1}', {"a": 1}),
    (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    (b"{", None),
    (b"\xff", None),
]


@pytest.mark.parametrize(("content", "expected"), FOUND)
def test_a_file_of_others_counts_where_it_can_be_read(content, expected):
    answer = {"type": "file", "content": base64.b64encode(content).decode()}
    assert foreign(Place("C:\\r", "C:\\w"), CONNECTION, lambda query: answer) == expected


@pytest.mark.parametrize("answer", [None, {"type": "folder", "content": None}])
def test_no_file_of_others_is_none(answer):
    assert foreign(Place("C:\\r", "C:\\w"), CONNECTION, lambda query: answer) is None
