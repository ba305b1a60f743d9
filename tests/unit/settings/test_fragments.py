"""Fragments of settings put together, against .NET's own view of them: texts by path, the last one wins."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent.settings_files import KEY_VAULT, chain
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.merged import merged as merged_tree
from hypothesis import given
from hypothesis import strategies as st

FILES = [name for name in chain("Production") if name != KEY_VAULT]
AGENT, UI = "appsettings.agent.json", "appsettings.connection.json"
# Sections, lists and values have names of their own, so that no fragment holds a value where another has a section.
VALUES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["v1", "V2"], st.integers(0, 9) | st.text("aB\u00e4", min_size=1) | st.booleans())
)
TREES = st.recursive(
    VALUES,
    lambda below: st.tuples(
        VALUES, st.fixed_dictionaries({}, optional={"s1": below, "S2": below, "L1": st.lists(below, max_size=3)})
    ).map(lambda parts: parts[0] | parts[1]),
    max_leaves=6,
)


def flat(data, path=()):
    """Return what .NET makes of settings: values by path, keys in lower case."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else None
    if pairs is None:
        return {path: data}
    return {key: value for name, below in pairs for key, value in flat(below, (*path, str(name).lower())).items()}


def without_empty(data):
    """Return settings without the sections and lists that hold no value, which a key vault cannot name."""
    if isinstance(data, dict):
        return {key: without_empty(value) for key, value in data.items() if flat(value)}
    return [without_empty(value) for value in data if flat(value)] if isinstance(data, list) else data


def merged(fragments, environment="Production"):
    return merged_tree(fragments, environment)


@given(st.permutations(FILES), st.lists(TREES, max_size=4))
def test_the_last_fragment_wins_path_by_path_whatever_the_order_given(names, trees):
    fragments = dict(zip(names, trees, strict=False))
    expected = {}
    for name in FILES:
        expected |= flat(fragments.get(name, {}))
    assert flat(merged(fragments)) == expected


@given(TREES)
def test_one_fragment_is_itself_and_twice_the_same_is_once(tree):
    assert merged({AGENT: tree}) == tree
    assert merged({AGENT: tree, UI: tree}) == tree


@given(TREES)
def test_a_key_vault_that_holds_every_value_by_its_path_is_that_tree(tree):
    tree = without_empty(tree)
    secrets = {"--".join(path): value for path, value in flat(tree).items()}
    assert flat(merged({KEY_VAULT: secrets})) == flat(tree)
    assert merged({AGENT: tree, KEY_VAULT: secrets}) == tree


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        ({}, {}),
        ({AGENT: None}, {}),
        ({AGENT: {"A": 1}, UI: {"a": 2}}, {"A": 2}),
        ({AGENT: {"A": [1, 2, 3]}, UI: {"A": [9]}}, {"A": [9, 2, 3]}),
        ({AGENT: {"A": [1], "B": {"C": 1}}, UI: {"A": [], "B": {}}}, {"A": [1], "B": {"C": 1}}),
        ({AGENT: {"A": {"B": 1}}, UI: {"A": None}}, {"A": {"B": 1}}),
        ({AGENT: {"A": "x"}, UI: {"A": None}}, {"A": None}),
        ({AGENT: {"A": [], "B": {}}}, {"A": [], "B": {}}),
        ({AGENT: {"A:B": 1}, UI: {"A": {"b": 2}}}, {"A": {"B": 2}}),
        ({AGENT: {"A": [{"B": 1}]}, UI: {"A:0:B": 2}}, {"A": [{"B": 2}]}),
        ({AGENT: {"A": [1]}, UI: {"A": {"x": 2}}}, {"A": {"0": 1, "x": 2}}),
        ({AGENT: {"A": {"0": 1}}}, {"A": [1]}),
        ({AGENT: {"A": {"1": 1}}}, {"A": {"1": 1}}),
        ({AGENT: {"A": "x"}, UI: {"A": {}}}, {"A": None}),
        ({AGENT: {"L": ["a", "b"]}, UI: {"L": {"0": "z"}}}, {"L": ["z", "b"]}),
        ({AGENT: {"K": 1}, UI: {"\u212a": 2}}, {"K": 1, "\u212a": 2}),
        ({"azure key vault": {"A--0--B": 1, "A--1--B": 2}}, {"A": [{"B": 1}, {"B": 2}]}),
        ({"Azure Key Vault": {"A--B": "vault"}, AGENT: {"A": {"B": "file", "C": 1}}}, {"A": {"B": "vault", "C": 1}}),
        ({"appsettings.cyberArk.agent.json": {"A": "account"}, "Azure Key Vault": {"A": "vault"}}, {"A": "account"}),
        ({"APPSETTINGS.AGENT.JSON": {"A": 1}, "appsettings.encrypted.agent.json": {"A": 2}}, {"A": 2}),
        ({"appsettings.agent.Production.json": {"A": 2}, AGENT: {"A": 1}}, {"A": 2}),
    ],
)
def test_known_cases(fragments, expected):
    assert merged(fragments) == expected


def test_another_environment_has_its_own_files():
    name = "appsettings.agent.Staging.json"
    assert merged({AGENT: {"A": 1}, name: {"A": 2}}, "Staging") == {"A": 2}
    with pytest.raises(Refused, match=r"found the fragment 'appsettings\.agent\.Staging\.json', wanted"):
        merged({AGENT: {"A": 1}, name: {"A": 2}})


@pytest.mark.parametrize(
    ("fragments", "told"),
    [
        ([], "found a list, wanted a dictionary of settings by the name of their file"),
        ({"appsettings.jsn": {}}, "found the fragment 'appsettings.jsn', wanted names among appsettings.json, "),
        ({5: {}}, "found the fragment 5"),
        ({AGENT: {}, AGENT.upper(): {}}, f"found the fragment {AGENT} twice"),
        ({AGENT: []}, f"{AGENT}: found a list, wanted a dictionary of settings"),
        ({AGENT: "x"}, f"{AGENT}: found a string, wanted a dictionary of settings"),
        ({AGENT: {"A": 1, "a": 2}}, f"{AGENT}: found A twice"),
        ({AGENT: {"A": {"B": 1}, "A:b": 2}}, f"{AGENT}: found A:b twice"),
        ({AGENT: {"A": {"B": 1}}, UI: {"A": 1}}, f"A: found a value in {UI} and a section in {AGENT}"),
        ({AGENT: {"A": 1}, UI: {"A": [1]}}, f"A: found a value in {AGENT} and a section in {UI}"),
    ],
)
def test_what_the_product_would_not_load_is_refused(fragments, told):
    with pytest.raises(Refused) as error:
        merged(fragments)
    assert told in str(error.value)
