"""The agent's settings files: their names, places and order, and what is read of those that others write."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent.settings_files import (
    AGENT,
    CHAIN,
    CONNECTION,
    Place,
    foreign,
    opaque,
    varied,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused


def test_a_file_that_varies_another_has_the_environment_in_its_name():
    assert varied("appsettings.agent.json", "Test") == "appsettings.agent.Test.json"


def test_only_the_connections_of_the_servers_pages_are_in_work():
    place = Place("C:\\im\\Runtime", "C:\\im\\Work")
    paths = {name: place.question(name)["path"] for name in (AGENT, "a.json", "z.json", CONNECTION)}
    assert paths.pop(CONNECTION) == f"C:\\im\\Work\\{CONNECTION}"
    assert paths == {name: f"C:\\im\\Runtime\\{name}" for name in paths}


TEXT = '{"OpenId": {"AgentIdentifier": "Other"}}'
FOUND = [
    (b'{"a": 1, "b": [true, null]}', {"a": 1, "b:0": True, "b:1": None}),
    (TEXT.encode("utf-8-sig"), OTHER := {"OpenId:AgentIdentifier": "Other"}),
    (TEXT.encode("utf-16"), OTHER),
    (b"\xfe\xff" + TEXT.encode("utf-16-be"), OTHER),
    (TEXT.encode("utf-32"), OTHER),
    (b"// caf\xe9\r\n" + TEXT.encode(), OTHER),
    (b'{"OpenId:AgentIdentifier": "Other"}', OTHER),
    (
        b'{"OpenId": {"A": "x"}, "openid": {"AgentIdentifier": "Other"}}',
        {"OpenId:A": "x", "openid:AgentIdentifier": "Other"},
    ),
]
REFUSED = [
    (b"{", "line 1, column 2"),
    (b"\xff", "line 1, column 1"),
    (TEXT.encode("utf-16-le"), "line 1, column 2"),
    (b'{"O": {"A": 1}, "O": {"a": 2}}', "stands in line 1 already"),
    (b'{"A": 1, "a": 2}', "stands in line 1 already"),
]


def read(content):
    answer = {"type": "file", "content": base64.b64encode(content).decode()}
    return foreign(Place("C:\\r", "C:\\w"), CONNECTION, lambda query: answer)


@pytest.mark.parametrize(("content", "expected"), FOUND)
def test_a_file_of_others_is_read_as_dotnet_reads_it(content, expected):
    assert read(content) == expected


@pytest.mark.parametrize(("content", "why"), REFUSED)
def test_a_file_of_others_that_dotnet_refuses_is_refused_by_name_and_place(content, why):
    with pytest.raises(Refused, match=rf"^C:\\w\\appsettings.connection.json, .*{why}.*Nothing was written"):
        read(content)


def test_a_file_of_others_that_is_too_large_to_be_read_is_not_absent():
    answer = {"type": "file", "size": 9_000_000, "content": None}
    with pytest.raises(Refused, match=r"connection\.json: found 9000000 bytes, wanted at most 8388608: it is not"):
        foreign(Place("C:\\r", "C:\\w"), CONNECTION, lambda query: answer)


@pytest.mark.parametrize("answer", [None, {"type": "folder", "content": None}])
def test_no_file_of_others_is_none(answer):
    assert foreign(Place("C:\\r", "C:\\w"), CONNECTION, lambda query: answer) is None


def test_the_order_is_the_vendors():
    names = [
        AGENT,
        "appsettings.encrypted.agent.json",
        "Azure Key Vault",
        "appsettings.cyberArk.agent.json",
        CONNECTION,
    ]
    assert [name for name in CHAIN if name in names] == names


def test_opaque_settings_keep_their_shape_alone():
    assert opaque({"a": [1, {"b": "demo-only-x"}], "c": {}}) == {
        "a": ["(kept elsewhere)", {"b": "(kept elsewhere)"}],
        "c": {},
    }
