"""The writer where scanners and failing replaces stand in the way: the file is the old or the new one, never none."""

from __future__ import annotations

import base64

import pytest
from in_process import Server, machine

WRITE, PATH = "imops.identity_manager.win_im_write", "C:\\im\\a.json"


def server(**behaviours):
    files = {"C:\\im": {"folder": True}, PATH: {"text": "old"}}
    return Server(machine({"files": files, "behaviours": behaviours}, "srv"))


def write(target, backups):
    operation = {"operation": "file", "path": PATH, "content": base64.b64encode(b"new").decode(), "backups": backups}
    return target.engine.call(WRITE, {"operations": [operation]})


def left(target):
    files = target.machine.files
    return files.read(PATH), [name for name in files.children("C:\\im") if ".im-" in name]


@pytest.mark.parametrize("backups", [0, 2])
@pytest.mark.parametrize("code", [1175, 1176, 1177])
def test_a_replace_that_fails_once_is_done_again(code, backups):
    target = server(failing_replace={"code": code})
    assert not write(target, backups).get("failed")
    assert left(target) == (b"new", [])


@pytest.mark.parametrize("code", [1175, 1176, 1177])
def test_a_replace_that_fails_always_leaves_the_old_file(code):
    target = server(failing_replace={"code": code, "times": 1000})
    assert write(target, 2)["failed"]
    assert left(target) == (b"old", [])


@pytest.mark.parametrize("backups", [0, 2])
def test_a_scanner_delays_a_write_only(backups):
    target = server(scanner={"attempts": 3})
    assert not write(target, backups).get("failed")
    assert left(target)[0] == b"new"
