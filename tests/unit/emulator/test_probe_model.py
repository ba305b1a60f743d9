"""The model of the probe: every kind is answered after the schema, one failing question fails no other, nothing is
written.
"""

from __future__ import annotations

import base64
import typing as t

import answer_schema
import pytest
from emulator.handlers.probe import probe
from emulator.model.call import Call
from emulator.windows.machine import POLICIES, Machine
from hypothesis import given, settings
from hypothesis import strategies as st

MODULE = "imops.identity_manager.win_im_probe"
KEY = "HKLM:\\SOFTWARE\\Probe"
SINCE = "2020-01-01T00:00:00Z"


def _laid() -> Machine:
    machine = Machine("srv")
    machine.files.make_folder("C:\\work\\sub")
    machine.files.write("C:\\work\\a.txt", "hello")
    machine.files.write("C:\\work\\sub\\B.json", "{}")
    for name, kind, data in (
        ("T", "String", "x"),
        ("D", "DWord", 2**32 - 1),
        ("M", "MultiString", ["a"]),
        ("B", "Binary", b"\0\xff"),
        ("", "String", "d"),
    ):
        machine.registry.set(KEY, name, kind, data)
    machine.registry.make(f"{KEY}\\Sub\\Z")
    machine.certificates.make(subject="CN=with", key_size=2048)
    machine.events.add("Application", "IIS AspNetCore Module V2", 1000, "Error", "first")
    machine.events.add("Application", "Other", 1, "Information", "second")
    machine.features.install(["Web-Server"])
    assert machine.iis
    machine.iis.create_pool("Pool")
    machine.registry.set(f"{POLICIES}\\ScriptBlockLogging", "EnableScriptBlockLogging", "DWord", 1)
    return machine


MACHINE = _laid()


def ask(*queries: dict[str, t.Any], machine: Machine = MACHINE) -> list[dict[str, t.Any]]:
    answer = probe(Call(machine, MODULE, {"queries": list(queries)}))
    answer_schema.check_probe(queries, answer)
    return t.cast("list[dict[str, t.Any]]", answer["answers"])


def value(query: dict[str, t.Any], machine: Machine = MACHINE) -> t.Any:
    return ask(query, machine=machine)[0]["value"]


GOOD: list[dict[str, t.Any]] = [
    {"kind": "file", "path": "c:\\WORK\\A.txt"},
    {"kind": "file", "path": "C:\\work"},
    {"kind": "file", "path": "C:\\none"},
    {"kind": "files", "path": "C:\\work"},
    {"kind": "files", "path": "C:\\none"},
    {"kind": "files", "path": "C:\\work", "hashes": True},
    {"kind": "drive", "path": "c:\\none"},
    {"kind": "drive", "path": "Q:\\"},
    {"kind": "acl", "paths": ["C:\\work", "C:\\none"]},
    {"kind": "registry", "key": KEY, "depth": 2},
    {"kind": "registry", "key": f"{KEY}\\none"},
    {"kind": "certificates"},
    {"kind": "certificates", "store": "None"},
    {"kind": "service", "name": "W3SVC"},
    {"kind": "service", "name": "none"},
    {"kind": "iis"},
    {"kind": "events", "since": SINCE},
    {"kind": "events", "log": "None", "since": SINCE},
    {"kind": "environment", "names": ["windir", "none"]},
    {"kind": "account", "names": ["S-1-5-18", "none"]},
    {"kind": "listeners"},
    {"kind": "processes", "folder": "C:\\work", "prefix": "Usercube-"},
    {"kind": "features", "names": ["Web-Server", "RSAT-ADDS-Tools"]},
    {"kind": "policies"},
    {"kind": "policy_rights", "names": ["SeServiceLogonRight"]},
    {"kind": "session"},
    {"kind": "secret_matches", "what": "pool_password", "name": "Pool", "expected": "x"},
    {"kind": "http", "address": "127.0.0.1", "port": 1, "host": "x"},
    {"kind": "reach", "host": "none.example", "port": 1},
    {"kind": "reach", "host": "localhost", "port": 135},
    {"kind": "reach", "host": "localhost", "port": 135, "smtp": {"name": "x", "from": "a@x", "to": "b@x"}},
    {"kind": "reach", "host": "localhost", "port": 135, "tds": "on"},
    {"kind": "reach", "host": "localhost", "instance": "x", "tds": "off"},
    {"kind": "programs", "names": ["cmd.exe", "none.exe"]},
    {"kind": "with_token", "token": {"address": "127.0.0.1", "port": 1, "host": "x"}, "paths": ["/"]},
    {"kind": "download", "url": "https://127.0.0.1:1/x"},
    {"kind": "download", "url": "https://127.0.0.1:1/x", "unless": ["C:\\work"]},
]
BAD: list[tuple[dict[str, t.Any], str]] = [
    ({"kind": "telepathy"}, "UnknownQuery"),
    ({}, "UnknownQuery"),
    ({"kind": "file"}, "BadQuery"),
    ({"kind": "file", "path": ""}, "BadQuery"),
    ({"kind": "file", "path": ["x"]}, "BadQuery"),
    ({"kind": "acl", "paths": "C:\\"}, "BadQuery"),
    ({"kind": "registry", "key": "C:\\x"}, "BadQuery"),
    ({"kind": "environment"}, "BadQuery"),
    ({"kind": "http", "address": "x"}, "BadQuery"),
    ({"kind": "reach"}, "BadQuery"),
    ({"kind": "reach", "host": "localhost", "port": 135, "smtp": {"name": "x", "from": "x"}}, "BadQuery"),
    ({"kind": "reach", "host": "localhost", "port": 135, "tds": "strict"}, "BadQuery"),
    ({"kind": "programs", "names": "cmd.exe"}, "BadQuery"),
    ({"kind": "with_token", "token": "x", "paths": []}, "BadQuery"),
    ({"kind": "with_token", "token": {}}, "BadQuery"),
    ({"kind": "download"}, "BadQuery"),
    ({"kind": "download", "url": "nowhere"}, "System.UriFormatException"),
    ({"kind": "secret_matches", "name": "x"}, "BadQuery"),
    ({"kind": "events"}, "BadQuery"),
]


