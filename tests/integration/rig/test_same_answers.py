"""The emulator's models give the same answers as the real scripts, on the same laid-out states."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from emulator.handlers.probe import probe
from emulator.handlers.write import write
from emulator.model.call import Call
from emulator.windows.machine import Machine
from modelled import DIFFERENT, differences, plain, rights_of
from powershell import PROBE, WRITE, Engine
from probe_cases import FOLDER as PROBED
from probe_cases import KEY, LAY
from write_cases import cases, pair
from write_state import lay, read, run

PASSWORD = "P@ss 'word $x"
CASES = cases(pair(PASSWORD), PASSWORD)
VERSIONED = "versioned.dll"

pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]


@pytest.mark.nightly  # by day test_write_script.py has some of the cases
def test_the_model_foresees_what_the_script_does(engine: Engine) -> None:
    wrong = []
    for case in CASES:
        lay(engine, case)
        real = run(engine, case, check=True).document
        there = read(engine, case)
        rights = {path: engine.probe(rights_of(path))[0] for path in case.rights}
        wrong += differences(case, real, there, rights, check=True)
    assert not wrong, json.dumps(wrong, indent=1)


def probed() -> Machine:
    """Return an emulated server with what the probe's layout makes."""
    machine = Machine("srv")
    machine.files.make_folder(f"{PROBED}\\sub\\deep")
    machine.files.make_folder(f"{PROBED}\\empty")
    files = {
        "a.txt": "hello",
        "empty.bin": "",
        "sub\\B.json": "{}",
        "sub\\deep\\c.json": "{}",
        "plain.dll": "no program",
        "log.txt": "hi",
    }
    for name, content in files.items():
        machine.files.write(f"{PROBED}\\{name}", content)
    values = [
        ("Text", "String", "x"),
        ("", "String", "default"),
        ("Expand", "ExpandString", "%TEMP%\\x"),
        ("Number", "DWord", 2**32 - 1),
        ("Long", "QWord", 2**64 - 2),
        ("Bytes", "Binary", b"\0\xff"),
        ("One", "MultiString", ["a"]),
        ("Nothing", "MultiString", []),
        ("Raw", "None", b"\1"),
    ]
    for value_name, kind, data in values:
        machine.registry.set(KEY, value_name, kind, data)
    machine.registry.make(f"{KEY}\\Sub\\Z")
    machine.registry.make(f"{KEY}\\alpha")
    machine.registry.set(
        "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging",
        "EnableScriptBlockLogging",
        "DWord",
        1,
    )
    return machine


QUESTIONS: list[dict[str, t.Any]] = [
    {"kind": "file", "path": f"{PROBED}\\A.TXT"},
    {"kind": "file", "path": f"{PROBED}\\a.txt", "max_bytes": 4},
    {"kind": "file", "path": f"{PROBED}\\a.txt", "max_bytes": 0},
    {"kind": "file", "path": f"{PROBED}\\empty.bin", "max_bytes": 0},
    {"kind": "file", "path": f"{PROBED}\\log.txt"},
    {"kind": "file", "path": PROBED},
    {"kind": "file", "path": f"{PROBED}\\none\\x"},
    {"kind": "file", "path": PROBED + "\\" + "n" * 300},
    {"kind": "file", "path": f"{PROBED}/a.txt"},
    {"kind": "files", "path": f"{PROBED}\\sub"},
    {"kind": "files", "path": f"{PROBED}\\", "pattern": "*.json", "recurse": True},
    {"kind": "files", "path": PROBED, "pattern": "*.TXT"},
    {"kind": "files", "path": PROBED, "pattern": "?.txt"},
    {"kind": "files", "path": PROBED, "pattern": "[a].txt"},
    {"kind": "files", "path": PROBED, "limit": 1},
    {"kind": "files", "path": PROBED, "limit": 0},
    {"kind": "files", "path": f"{PROBED}\\empty"},
    {"kind": "files", "path": f"{PROBED}\\none"},
    {"kind": "files", "path": f"{PROBED}\\a.txt"},
    {"kind": "acl", "paths": [PROBED, f"{PROBED}\\sub\\deep", f"{PROBED}\\a.txt", f"{PROBED}\\none"]},
    {"kind": "acl", "paths": []},
    {"kind": "registry", "key": KEY},
    {"kind": "registry", "key": KEY, "depth": 2},
    {"kind": "registry", "key": KEY, "names": ["text", "RAW", "none", ""]},
    {"kind": "registry", "key": KEY, "names": [], "depth": 1},
    {"kind": "registry", "key": KEY, "match": "^x$", "depth": 1},
    {"kind": "registry", "key": f"{KEY}\\none"},
    {"kind": "registry", "key": KEY.upper()},
    {"kind": "certificates", "store": "None of these"},
    {"kind": "certificates", "thumbprint": "00" * 20},
    {"kind": "service", "name": "none"},
    {"kind": "environment", "names": ["no such name"]},
    {"kind": "environment", "names": []},
    {"kind": "account", "names": ["S-1-5-18", "BUILTIN\\Users", "no such", "S-1-5-21-1-2-3-4", "S-1-x"]},
    {"kind": "policies"},
    {"kind": "http", "address": "127.0.0.1", "port": 1, "host": "x"},
    {"kind": "telepathy"},
    {},
    {"kind": "file"},
    {"kind": "file", "path": ""},
    {"kind": "acl"},
    {"kind": "acl", "paths": "x"},
    {"kind": "registry", "key": "C:\\x"},
    {"kind": "service"},
    {"kind": "http", "host": "x"},
    {"kind": "http", "address": "x"},
    {"kind": "with_token", "token": {"address": "127.0.0.1", "port": 1, "host": "x"}, "paths": ["/"]},
    {"kind": "with_token", "token": "x", "paths": []},
    {"kind": "with_token", "token": {}},
    {"kind": "environment", "names": "x"},
    {"kind": "secret_matches", "name": "x"},
]


