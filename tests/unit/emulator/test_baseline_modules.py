"""The modules of a hand-written playbook: what each does to a server, again, in check mode, and when it fails."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import chain
import pytest
from cryptography.hazmat.primitives import serialization

FOLDER = "C:\\there"


def server():
    made = chain.server({"files": {FOLDER: {"folder": True}, f"{FOLDER}\\a.txt": {"text": "old"}}})
    files = made.machine.files
    files.write(f"{FOLDER}\\a.xml", "<configuration><a b='1'><!-- kept --></a></configuration>")
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("sub/x.txt", "x")
    files.write(f"{FOLDER}\\a.zip", memory.getvalue())
    files.write(f"{FOLDER}\\s.pfx", chain.FILES.key_pair.read_bytes())
    return made


def state(server):
    return json.dumps(server.machine.dump()["files"], sort_keys=True) + json.dumps(
        server.machine.dump()["certificates"]
    )


# module, arguments, whether it changes, whether it changes again
CALLS = {
    "find": ("ansible.windows.win_find", {"paths": [FOLDER], "patterns": ["*.txt"]}, False, False),
    "copy on the server": (
        "ansible.windows.win_copy",
        {"src": f"{FOLDER}\\a.txt", "dest": f"{FOLDER}\\b.txt", "_copy_mode": "remote"},
        True,
        False,
    ),
    "unzip": ("community.windows.win_unzip", {"src": f"{FOLDER}\\a.zip", "dest": f"{FOLDER}\\out"}, True, True),
    "unzip unless there": (
        "community.windows.win_unzip",
        {"src": f"{FOLDER}\\a.zip", "dest": f"{FOLDER}\\out", "creates": f"{FOLDER}\\out\\sub\\x.txt"},
        True,
        False,
    ),
    "xml attribute": (
        "community.windows.win_xml",
        {"path": f"{FOLDER}\\a.xml", "xpath": "//a", "type": "attribute", "attribute": "b", "fragment": "2"},
        True,
        False,
    ),
    "xml element": (
        "community.windows.win_xml",
        {"path": f"{FOLDER}\\a.xml", "xpath": "//a", "fragment": "<c d='1' />"},
        True,
        False,
    ),
    "certificate": (
        "ansible.windows.win_certificate_store",
        {"path": f"{FOLDER}\\s.pfx", "password": chain.CANARIES["pfx"], "key_storage": "machine"},
        True,
        False,
    ),
    "certificates of a store": ("ansible.windows.win_certificate_info", {}, False, False),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_changes_once_and_nothing_in_check_mode(name):
    module, arguments, changes, again = CALLS[name]
    target = server()
    before = state(target)
    predicted = target.engine.call(module, {**arguments, "_ansible_check_mode": True}, check=True)
    assert state(target) == before
    first = target.engine.call(module, arguments)
    assert not first.get("failed"), first
    assert predicted["changed"] is first["changed"] is changes
    assert (state(target) != before) == changes
    assert target.engine.call(module, arguments)["changed"] is again


FAILS = {
    "find by an age that is none": (
        "ansible.windows.win_find",
        {"paths": [FOLDER], "age": "old"},
        "Invalid age pattern specified",
    ),
    "folder of no drive": (
        "ansible.windows.win_file",
        {"path": "x\\y", "state": "directory"},
        "Could not find a part of the path",
    ),
    "copy of nothing": (
        "ansible.windows.win_copy",
        {"src": "C:\\none", "dest": FOLDER, "_copy_mode": "remote"},
        "as it does not exist",
    ),
    "copy into no folder": (
        "ansible.windows.win_copy",
        {"src": f"{FOLDER}\\a.txt", "dest": "C:\\none\\a.txt", "_copy_mode": "single"},
        "Destination directory 'C:\\none' does not exist",
    ),
    "unzip of nothing": ("community.windows.win_unzip", {"src": "C:\\none.zip", "dest": FOLDER}, "does not exist"),
    "xml that is none": (
        "community.windows.win_xml",
        {"path": f"{FOLDER}\\a.txt", "xpath": "//a", "fragment": "<b/>"},
        f"Failed to parse file at '{FOLDER}\\a.txt' as an XML document: ",
    ),
    "xml that is not there": (
        "community.windows.win_xml",
        {"path": "C:\\none.xml", "xpath": "//a", "fragment": "<b/>"},
        "Specified path C:\\none.xml does not exist or is not a file.",
    ),
    "installer that is not there": (
        "ansible.windows.win_package",
        {"path": "C:\\none.exe", "arguments": ["/quiet"], "creates_path": "C:\\none"},
        "the file at the path 'C:\\none.exe' cannot be reached",
    ),
    "pfx with another password": (
        "ansible.windows.win_certificate_store",
        {"path": f"{FOLDER}\\s.pfx", "password": "wrong"},
        "password is not correct",
    ),
    "store that is none": (
        "ansible.windows.win_certificate_store",
        {"path": f"{FOLDER}\\s.pfx", "store_name": "None"},
        "unable to find store",
    ),
    "script that is not known": ("ansible.windows.win_powershell", {"script": "Format-Volume"}, "Format-Volume"),
    "program that is not there": ("ansible.windows.win_command", {"argv": ["C:\\none.exe"]}, "cannot find the file"),
    "program that is not known": (
        "ansible.windows.win_command",
        {"argv": [f"{FOLDER}\\a.txt"]},
        "non-zero return code",
    ),
    "request that nobody answers": ("ansible.windows.win_uri", {"url": "https://a.contoso.com/"}, "Unable to connect"),
}


@pytest.mark.parametrize("name", FAILS)
def test_a_call_that_cannot_be_fails_with_the_module_s_words(name):
    module, arguments, words = FAILS[name]
    result = server().engine.call(module, arguments)
    assert result["failed"]
    assert words in result["msg"]


def test_what_the_action_plugin_of_win_copy_asks():
    target = server()
    old, new = (
        {"src": f"/controller/{name}", "dest": name, "checksum": checksum}
        for name, checksum in (("a.txt", "2f62b2cb4ae9ca3a5de2c43dd43b9a7a09a62d8e"), ("new.txt", "0" * 40))
    )
    query = {
        "_copy_mode": "query",
        "dest": "C:/there",
        "files": [old, new],
        "directories": [{"src": "/c", "dest": "d"}],
    }
    answer = target.engine.call("ansible.windows.win_copy", query)
    assert [file["dest"] for file in answer["files"]] == ["a.txt", "new.txt"]
    assert [folder["dest"] for folder in answer["directories"]] == ["d"]
    unforced = target.engine.call("ansible.windows.win_copy", {**query, "force": False})
    assert [file["dest"] for file in unforced["files"]] == ["new.txt"]


def test_a_copied_file_keeps_a_backup_when_asked():
    target = server()
    target.machine.files.write("C:\\source", b"new")
    arguments = {"src": "C:\\source", "dest": f"{FOLDER}\\a.txt", "_copy_mode": "single", "backup": True}
    done = target.engine.call("ansible.windows.win_copy", arguments)
    assert target.machine.files.text(f"{FOLDER}\\a.txt") == "new"
    assert target.machine.files.text(done["backup_file"]) == "old"


def test_an_imported_pair_can_be_found_and_removed():
    target = server()
    password = chain.CANARIES["pfx"]
    imported = target.engine.call(
        "ansible.windows.win_certificate_store", {"path": f"{FOLDER}\\s.pfx", "password": password}
    )
    (thumbprint,) = imported["thumbprints"]
    info = target.engine.call("ansible.windows.win_certificate_info", {"thumbprint": thumbprint.lower()})
    assert info["exists"]
    assert info["certificates"][0]["has_private_key"]
    der = base64.b64decode(info["certificates"][0]["raw"])
    held = target.machine.certificates.find("LocalMachine", "My", thumbprint)
    assert der == held.der
    assert serialization.load_pem_private_key(held.key, None)
    gone = target.engine.call("ansible.windows.win_certificate_store", {"thumbprint": thumbprint, "state": "absent"})
    assert gone["changed"]
    assert target.machine.certificates.find("LocalMachine", "My", thumbprint) is None


def test_a_program_runs_and_is_seen_in_the_process_list():
    target = server()
    done = target.engine.call(
        "ansible.windows.win_command", {"argv": ["C:\\Windows\\System32\\cmd.exe", "/c", "echo", "hi"]}
    )
    assert (done["rc"], done["stdout"]) == (0, "hi\r\n")
    assert any("cmd.exe" in line for line in target.machine.dump()["processes"])
    skipped = target.engine.call("ansible.windows.win_command", {"argv": ["x"], "creates": FOLDER})
    assert skipped["skipped"]


def test_facts_of_no_subset_are_those_of_all():
    target = server()
    said, unsaid = (target.engine.call("ansible.windows.setup", given) for given in ({}, {"gather_subset": None}))
    assert unsaid["ansible_facts"].keys() == said["ansible_facts"].keys()
    assert unsaid["ansible_facts"]["gather_subset"] is None