def test_all_kinds_are_asked() -> None:
    assert {query["kind"] for query in GOOD} == answer_schema.kinds()


@given(st.lists(st.sampled_from([*((query, None) for query in GOOD), *BAD]), max_size=8))
@settings(max_examples=40, deadline=None)
def test_each_question_is_answered_as_if_alone(chosen: list[tuple[dict[str, t.Any], str | None]]) -> None:
    together = ask(*(query for query, _ in chosen))
    for (query, error), answer in zip(chosen, together, strict=True):
        assert answer == ask(query)[0]
        if error:
            assert answer["error"]["type"] == error


def test_nothing_is_written() -> None:
    before = MACHINE.dump()
    ask(*GOOD)
    assert MACHINE.dump() == before


@pytest.mark.parametrize(("limit", "content"), [(None, "aGVsbG8="), (5, "aGVsbG8="), (4, None), (0, None)])
def test_content_up_to_a_limit(limit: int | None, content: str | None) -> None:
    assert value({"kind": "file", "path": "C:\\work\\a.txt", "max_bytes": limit})["content"] == content


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ["a.txt"]),
        ({"recurse": True}, ["a.txt", "sub\\B.json"]),
        ({"recurse": True, "pattern": "*.JSON"}, ["sub\\B.json"]),
        ({"limit": 0}, []),
    ],
)
def test_files(fields: dict[str, t.Any], names: list[str]) -> None:
    assert [f["name"] for f in value({"kind": "files", "path": "C:\\work\\", **fields})] == names


def test_registry() -> None:
    found = value({"kind": "registry", "key": KEY, "names": ["t", "b", "none", ""], "depth": 2})
    assert found["values"] == {
        "t": {"type": "String", "data": "x"},
        "b": {"type": "Binary", "data": base64.b64encode(b"\0\xff").decode()},
        "": {"type": "String", "data": "d"},
    }
    assert found["children"]["Sub"]["children"]["Z"] == {"values": {}, "keys": [], "children": {}}


@pytest.mark.parametrize(("providers", "messages"), [(None, ["second", "first"]), (["Other"], ["second"]), (["x"], [])])
def test_events_newest_first(providers: list[str] | None, messages: list[str]) -> None:
    query = {"kind": "events", "since": SINCE} | ({"providers": providers} if providers else {})
    found = [e["message"] for e in value(query)]
    assert [message for message in found if message in {"first", "second"}] == messages


@pytest.mark.parametrize(("expected", "answer"), [("Aa1", True), ("aA1", False), ("", False)])
def test_a_password_is_compared_with_its_case(expected: str, answer: bool) -> None:
    machine = MACHINE.copy()
    assert machine.iis
    for name, setting in (("identityType", "SpecificUser"), ("userName", "u"), ("password", "Aa1")):
        machine.iis.set_pool_attribute("Pool", f"processModel.{name}", setting)
    ask_for = {"kind": "secret_matches", "what": "pool_password", "name": "Pool", "expected": expected}
    assert value(ask_for, machine) is answer
    assert "Aa1" not in str(ask(ask_for, {"kind": "iis"}, machine=machine))
