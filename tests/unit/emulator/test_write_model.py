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
from emulator.windows.files.other_programs import OtherProgram
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


OWN, EVERYBODYS = "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-21-1-2-3-1001)", "D:P(A;;FA;;;BA)(A;;FA;;;WD)"
SOMEBODY, EVERYBODY = {"S-1-5-21-1-2-3-1001", "S-1-1-0"}, {"S-1-1-0", "S-1-5-32-545"}


class Watcher(OtherProgram):
    """Notes which files with content somebody of Everyone and Users could have read while they were written."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.seen = machine, list[str]()

    def written(self, path: str) -> None:
        if self.machine.files.allowed(path, EVERYBODY, 1):
            self.seen.append(path)

    def replaced(self, new: str, old: str, backup: str | None) -> None:
        """Note a file that gets another content, and keeps its access list, while they could read it."""
        self.written(old)


RIGHTS = {
    "a new file": (None, {"sddl": OWN}),
    "a file that inherits": ("", {"sddl": OWN, "backups": 1}),
    "a file that everybody reads": (EVERYBODYS, {"sddl": OWN, "backups": 1}),
    "a file that has these rights": (OWN, {"sddl": OWN, "backups": 1}),
    "a file of which nothing is told": (OWN, {"backups": 1}),
}


@pytest.mark.parametrize("name", RIGHTS)
def test_a_file_with_rights_of_its_own_is_nobody_elses_at_any_moment(name: str) -> None:
    there, fields = RIGHTS[name]
    machine = Machine("srv")
    machine.files.make_folder(ROOT)
    path = f"{ROOT}\\a.txt"
    if there is not None:
        machine.files.write(path, "old")
        if there:
            machine.files.set_sddl(path, there)
    watcher = Watcher(machine)
    machine.files.others.append(watcher)
    done = run(machine, {"operation": "file", "path": path, "content": b64(b"new"), **fields})
    machine.files.others.remove(watcher)
    backup = done["results"][0]["backup"]
    assert watcher.seen == []
    for left in filter(None, (path, backup)):
        assert machine.files.allowed(left, SOMEBODY, 1)
        assert not machine.files.allowed(left, EVERYBODY, 1)
    assert not [name for name in machine.files.children(ROOT) if "im-" in name]


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}\\a.txt"])
def test_rights_are_set_once_and_foreseen(path: str) -> None:
    machine = Machine("srv")
    machine.files.make_folder(ROOT)
    machine.files.write(f"{ROOT}\\a.txt", "x")
    for sddl in (OWN, "O:BAD:(A;;FR;;;WD)", EVERYBODYS):
        todo = {"operation": "rights", "path": path, "sddl": sddl}
        assert run(machine, todo, check=True)["changed"] is True
        assert run(machine, todo)["changed"] is True
        assert run(machine, todo)["changed"] is False


def test_a_folder_that_inherits_nothing_hands_its_rights_to_what_is_unpacked_in_its_place() -> None:
    machine, zipped = Machine("srv"), archive(x="1")
    machine.files.make_folder(f"{ROOT}\\Runtime")
    machine.files.set_sddl(f"{ROOT}\\Runtime", "O:BAD:P(A;OICI;FA;;;BA)")
    machine.files.write(f"{ROOT}\\r.zip", zipped)
    sha = hashlib.sha256(zipped).hexdigest()
    rest = {"archive": f"{ROOT}\\r.zip", "sha256": sha, "marker": ".version", "version": "1"}
    run(machine, {"operation": "extract", "path": f"{ROOT}\\Runtime", **rest})
    assert not machine.files.allowed(f"{ROOT}\\Runtime\\x", EVERYBODY, 1)


def test_nothing_is_written_after_another_run_was_there() -> None:
    machine = Machine("srv")
    lock = {"operation": "lock", "path": f"{ROOT}\\l", "seconds": 60}
    machine.files.make_folder(ROOT)
    run(machine, lock | {"run": "1", "owner": "a"}, lock | {"run": "1", "owner": "a", "seconds": 0})
    written = {"operation": "file", "path": f"{ROOT}\\a.txt", "content": b64(b"x")}
    done = run(machine, lock | {"run": "2", "owner": "b", "since": "2000-01-01T00:00:00.0000000Z"}, written)
    assert [result["operation"] for result in done["results"]] == ["lock"]
    assert not machine.files.exists(f"{ROOT}\\a.txt")


def test_what_is_granted_is_added_to_an_entry_that_can_say_it() -> None:
    machine = Machine("srv")
    machine.files.make_folder(ROOT)
    grant = {"operation": "grant", "path": ROOT, "sid": "S-1-5-21-1-2-3-1001", "rights": "Modify"}
    assert run(machine, grant, check=True)["changed"] is True
    assert [run(machine, grant)["changed"] for _ in range(2)] == [True, False]
    assert run(machine, grant | {"rights": "ReadAndExecute"})["changed"] is False
    (entry,) = [ace for ace in machine.files.entry(ROOT).explicit if ace.sid == grant["sid"]]
    assert (entry.rights, entry.flags) == (0x1301BF, {"CI", "OI"})


def test_nothing_is_done_after_a_state_that_is_not_reached() -> None:
    machine = Machine("srv")
    machine.files.make_folder(ROOT)
    machine.running.start(f"{ROOT}\\Usercube-Invoke-Job.exe", 100)
    look = {"operation": "jobs", "path": ROOT, "prefix": "Usercube-", "seconds": 5}
    done = run(machine, look, {"operation": "folder", "path": f"{ROOT}\\never"})
    assert [(one["operation"], one["reached"], one["waited"]) for one in done["results"]] == [("jobs", False, 5)]
    assert not machine.files.exists(f"{ROOT}\\never")
