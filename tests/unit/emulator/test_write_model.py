"""The model of the writer: what it does, it does once and whole, and check mode foresees it."""

from __future__ import annotations

import base64
import hashlib
import io
import typing as t
import zipfile

import answer_schema
import pytest
from emulator.handlers.write import write
from emulator.model.call import Call
from emulator.windows.machine import Machine
from hypothesis import given, settings
from hypothesis import strategies as st

MODULE = "imops.identity_manager.win_im_write"
ROOT = "C:\\work"
BARE = Machine("srv")
BARE.files.make_folder(ROOT)


def run(machine: Machine, *operations: dict[str, t.Any], check: bool = False) -> dict[str, t.Any]:
    answer = write(Call(machine, MODULE, {"operations": list(operations)}, check))
    answer_schema.check_write(answer)
    return answer


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def state(machine: Machine) -> dict[str, t.Any]:
    """Return what is on the server, times left out."""
    files = {path: {k: v for k, v in node.items() if k != "last_write"} for path, node in machine.files.dump().items()}
    return files | {"certificates": machine.certificates.dump()}


def archive(**entries: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as made:
        for name, text in entries.items():
            made.writestr(name, text)
    return memory.getvalue()


names = st.sampled_from(["a.txt", "B.json", "A.TXT", "deep\\c.txt"])
contents = st.binary(max_size=20)
makes = st.one_of(
    st.builds(lambda n: {"operation": "folder", "path": f"{ROOT}\\{n}.d"}, names),
    st.builds(
        lambda n, c, b: {"operation": "file", "path": f"{ROOT}\\{n}", "content": b64(c), "backups": b},
        names,
        contents,
        st.integers(0, 2),
    ),
)
operations = st.one_of(
    makes,
    st.builds(lambda n: {"operation": "remove", "path": f"{ROOT}\\{n}", "recurse": True}, names),
    st.builds(lambda n: {"operation": "copy", "path": f"{ROOT}\\{n}", "to": f"{ROOT}\\copy.txt"}, names),
    st.builds(lambda n: {"operation": "copy", "path": f"{ROOT}\\{n}", "to": f"{ROOT}\\backups", "backups": 1}, names),
    st.just({"operation": "sweep", "path": ROOT, "older_than": 0}),
    st.just({"operation": "nonsense"}),
)


@given(st.lists(operations, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_list(todo: list[dict[str, t.Any]]) -> None:
    machine = BARE.copy()
    before = state(machine)
    foreseen = run(machine, *todo, check=True)
    assert state(machine) == before
    done = run(machine, *todo)
    assert not [path for path in machine.files.dump() if ".im-" in path]
    assert done["changed"] == any(result["changed"] for result in done["results"])
    if not done.get("failed"):
        assert [result["operation"] for result in done["results"]] == [o["operation"] for o in todo]
    else:
        assert len(done["results"]) < len(todo)
        assert todo[len(done["results"])]["operation"] in done["msg"]
    if todo and foreseen["results"]:
        # The first operation meets the same server in both modes: what is foreseen is what happens.
        assert not done["results"] or foreseen["results"][0]["changed"] == done["results"][0]["changed"]


@given(st.lists(makes, max_size=5, unique_by=lambda o: o["path"].lower()))
@settings(max_examples=40, deadline=None)
def test_the_second_time_changes_nothing(todo: list[dict[str, t.Any]]) -> None:
    machine = BARE.copy()
    machine.files.make_folder(f"{ROOT}\\deep")
    first = run(machine, *todo)
    left = state(machine)
    again = run(machine, *todo)
    assert not again["changed"]
    assert again.get("failed") == first.get("failed")
    assert state(machine) == left


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


GOOD = archive(**{"x.dll": "x", "Agent/web.config": "a", "web.config": "r"})
EXTRACT = {
    "operation": "extract",
    "archive": f"{ROOT}\\r.zip",
    "sha256": sha(GOOD),
    "path": f"{ROOT}\\Runtime",
    "marker": ".v",
    "version": "1",
}
FILE = {"operation": "file", "path": f"{ROOT}\\a.txt", "content": b64(b"new")}


def _lock(machine: Machine) -> None:
    machine.files.write(f"{ROOT}\\a.txt", "old")
    machine.files.lock(f"{ROOT}\\a.txt")


def _read_only(machine: Machine) -> None:
    machine.files.write(f"{ROOT}\\a.txt", "old")
    machine.files.entry(f"{ROOT}\\a.txt").read_only = True


def _full(machine: Machine) -> None:
    machine.files.write(f"{ROOT}\\a.txt", "old")
    machine.files.drives["C"].free_bytes = 1


def _zip(content: bytes) -> t.Callable[[Machine], None]:
    return lambda machine: machine.files.write(f"{ROOT}\\r.zip", content)


def _old_runtime(machine: Machine) -> None:
    machine.files.make_folder(f"{ROOT}\\Runtime")
    machine.files.write(f"{ROOT}\\Runtime\\.v", "0")


UNSAFE = archive(**{"../x": "x"})
FAILURES: list[tuple[str, t.Callable[[Machine], None], dict[str, t.Any], str]] = [
    ("locked", _lock, FILE, "System.IO.IOException"),
    ("read-only", _read_only, FILE, "System.UnauthorizedAccessException"),
    ("disk full", _full, FILE, "System.IO.IOException"),
    (
        "changed meanwhile",
        lambda m: m.files.write(f"{ROOT}\\a.txt", "x"),
        FILE | {"expect": "absent"},
        "ChangedMeanwhile",
    ),
    ("no folder", lambda m: None, FILE | {"path": f"{ROOT}\\none\\a"}, "System.IO.DirectoryNotFoundException"),
    ("no path", lambda m: None, {"operation": "folder"}, "System.ArgumentException"),
    ("no archive", lambda m: None, EXTRACT, "System.IO.FileNotFoundException"),
    ("checksum", _zip(b"other"), EXTRACT, "BadChecksum"),
    ("no zip", _zip(b"other"), EXTRACT | {"sha256": sha(b"other")}, "System.IO.InvalidDataException"),
    ("unsafe", _zip(UNSAFE), EXTRACT | {"sha256": sha(UNSAFE)}, "UnsafeArchive"),
    ("overlay", _zip(GOOD), EXTRACT | {"overlay": "None"}, "NoOverlay"),
    ("other version", _old_runtime, EXTRACT, "OtherVersion"),
    (
        "store",
        lambda m: None,
        {"operation": "certificate", "thumbprint": "AB" * 20, "content": b64(b"x"), "password": "S3cret"},
        "System.Security.Cryptography.CryptographicException",
    ),
]


@pytest.mark.parametrize(("lay", "operation", "kind"), [f[1:] for f in FAILURES], ids=[f[0] for f in FAILURES])
def test_a_failure_keeps_what_was_done_and_leaves_nothing_half(
    lay: t.Callable[[Machine], None], operation: dict[str, t.Any], kind: str
) -> None:
    machine = BARE.copy()
    lay(machine)
    before = state(machine)
    done = run(machine, {"operation": "folder", "path": ROOT}, operation, {"operation": "folder", "path": "C:\\after"})
    assert (done["failed"], done["type"], len(done["results"])) == (True, kind, 1)
    assert state(machine) == before
    assert "S3cret" not in str(done)


def test_extract_swaps_in_a_whole_folder_with_its_overlay() -> None:
    machine = BARE.copy()
    machine.files.write(f"{ROOT}\\r.zip", GOOD)
    machine.files.make_folder(f"{ROOT}\\Runtime")
    wanted = EXTRACT | {"overlay": "Agent", "delete_archive": True}
    assert run(machine, wanted)["changed"]
    assert machine.files.children(ROOT) == ["Runtime"]
    assert [machine.files.text(f"{ROOT}\\Runtime\\{name}") for name in ("web.config", "x.dll", ".v")] == ["a", "x", "1"]
    assert not run(machine, wanted)["changed"]


@pytest.mark.parametrize(
    ("age", "older_than", "swept"), [(10, 5, True), (10, 3600, False), (0, 0, True), (4000, None, True)]
)
def test_sweep_minds_names_and_age(age: float, older_than: int | None, swept: bool) -> None:
    machine = BARE.copy()
    machine.files.write(f"{ROOT}\\a.im-0123456789ab.tmp", "x")
    machine.files.make_folder(f"{ROOT}\\R.im-0123456789ab.new\\sub")
    for mine in ("mine.tmp", "a.im-zz.tmp", "R.im-0123456789ab.new.txt"):
        machine.files.write(f"{ROOT}\\{mine}", "x")
    machine.clock.advance(age)
    done = run(
        machine, {"operation": "sweep", "path": ROOT} | ({} if older_than is None else {"older_than": older_than})
    )
    assert done["changed"] == swept
    assert len(machine.files.children(ROOT)) == (3 if swept else 5)
