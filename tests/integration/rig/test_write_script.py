"""The writer on a real PowerShell: every operation and every error, by ansible-core's own wrapper."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

import answer_schema
import by_day
import pytest
from emulator.process.powershell import NAMED, Output
from launch_cases import launches
from lines import Traced, traced
from modelled import differences, rights_of
from powershell import WRITE, Engine
from web_server import WebServer
from write_cases import Case, cases, pair
from write_state import State, assert_left, failure, lay, read, run

NIGHTLY = bool(os.environ.get("IMOPS_NIGHTLY"))
PASSWORD = "P@ss 'word $x"
# A named engine is a new process for each script, so none of them can hold a file for the next one.
# Nor is the double of IIS there.
CASES = [
    case
    for case in cases(pair(PASSWORD), PASSWORD)
    if not NAMED or not ("'held'" in case.lay or "install-iis" in case.lay)
]

pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]


FAILS = "the rig has no program that opens a file between the writer's reading and replacing it"
WMI = "Wine has no System.Management: making a searcher fails"
WORKERS = "the double of IIS has no worker processes"
STARTS = "the engine tells when each program was started, and its file"
NO_TEMPORARY = "copying over a locked file fails before there is a temporary file"
NOT_RUN = {
    "if ($attempt -ge $Attempts -or [IO.File]::Exists($To) -or [IO.Directory]::Exists($To)) { throw }": FAILS,
    "throw }": FAILS,
    "[Threading.Thread]::Sleep(200)": FAILS,
    "if (-not [IO.File]::Exists($Path)) {": FAILS,
    "if (-not $Backup) {": FAILS,
    "Move-Patiently $Temporary $Path 5": FAILS,
    "return": FAILS,
    "Move-Patiently $Backup $Path 5": FAILS,
    "if ($attempt -ge 5) { throw }": FAILS,
    "if ([IO.Directory]::Exists($old)) { [IO.Directory]::Move($old, $path) }": FAILS,
    "[IO.Directory]::Move($old, $path) }": FAILS,
    "throw": FAILS,
    "Remove-Stubbornly $temporary }": FAILS,
    "Move-Patiently $former $path 75": FAILS,
    "Invoke-Patiently { [IO.File]::Delete($temporary) } 5 }": NO_TEMPORARY,
    "[IO.File]::Delete($temporary) } 5 }": NO_TEMPORARY,
    "throw (New-Refusal 'NotAsWritten' \"'$path' reads back as something else than was written\") }": (
        "nobody changes the file between writing and reading it back"
    ),
    "throw (New-Refusal 'NoPrivateKey' \"the PFX of $thumbprint holds no private key\") }": (
        "Wine opens no PFX without a key"
    ),
    '$searcher = [Management.ManagementObjectSearcher]::new("SELECT ExecutablePath FROM Win32_Process WHERE ProcessId=$($Process.Id)")': WMI,
    '$Process.Id)")': WMI,
    "foreach ($found in $searcher.Get()) { return [string] $found['ExecutablePath'] }": WMI,
    "return [string] $found['ExecutablePath'] }": WMI,
    "return $null": WMI,
    "$started = $null }": STARTS,
    "$program = $null }": STARTS,
    "if ($worker.AppPoolName -eq $Name) { $workers.Add(@{ pool = $worker.AppPoolName; process_id = $worker.ProcessId }) }": WORKERS,
    "$workers.Add(@{ pool = $worker.AppPoolName; process_id = $worker.ProcessId }) }": WORKERS,
    "throw (New-Refusal 'NoServer' 'there is no IIS on this server') }": "other tests of the engine install its double of IIS",
}
FORESEEN = {
    "copy",
    "changed file",
    "extract",
    "compare",
    "swap",
    "prune",
    "certificate",
    "protect",
    "compose",
    "access cleared",
    "access granted",
    "pool restarted",
    "lock released",
    "launched",
}
"""Cases that are run in check mode first, for the statements of check mode."""
UNREPEATED = {"remove", "certificate", "certificate alone", "exportable certificate", "as expected"}
UNREPEATED |= {
    "pool restarted",
    "pool that does not come so far",
    "lock released",
    "lock of the same",
    "rights of a file and a folder",
    "extract into a folder that inherits nothing",
    "swap with rights of its own",
}
"""Cases that undo what they did, or that expect what was there before."""


@dataclasses.dataclass(frozen=True)
class Done:
    """What a case came to.

    Attributes:
        before, after: what was in the folder.
        output: of the script, what it traced included.
        document: its result.
        rights: the probe's answer for each path of the case's rights.
    """

    case: Case
    before: State
    after: State
    output: Output
    document: dict[str, t.Any]
    rights: dict[str, t.Any]


@pytest.fixture(scope="module")
def script(engine: Engine) -> Traced:
    """The writer with a note before each statement."""
    return traced(engine, WRITE)


@pytest.fixture(scope="module")
def done(engine: Engine, script: Traced, web: WebServer) -> list[Done]:
    """Each case, run once for all tests; by day every twelfth."""
    found = []
    for case in [*CASES, *launches(web)][:: 1 if NIGHTLY else 12]:
        before = lay(engine, case)
        if case.name in FORESEEN:
            script.take(run(engine, case, check=True, script=script.script).text)
        output = run(engine, case, script=script.script)
        after = read(engine, case)
        rights = {path: engine.probe(rights_of(path))[0] for path in case.rights}
        found.append(Done(case, before, after, output, json.loads(script.take(output.text)), rights))
    return found


def test_each_operation(done: list[Done]) -> None:
    wrong = []
    for one in done:
        case, document = one.case, one.document
        answer_schema.check_write(document)
        assert one.output.exit == (1 if case.fails else 0), case.name
        assert PASSWORD not in one.output.text + one.output.errors, case.name
        changed = [result["changed"] for result in document["results"]]
        if (failure(document), changed, document["changed"]) != (case.fails, case.changed, any(changed)):
            wrong.append((case.name, document))
        else:
            assert_left(case, one.before, one.after)
    assert not wrong


@pytest.mark.nightly
@pytest.mark.usefixtures("done")
def test_every_statement_runs_or_is_listed(script: Traced, capsys: pytest.CaptureFixture[str]) -> None:
    missed = script.missed()
    with capsys.disabled():
        print(f"\n{WRITE}.ps1: {len(script.seen)} of {len(script.starts)} statements ran, {len(missed)} are listed")
        if NAMED:
            print(json.dumps(missed, indent=1))
    assert NAMED or sorted(missed) == sorted(NOT_RUN), json.dumps(missed, indent=1)


@pytest.mark.skipif(bool(NAMED), reason="what differs from the rig's engine is listed, not what from another one")
def test_the_model_does_what_the_script_does(done: list[Done]) -> None:
    here = [one for one in done if not one.case.web]  # the emulator has no server of the rig to send requests to
    wrong = [d for one in here for d in differences(one.case, one.document, one.after, one.rights, check=False)]
    assert not wrong, json.dumps(wrong, indent=1)


CHECKED = [case for case in CASES if not case.clear]


@pytest.mark.parametrize("case", by_day.one_in(12, CHECKED), ids=[case.name for case in CHECKED])
def test_check_mode_predicts_and_writes_nothing(engine: Engine, case: Case) -> None:
    before = lay(engine, case)
    document = run(engine, case, check=True).document
    assert read(engine, case) == before
    answer_schema.check_write(document)
    if case.fails is None:
        # Each operation is looked at against the server as it is: one that repeats another is foreseen as a
        # change, too.
        done = case.operations[: len(document["results"])] if case.cut else case.operations
        assert [result["operation"] for result in document["results"]] == [o["operation"] for o in done]
        assert document["changed"] == any(case.changed)


@pytest.mark.nightly
def test_the_second_run_changes_nothing(engine: Engine) -> None:
    changed = []
    for case in CASES:
        if case.fails or case.clear or case.name in UNREPEATED:
            continue
        lay(engine, case)
        run(engine, case)
        left = read(engine, case)
        again = run(engine, case).document
        if "archive" in str(case.operations) and case.operations[0].get("delete_archive"):
            assert not again.get("failed")
        if again["changed"] or read(engine, case) != left:
            changed.append(case.name)
    assert changed == []
