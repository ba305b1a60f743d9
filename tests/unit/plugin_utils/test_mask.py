"""Secrets in settings are masked wherever they stand, and nothing else is touched."""

from __future__ import annotations

import json

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils import _mask
from hypothesis import given
from hypothesis import strategies as st

SECRET = "canary-mask-90af"
SHAPES = st.recursive(
    st.just(SECRET),
    lambda below: st.lists(below, min_size=1, max_size=2) | st.dictionaries(st.sampled_from("ab"), below),
)


@given(st.sampled_from(["Password", "PASSWORD", "client_secret", "ApiKey", "OpenIdClients", "Databases"]), SHAPES)
def test_nothing_below_a_secret_key_is_shown(key, value):
    data = {"Section": [{"Login": "kept", key: value}]}
    shown = _mask.masked(data)
    assert SECRET not in json.dumps(shown)
    assert shown["Section"][0]["Login"] == "kept"
    assert SECRET in _mask.secrets(data) or SECRET not in json.dumps(data)


@pytest.mark.parametrize(
    ("data", "before", "expected"),
    [
        ({"Password": "a"}, None, {"Password": _mask.MASK}),
        ({"Password": "a"}, {"Password": "a"}, {"Password": _mask.MASK}),
        ({"Password": "a"}, {"PASSWORD": "b"}, {"Password": _mask.CHANGED}),
        ({"Password": ""}, {"Password": "b"}, {"Password": ""}),
        ({"Password": None}, None, {"Password": None}),
        ({"License": {"LicensedTo": "x"}}, None, {"License": {"LicensedTo": _mask.MASK}}),
        ({"OpenIdClients": {"Job": "a"}}, {"OpenIdClients": {"Job": "b"}}, {"OpenIdClients": {"Job": _mask.CHANGED}}),
        ({"PasswordResetSettings": {"Mode": 1}}, None, {"PasswordResetSettings": {"Mode": 1}}),
        ({"Login": "a"}, {"Login": "b"}, {"Login": "a"}),
        ({"API_KEY": "a", "App__Key": "b"}, None, {"API_KEY": _mask.MASK, "App__Key": _mask.MASK}),
        ({"OPEN_ID_CLIENTS": {"Job": "a"}}, None, {"OPEN_ID_CLIENTS": {"Job": _mask.MASK}}),
    ],
)
def test_known_cases(data, before, expected):
    assert _mask.masked(data, before) == expected
