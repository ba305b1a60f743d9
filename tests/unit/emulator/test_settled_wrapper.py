"""What is changed in a payload for the rig: ansible-core's wrapper, never the module and what it was given."""

from __future__ import annotations

import base64
import json

import payloads
import pytest
from emulator.model.payload import SEPARATOR, decode
from emulator.process import powershell

WORDS = "if ($IsCoreCLR) { if ($PwshPath) { 'pwsh.exe'"


@pytest.fixture(autouse=True)
def _the_rig(monkeypatch):
    monkeypatch.setattr(powershell, "NAMED", None)


def settled(*, timeout: int = 0) -> tuple[str, str]:
    """Return a payload before and after."""
    text = "\n".join(payloads.module("ansible.windows.win_powershell", {"script": WORDS}, timeout=timeout))
    return text, powershell.for_this_engine(text)


def scripts(text: str) -> dict[str, str]:
    """Return the scripts that a payload carries."""
    manifest = json.loads(text.split(SEPARATOR)[1])
    return {name: base64.b64decode(script["script"]).decode() for name, script in manifest["scripts"].items()}


@pytest.mark.parametrize("timeout", [0, 60])
def test_the_module_and_its_arguments_stay(timeout):
    before, after = settled(timeout=timeout)
    one, other = (decode("", text.split("\n")) for text in (before, after))
    assert one == other
    assert other.arguments["script"] == WORDS
    assert [part.count("\n") for part in before.split(SEPARATOR)] == [
        part.count("\n") for part in after.split(SEPARATOR)
    ]


def test_the_wrapper_is_settled_where_it_runs():
    before, after = settled()
    assert "if ($IsCoreCLR) {" in before.split(SEPARATOR)[0]
    assert "if ($IsCoreCLR) {" not in after.split(SEPARATOR)[0]
    assert scripts(before) == scripts(after)


def test_a_job_is_started_by_the_name_that_the_rig_has_and_its_own_wrapper_is_settled():
    before, after = (scripts(text) for text in settled(timeout=60))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"async_wrapper.ps1", "exec_wrapper.ps1"}
    assert "'pwsh.exe'" not in after["async_wrapper.ps1"]
    assert "if ($IsCoreCLR) {" not in after["exec_wrapper.ps1"]


def test_another_powershell_gets_the_payload_as_it_came(monkeypatch):
    monkeypatch.setattr(powershell, "NAMED", "pwsh")
    before, after = settled(timeout=60)
    assert before == after
