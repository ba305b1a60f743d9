"""What the model's part of a server comes to, as it is carried to the drive of a PowerShell."""

from __future__ import annotations

import base64
import typing as t

from emulator.process.carried import State, difference, script
from emulator.windows.iis import defaults
from emulator.windows.machine import Machine
from hypothesis import given
from hypothesis import strategies as st

SHORT = {"LocalMachine": "HKLM", "CurrentUser": "HKCU", "Users": "HKU", "ClassesRoot": "HKCR"}

names = st.sampled_from(["a", "b", "ä b", "c'’d"])
folders = st.lists(names, max_size=2).map(lambda parts: "\\".join(["C:\\x", *parts]))
data = st.one_of(
    st.tuples(st.just("String"), st.text(max_size=4)),
    st.tuples(st.just("DWord"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("MultiString"), st.lists(st.text(max_size=3), max_size=2)),
    st.tuples(st.just("Binary"), st.binary(max_size=3)),
)
keys = st.lists(names, min_size=1, max_size=2).map(lambda parts: "\\".join(["HKLM:\\SOFTWARE", *parts]))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("file"), folders, names, st.binary(max_size=3)),
        st.tuples(st.just("remove"), folders),
        st.tuples(st.just("value"), keys, names, data),
        st.tuples(st.just("key"), keys),
        st.tuples(st.just("no value"), keys, names),
        st.tuples(st.just("no key"), keys),
    ),
    max_size=8,
)


def do(machine: Machine, step: tuple[t.Any, ...]) -> None:
    """Change a server as a handler would."""
    kind, place, *rest = step
    if kind == "file":
        machine.files.make_folder(place)
        if not machine.files.is_folder(f"{place}\\{rest[0]}"):
            machine.files.write(f"{place}\\{rest[0]}", rest[1])
    elif kind == "remove" and machine.files.exists(place):
        machine.files.remove(place, recurse=True)
    elif kind == "value":
        machine.registry.set(place, rest[0], *rest[1])
    elif kind == "key":
        machine.registry.make(place)
    elif kind == "no value":
        machine.registry.delete_value(place, rest[0])
    elif kind == "no key":
        machine.registry.delete(place)


def applied(before: State, did: dict[str, t.Any]) -> State:
    """Return what the script leaves of a state, worked out in Python."""
    files = dict(before.files)
    for path in did["gone"]:
        files = {p: content for p, content in files.items() if p != path and not p.startswith(f"{path}\\")}
    for path in did["folders"]:
        assert path not in files
        files[path] = None
    for item in did["files"]:
        assert files.get(item["path"], b"") is not None, "a folder stands there"
        files[item["path"]] = base64.b64decode(item["content"])
    found = {key: dict(values) for key, values in before.keys.items()}
    for item in did["values"]:
        values = found.setdefault(f"{SHORT[item['hive']]}\\{item['key']}", {})
        if item["name"] is not None:
            values[item["name"]] = [item["type"], item["data"]]
    for item in did["lost"]:
        path = f"{SHORT[item['hive']]}\\{item['key']}"
        if item["name"] is None:
            found = {key: v for key, v in found.items() if key != path and not key.startswith(f"{path}\\")}
        elif path in found:
            found[path].pop(item["name"], None)
    return State(before.iis, files, found)


def with_values(state: State) -> dict[str, t.Any]:
    """Return the keys that hold values: an empty one above others is not told apart."""
    return {key: values for key, values in state.keys.items() if values}


@given(steps, steps)
def test_what_is_carried_makes_the_one_state_of_the_other(first, then):
    machine = Machine("srv")
    for step in first:
        _try(machine, step)
    before = State.of(machine)
    for step in then:
        _try(machine, step)
    after = State.of(machine)
    left = applied(before, difference(before, after))
    assert left.files == after.files
    assert with_values(left) == with_values(after)
    assert (script(before, after) is None) == (before == after)


def _try(machine: Machine, step: tuple[t.Any, ...]) -> None:
    try:
        do(machine, step)
    except Exception as problem:
        if type(problem).__name__ != "WindowsError":  # a file stands where a folder shall be
            raise


def test_a_scenario_is_carried_without_what_the_double_of_iis_makes_itself():
    machine = Machine("srv")
    assert script(State.fresh(machine), State.of(machine)) is None
    machine.features.install(["Web-AppInit", "RSAT-ADDS-Tools"])
    machine.files.write("C:\\inetpub\\wwwroot\\own.txt", b"x")
    did = difference(State.fresh(machine), State.of(machine))
    assert {item["path"] for item in did["files"]} == {
        "C:\\Windows\\System32\\dsa.msc",
        "C:\\inetpub\\wwwroot\\own.txt",
    }
    assert ("SOFTWARE\\Microsoft\\InetStp\\Components", "ApplicationInitialization") in {
        (item["key"], item["name"]) for item in did["values"]
    }
    assert defaults.CONFIG_PATH not in did["folders"]
    assert did["gone"] == did["lost"] == []


def test_services_are_left_to_the_model():
    machine = Machine("srv")
    before = State.of(machine)
    machine.services.create("mine", path="C:\\mine.exe")
    assert script(before, State.of(machine)) is None


def test_the_module_of_a_hosting_bundle_is_carried_and_those_of_iis_are_not():
    machine = Machine("server")
    bare = State.of(machine)
    machine.features.install(["Web-Server"])
    with_iis = State.of(machine)
    assert difference(bare, with_iis)["modules"] == []
    machine.packages.install_bundle("8.0.22")
    (carried,) = difference(with_iis, State.of(machine))["modules"]
    assert carried["name"] == "AspNetCoreModuleV2"
    assert carried["image"].endswith("\\aspnetcorev2.dll")
    assert script(with_iis, State.of(machine))
