"""A PowerShell engine that answers, ends, or loses its cmdlets: what is seen, and that another process follows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from emulator.model.payload import SEPARATOR
from emulator.process import powershell
from emulator.process.powershell import Crashed, PowerShell, Unavailable

ENGINE = """
import json, sys
said = {
    "lost": "x " + sys.argv[1] + " as a name of a cmdlet",
    "damaged": "'0x00' is invalid within a JSON string",
    "damaged, said in JSON": "\\\\u00270x00\\\\u0027 is invalid within a JSON string",
    "fine": "",
}
for number, line in enumerate(sys.stdin):
    command = json.loads(line)["command"]
    if command == "end":
        sys.exit(3)
    if command == "in part":
        print('{"exit": 0, "out', flush=True)
        continue
    if command == "cannot":
        print("unpacking\\nno debootstrap\\n", file=sys.stderr)
        sys.exit(75)
    print(json.dumps({"exit": 0, "output": f"{number}", "errors": said[command]}), flush=True)
"""


@pytest.fixture
def engine(tmp_path, monkeypatch):
    path = tmp_path / "engine.py"
    path.write_text(ENGINE)
    monkeypatch.setattr(powershell, "NAMED", None)
    monkeypatch.setattr(powershell, "IMPS", path)
    monkeypatch.setattr(powershell, "_CACHE", tmp_path / "new" / "imps")
    made = PowerShell("a drive of nobody", windows=False)
    made._command = [sys.executable, str(path), powershell.LOST]
    yield made
    made.close()


def test_one_process_answers_one_script_after_the_other(engine):
    assert [engine.script("fine").text for _ in range(3)] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("lost", "no longer finds its own cmdlets"),
        ("damaged", "lost a part of what it was given"),
        ("damaged, said in JSON", "lost a part of what it was given"),
        ("in part", "answered in part only"),
        ("end", "ended with 3"),
    ],
)
def test_a_process_that_is_of_no_use_is_told_and_another_takes_its_place(engine, script, why):
    engine.script("fine")
    with pytest.raises(Crashed, match=why):
        engine.script(script, ["{}", SEPARATOR])
    assert engine.script("fine").text == "0"


def test_what_dotnet_says_of_a_file_with_such_a_character_is_an_answer(engine):
    assert engine.script("damaged", ["a file"]).errors == "'0x00' is invalid within a JSON string"


def test_the_rig_finds_its_cache_folder_on_a_machine_that_never_had_it(engine):
    engine.script("fine")
    assert powershell._CACHE.is_dir()


def test_each_engine_has_a_drive_of_its_own_and_one_without_windows_removes_none(tmp_path, monkeypatch):
    monkeypatch.setattr(powershell, "NAMED", None)
    monkeypatch.setattr(powershell, "IMPS", tmp_path)
    monkeypatch.setattr(powershell, "_CACHE", tmp_path)
    one, other, native = PowerShell("same"), PowerShell("same"), PowerShell("same", windows=False)
    drives = {engine: tmp_path / "wine-10" / "prefix" / str(engine._drive) for engine in (one, other)}
    for drive in drives.values():
        drive.mkdir(parents=True)
    native.close()
    assert all(drive.is_dir() for drive in drives.values())
    one.close()
    assert [drive.is_dir() for drive in drives.values()] == [False, True]
    other.close()


def test_what_was_kept_of_a_drive_takes_its_place_whatever_was_done_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(powershell, "NAMED", None)
    monkeypatch.setattr(powershell, "IMPS", tmp_path)
    monkeypatch.setattr(powershell, "_CACHE", tmp_path)
    drives, engine = tmp_path / "wine-10" / "prefix", PowerShell("one")
    engine._folder.mkdir(parents=True)
    for name in ("system.reg", "wineserver"):  # the second names the folder of the drive's own wineserver
        (engine._folder / name).write_text("as it was")
    engine.keep()
    for _ in range(2):
        (engine._folder / "system.reg").write_text("what a test left")
        (engine._folder / "more").touch()
        former = engine._folder
        engine.begin_anew()
        assert {path.name: path.read_text() for path in engine._folder.iterdir()} == {"system.reg": "as it was"}
        assert not former.exists()
    engine.close()
    assert list(drives.iterdir()) == []


def test_a_powershell_of_which_nothing_was_kept_goes_on_in_a_new_process(engine):
    engine.script("fine")
    assert engine.script("fine").text == "1"
    engine.keep()
    engine.begin_anew()
    assert engine.script("fine").text == "0"


def test_what_a_machine_lacks_is_told_in_the_words_of_the_rig(engine):
    with pytest.raises(Unavailable, match=r"ended with 75, this machine cannot have it: no debootstrap$"):
        engine.script("cannot")


HOLDS = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_drive_stays_while_its_wineserver_goes_on_since_the_next_one_may_get_its_inode(tmp_path, monkeypatch):
    monkeypatch.setattr(powershell, "WINESERVER_SECONDS", 0.1)
    drive = tmp_path / "drive"
    drive.mkdir()
    found = drive.stat()
    with tempfile.TemporaryDirectory(prefix="wine-", dir="/tmp") as folder:
        lock = Path(folder) / f"server-{found.st_dev:x}-{found.st_ino:x}" / "lock"
        lock.parent.mkdir()
        lock.touch()
        command = [sys.executable, "-c", HOLDS, str(lock)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdout.readline() == b"held\n"
            powershell._remove(drive)
            assert drive.exists()
            server.communicate()
        powershell._remove(drive)
    assert not drive.exists()
