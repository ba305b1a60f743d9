"""Settings of several files, as Microsoft.Extensions.Configuration merges them."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.configuration import (
    VAULT_SEPARATOR,
    Conflict,
    RepeatedKey,
    Source,
    changed,
    merged,
    tree,
)

MERGED = [
    ({"a": 1}, {"A": 2}, {"a": 2}),
    ({"a": {"b": 1, "c": 2}}, {"a": {"B": 3}}, {"a": {"b": 3, "c": 2}}),
    ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    # Lists are merged item by item, and a key that is a number reaches an item.
    ({"a": [1, 2, 3]}, {"a": [9]}, {"a": [9, 2, 3]}),
    ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}),
    ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{}, {"c": 3}]}, {"a": [{"b": 1}, {"b": 2, "c": 3}]}),
    ({"a": ["x", "y"]}, {"a": {"0": "z"}}, {"a": ["z", "y"]}),
    ({"a": ["x"]}, {"a": {"2": "z"}}, {"a": ["x", "z"]}),
    ({"a": {"1": "y", "0": "x"}}, {}, {"a": ["x", "y"]}),
    ({"a": {"10": "x"}}, {}, {"a": {"10": "x"}}),
    ({"a": [1]}, {"a": {"b": 2}}, {"a": {"0": 1, "b": 2}}),
    ({"a": [*range(11)]}, {"a:10": "z"}, {"a": [*range(10), "z"]}),
    # A key with colons is a path.
    ({"a": {"b": 1}}, {"A:B": 2}, {"a": {"b": 2}}),
    ({"a:b": {"c:d": 1}}, {}, {"a": {"b": {"c": {"d": 1}}}}),
    ({"a": {"": 1}}, {"a:": 2}, {"a": {"": 2}}),
    # Null, an empty section and an empty list are values of the path itself: what is below it stays.
    ({"a": 1}, {"a": None}, {"a": None}),
    ({"a": 1}, {"a": {}}, {"a": None}),
    ({"a": 1}, {"a": []}, {"a": None}),
    ({"a": {"b": 1}}, {"a": None}, {"a": {"b": 1}}),
    ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    ({"a": {"b": 1}}, {"a": []}, {"a": {"b": 1}}),
    ({"a": [1]}, {"a": []}, {"a": [1]}),
    ({"a": {}}, {"a": []}, {"a": []}),
    ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    # A value and something below it: .NET keeps both, the kind of the first file is shown.
    ({"a": {"x": 1}}, {"a": "v"}, {"a": {"x": 1}}),
    ({"a": "v"}, {"a": {"x": 1}}, {"a": "v"}),
    # Case as .NET's OrdinalIgnoreCase has it: the Kelvin sign is no k, the long s is no s.
    ({"K": 1}, {"\u212a": 2}, {"K": 1, "\u212a": 2}),
    ({"s": 1}, {"\u017f": 2}, {"s": 1, "\u017f": 2}),
    ({"\u00e9": 1}, {"\u00c9": 2}, {"\u00e9": 2}),
]


@pytest.mark.parametrize(("below", "above", "expected"), MERGED)
def test_the_last_file_wins_value_by_value(below, above, expected):
    assert tree(below, above) == expected


@pytest.mark.parametrize("data", [{"a": 1, "A": 2}, {"a": {"b": 1}, "a:B": 2}, {"a": {}, "A": 1}])
def test_two_values_for_one_path_of_a_file_are_refused(data):
    with pytest.raises(RepeatedKey, match=r"^f: found a(:B|:b)? twice$"):
        merged([Source("f", data)])


def test_an_empty_section_behind_a_value_replaces_it_without_an_error():
    assert tree({"a": 1, "A": {}}) == {"a": None}


def test_a_path_with_a_value_and_something_below_is_a_conflict_with_both_files_named():
    found = merged(
        [Source("one", {"A": {"b": 1}}), Source("two", {"a": "v", "c": 1}), Source("three", {"c": {"d": 2}})]
    )
    assert found.conflicts() == (Conflict("A", "two", "one"), Conflict("c", "two", "three"))
    assert merged([Source("one", {"A": {"b": 1}}), Source("two", {"A": ""})]).conflicts() == ()


def test_a_secret_of_a_key_vault_has_dashes_for_colons():
    assert merged([Source("vault", {"a--0--b": 1}, VAULT_SEPARATOR)]).tree() == {"a": [{"b": 1}]}


CHANGED = [
    ({"a": {"b": 1}}, {"A": {"B": 2}}, ("a:b",)),
    ({"a": {"b": 1}}, {"A:B": 2}, ("a:b",)),
    ({"a": {"b": 1, "a": 1}}, {"a": {"a": 2, "b": 2}}, ("a:a", "a:b")),
    ({"a": 1, "b": True, "c": None}, {"a": "1", "b": "True", "c": ""}, ()),
    ({"a": [1, 2]}, {"a": [1, 3]}, ("a:1",)),
    ({"a": [1, 2]}, {"a": {"1": 3}}, ("a:1",)),
    ({"a": 1}, {"a": None}, ("a",)),
    ({"a": 1}, {"a": {}}, ("a",)),
    ({"a": {}}, {"a": 1}, ()),
    ({"a": [1]}, {"a": {"b": 1}}, ()),
    ({"a": {"b": 1}}, {"a": None}, ()),
    ({"a": 1}, {"a": [1]}, ()),
    ({"a": 1}, {"b": 2}, ()),
]


@pytest.mark.parametrize(("wanted", "on_top", "expected"), CHANGED)
def test_what_another_file_changes_is_named(wanted, on_top, expected):
    assert changed(wanted, on_top) == expected