def test_probe(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    done = engine.script(LAY + f"\n[IO.File]::Delete('{PROBED}\\{VERSIONED}')")
    assert (done.exit, done.errors) == (0, ""), done
    real = engine.probe(*QUESTIONS)
    engine.script("[AppDomain]::CurrentDomain.GetData('log').Dispose()")
    modelled = probe(Call(probed(), f"imops.identity_manager.{PROBE}", {"queries": QUESTIONS}))["answers"]
    wrong = [
        (query, plain(a), plain(b))
        for query, a, b in zip(QUESTIONS, real, modelled, strict=True)
        if plain(a) != plain(b)
    ]
    with capsys.disabled():
        print(f"\nsame answers: {len(QUESTIONS)} questions; {len(DIFFERENT)} kinds of difference are listed")
    assert not wrong, json.dumps(wrong, indent=1)


LAY_SYSTEM = """
$bytes = [Convert]::FromBase64String('{der}')
$certificate = [Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes)
$store = [Security.Cryptography.X509Certificates.X509Store]::new('AuthRoot', 'LocalMachine')
$store.Open('ReadWrite')
$store.Add($certificate)
$store.Close()
[Environment]::SetEnvironmentVariable('IM_SAME', 'häl lo', 'Machine')
"""


def test_certificates_and_environment(engine: Engine) -> None:
    """A certificate without key, one with a key (its key's file is what Wine cannot show), and machine variables."""
    bare, keyed = pair(PASSWORD), pair(PASSWORD)
    engine.script(LAY_SYSTEM.replace("{der}", base64.b64encode(bare.der).decode()))
    operation = {"operation": "certificate", "store": "CA", "thumbprint": keyed.thumbprint}
    operation |= {"content": base64.b64encode(keyed.pfx).decode(), "password": PASSWORD}
    written = engine.write(operation)
    machine = Machine("srv")
    machine.certificates.add("LocalMachine", "AuthRoot", bare.der)
    modelled = write(Call(machine, f"imops.identity_manager.{WRITE}", {"operations": [operation]}))
    assert plain(written) == plain(modelled)
    machine.environment.set("IM_SAME", "häl lo")
    questions: list[dict[str, t.Any]] = [
        {"kind": "certificates", "store": "AuthRoot", "thumbprint": bare.thumbprint},
        {"kind": "certificates", "store": "CA", "thumbprint": keyed.thumbprint.lower()},
        {"kind": "certificates", "store": "CA", "thumbprint": "AB" * 20},
        {"kind": "certificates", "store": "No such store"},
        {"kind": "environment", "names": ["IM_SAME", "IM_NOT_THERE"]},
        {"kind": "service", "name": "No such service"},
    ]
    real = engine.probe(*questions)
    ours = probe(Call(machine, f"imops.identity_manager.{PROBE}", {"queries": questions}))["answers"]
    for answers in (real, ours):
        (held,) = answers[1]["value"]
        assert held.pop("key").keys() == {"path", "sddl", "error"}
    assert [plain(a) for a in real] == [plain(a) for a in ours]
