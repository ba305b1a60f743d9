"""Programs that are in the way of a write leave what Windows leaves."""

from __future__ import annotations

import base64
import datetime

import chain
import pytest
from emulator.windows.errors import WindowsError
from in_process import Server, machine

WRITE = "imops.identity_manager.win_im_write"
PATH = "C:\\work\\a.json"


def server(**behaviours):
    return Server(machine({"files": {"C:\\work": {"folder": True}}, "behaviours": behaviours}, "srv"))


def written(target, content, **fields):
    operation = {"operation": "file", "path": PATH, "content": base64.b64encode(content).decode(), **fields}
    return target.engine.call(WRITE, {"operations": [operation]})


def test_a_file_that_is_scanned_cannot_be_renamed_at_first():
    files = server(scanner={}).machine.files
    files.write(PATH, b"one")
    with pytest.raises(WindowsError, match="being used by another process"):
        files.move(PATH, f"{PATH}.old")
    files.move(PATH, f"{PATH}.old")


def test_a_scan_ends_after_its_executions():
    target = server(scanner={"executions": 1, "attempts": 9})
    target.machine.files.write(PATH, b"one")
    with pytest.raises(WindowsError, match="being used"):
        target.machine.files.move(PATH, PATH + ".old")
    target.machine.clock.next_turn()
    target.machine.files.move(PATH, PATH + ".old")


def test_a_scanned_file_can_be_read_and_gets_rights():
    target = server(scanner={"attempts": 9})
    target.machine.files.write(PATH, b"one")
    target.machine.files.set_sddl(PATH, "O:BAD:P(A;;FA;;;BA)")
    assert target.machine.files.read(PATH) == b"one"


def test_a_scanner_looks_only_where_it_is_told_and_never_at_windows():
    target = server(scanner={"path": "C:\\work", "attempts": 9})
    for path in ("C:\\Users\\Public\\x", "C:\\Windows\\Temp\\x"):
        target.machine.files.write(path, b"x")
        target.machine.files.remove(path)


def test_a_folder_with_a_scanned_file_cannot_be_renamed():
    files = server(scanner={}).machine.files
    files.write(PATH, b"one")
    with pytest.raises(WindowsError, match="is denied"):
        files.move("C:\\work", "C:\\moved")


@pytest.mark.parametrize(
    ("code", "backup", "names"),
    [
        (1175, None, {"new", "a.json"}),
        (1176, "C:\\work\\bak", {"new", "a.json"}),
        (1176, None, {"new"}),
        (1177, "C:\\work\\bak", {"new", "bak"}),
    ],
)
def test_a_replace_that_fails_half_way(code, backup, names):
    files = server(failing_replace={"code": code}).machine.files
    files.write(PATH, b"old")
    files.write("C:\\work\\new", b"new")
    with pytest.raises(WindowsError, match="Unable to"):
        files.replace("C:\\work\\new", PATH, backup)
    assert set(files.children("C:\\work")) == names


def test_1177_needs_a_backup():
    target = server(failing_replace={"code": 1177})
    target.machine.files.write(PATH, b"old")
    assert written(target, b"new")["changed"]


def test_a_log_that_is_open_keeps_its_time():
    target = server(open_logs={}).machine
    target.files.write("C:\\work\\a.log", b"1")
    before = target.files.entry("C:\\work\\a.log").last_write
    target.clock.advance(datetime.timedelta(hours=1).total_seconds())
    target.files.write("C:\\work\\a.log", b"12")
    assert (target.files.read("C:\\work\\a.log"), target.files.entry("C:\\work\\a.log").last_write) == (b"12", before)


def test_a_file_vanishes_between_listing_and_reading():
    target = server(vanishing_files={"pattern": "*.log"})
    target.machine.files.write("C:\\work\\a.log", b"1")
    query = {"kind": "files", "path": "C:\\work", "tail": 10}
    probe = "imops.identity_manager.win_im_probe"
    first, second = (target.engine.call(probe, {"queries": [query]})["answers"][0] for _ in range(2))
    assert first["error"]["type"] == "System.IO.FileNotFoundException"
    assert second["value"][0]["name"] == "a.log"


@pytest.mark.parametrize(("length", "fits"), [(259, True), (260, False)])
def test_a_path_of_260_characters_is_too_long(length, fits):
    target = server(max_path={}).machine
    path = "C:\\work\\" + "a" * (length - 8)
    if fits:
        target.files.write(path, b"x")
    else:
        with pytest.raises(WindowsError, match="too long") as caught:
            target.files.write(path, b"x")
        assert caught.value.type_name == "System.IO.PathTooLongException"


def test_the_programs_of_a_running_worker_are_held():
    scenario = {
        "features": ["Web-Server"],
        "pools": [{"name": "Shop", "attributes": {"startMode": "AlwaysRunning"}}],
        "files": {"C:\\shop\\bin\\a.dll": {"text": "x"}},
        "sites": [
            {
                "name": "S",
                "pool": "Shop",
                "path": "C:\\shop",
                "bindings": [{"protocol": "http", "information": "*:81:"}],
            }
        ],
        "behaviours": {"held_by_worker": {}},
    }
    target = machine(scenario, "srv")
    with pytest.raises(WindowsError, match="denied"):
        target.files.write("C:\\shop\\bin\\a.dll", b"y")
    with pytest.raises(WindowsError, match="denied"):
        target.files.move("C:\\shop\\bin", "C:\\shop\\old")
    target.iis.stop_pool("Shop")
    target.files.move("C:\\shop\\bin", "C:\\shop\\old")


def test_the_programs_of_a_service_are_held_while_it_runs():
    server = chain.server({"behaviours": {"held_by_worker": {}}})
    inventory = chain.inventory(hosting="service")
    assert chain.failures(chain.converge(server, inventory)) == []
    files = server.machine.files
    for name in ("Usercube-Agent.dll", "Usercube-Agent.exe"):
        with pytest.raises(WindowsError, match="denied"):
            files.remove(f"{chain.RUNTIME}\\{name}")
    with pytest.raises(WindowsError, match="denied"):
        files.move(chain.RUNTIME, f"{chain.WORKING}\\RuntimeOld")
    files.write(f"{chain.RUNTIME}\\appsettings.json", b"{}")
    server.run("win_im_service", {"name": inventory["service_name"], "path": chain.RUNTIME, "state": "stopped"})
    files.move(chain.RUNTIME, f"{chain.WORKING}\\RuntimeOld")
