"""A PowerShell engine that answers, ends, or loses its cmdlets: what is seen, and that another process follows."""

from __future__ import annotations

import sys

import pytest
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
        ("end", "ended with 3"),
    ],
)
def test_a_process_that_is_of_no_use_is_told_and_another_takes_its_place(engine, script, why):
    engine.script("fine")
    with pytest.raises(Crashed, match=why):
        engine.script(script)
    assert engine.script("fine").text == "0"


def test_what_a_machine_lacks_is_told_in_the_words_of_the_rig(engine):
    with pytest.raises(Unavailable, match=r"ended with 75, this machine cannot have it: no debootstrap$"):
        engine.script("cannot")
