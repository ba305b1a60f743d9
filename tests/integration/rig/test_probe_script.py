"""The probe on a real PowerShell: every kind of question and every error, by ansible-core's own wrapper."""

from __future__ import annotations

import json
import subprocess
import typing as t

import answer_schema
import probe_state
import pytest
from emulator.process.powershell import IMPS, NAMED
from lines import traced
from mail_server import MailServers
from not_run import NOT_RUN
from powershell import MODULES, PROBE, Engine
from probe_case import Case
from probe_cases import cases
from sql_server import SqlServers
from web_server import WebServer
from write_cases import pair

PASSWORD = "P@ss 'word $x"
TO_SERVERS = {"http", "reach", "with_token"}
OF_THE_DOUBLE = {"iis", "secret_matches"}
WITHOUT_IIS = r"""
$f = "$env:windir\system32\inetsrv\Microsoft.Web.Administration.dll"
if ([IO.File]::Exists($f)) { [IO.File]::Move($f, "$f.$([guid]::NewGuid())") }
"""


pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]


@pytest.mark.nightly  # by day test_same_answers.py asks the engine and the model
def test_each_question_and_every_statement(
    engine: Engine, web: WebServer, mail: MailServers, sql: SqlServers, capsys: pytest.CaptureFixture[str]
) -> None:
    script, made, wrong = traced(engine, PROBE), pair(PASSWORD), []

    def ask(case: Case) -> None:
        output = engine.module(PROBE, {"queries": [case.query]}, script=script.script)
        assert (output.exit, output.errors) == (0, ""), (case.name, output)
        document = json.loads(script.take(output.text))
        answer_schema.check_probe([case.query], document)
        if not case.right(document["answers"][0]):
            wrong.append((case.name, document["answers"][0]))

    if not NAMED:
        engine.script(WITHOUT_IIS)
        for query in ({"kind": "iis"}, {"kind": "secret_matches", "what": "pool_password", "name": "x"}):
            ask(Case("without IIS", query, lambda answer: bool(answer == {"value": None})))
    probe_state.lay(engine, made)
    # The states of pools and sites are those of the rig's double of IIS, which a named engine does not have.
    table = [
        case
        for case in cases(web, mail, sql, made.thumbprint)
        if not NAMED or case.query.get("kind") not in OF_THE_DOUBLE
    ]
    assert {case.query.get("kind") for case in table} >= answer_schema.kinds() - (OF_THE_DOUBLE if NAMED else set())
    for case in (case for case in table if case.query.get("kind") in TO_SERVERS):
        ask(case)
    probe_state.lay_key(engine, made, PASSWORD)
    asked = [case for case in table if case.query.get("kind") not in TO_SERVERS]
    for case in asked:
        ask(case)
    together = engine.module(PROBE, {"queries": [case.query for case in asked]}, check=True).document
    answer_schema.check_probe([case.query for case in asked], together)
    wrong += [
        (f"{case.name}, together", answer)
        for case, answer in zip(asked, together["answers"], strict=True)
        if not case.right(answer)
    ]
    probe_state.clear(engine, made)
    assert not wrong
    missed = script.missed()
    with capsys.disabled():
        print(f"\n{PROBE}.ps1: {len(script.seen)} of {len(script.starts)} statements ran, {len(missed)} are listed")
        if NAMED:
            print(json.dumps(missed, indent=1))
    assert NAMED or sorted(missed) == sorted(NOT_RUN), json.dumps(missed, indent=1)


@pytest.mark.parametrize("arguments", [{"queries": []}, {"queries": None}, {}])
def test_no_questions(engine: Engine, arguments: dict[str, t.Any]) -> None:
    answer_schema.check_probe([], engine.module(PROBE, arguments).document)


@pytest.mark.skipif(not IMPS.exists(), reason=f"no linter for Windows PowerShell 5.1: {IMPS} is missing")
def test_both_scripts_are_for_windows_powershell() -> None:
    done = subprocess.run(
        [str(IMPS), "lint", *map(str, sorted(MODULES.glob("*.ps1")))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
