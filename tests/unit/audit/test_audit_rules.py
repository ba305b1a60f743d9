"""Each rule of the audit: a planted fault gives its finding, others only where the row says so, a sound server none."""

from __future__ import annotations

import base64
import collections
import dataclasses
import inspect
import json
import os

import audited
import chain
import mutants
import pytest
import trial
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import (
    catalogue,
    findings,
    health_findings,
    plan_findings,
    product_findings,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.rule import Finding, State
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.warned import Warned, WarningKind
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import check
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import foretelling, role_tasks
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules import table
from planted import FAULTS
from planted.fault import AGENT_FILE, RUNTIME, aged

OF_OTHERS = {
    "answer_to_controller",
    "client_credentials",
    "connection_needs",
    "connection_reached",
    "key_rights",
    "launched_job",
    "mail",
    "mail_folder",
    "mail_server",
    "mail_waiting",
    "server_jobs",
    "server_knows_agent",
    "start_without_request",
    "stop",
}
"""Checks that ask the controller, the Identity Manager server or managed systems, or that change something; and that of
the keys' rights, which the plan of the key pairs tells the audit.
"""


NIGHTLY = bool(os.environ.get("IMOPS_NIGHTLY"))
BY_DAY = 10
"""By day one in so many of the faults is planted."""


@pytest.fixture
def sound():
    """Return an installed server under IIS."""
    return trial.sound()


@pytest.mark.parametrize("fault", [pytest.param(one, id=one.id) for one in FAULTS[:: 1 if NIGHTLY else BY_DAY]])
def test_a_planted_fault_is_found_and_nothing_but_what_follows_from_it(fault):
    result = trial.result_of(fault)
    shown = [one for one in result["record"]["findings"] if one["state"] in {"fail", "unknown"}]
    assert trial.verdict(result) == trial.expected(fault), shown


FIRST = {fault.rule: fault for fault in reversed(FAULTS)}
MUTANTS = [(rule, way) for rule in FIRST for way in (mutants.PASSES, mutants.FAILS)]


@pytest.mark.parametrize(("rule", "way"), MUTANTS if NIGHTLY else MUTANTS[:: 3 * BY_DAY + 1])
def test_a_rule_that_always_says_the_same_is_noticed(rule, way):
    fault = FIRST[rule]
    with mutants.broken(rule, way):
        if way == mutants.PASSES:
            assert not trial.is_as_written(fault)
        else:
            assert trial.of_sound(fault.hosting) != (set(), set())


def test_each_rule_has_a_planted_fault_and_none_is_of_a_rule_that_is_not_there():
    named = {rule for fault in FAULTS for rule in (*fault.also, *fault.unknown)}
    assert {fault.rule for fault in FAULTS} == set(catalogue.RULES)
    assert named <= set(catalogue.RULES)
    twice = [name for name, times in collections.Counter(fault.id for fault in FAULTS).items() if times > 1]
    assert twice == []


def test_a_sound_server_is_sound_however_long_ago_it_was_installed():
    trial.installed("iis").machine.clock.advance(-3600)  # as if this run of the tests had gone on for an hour
    assert trial.of_sound() == (set(), set())


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_a_sound_server_has_no_finding_and_nothing_unknown(hosting):
    assert trial.of_sound(hosting) == (set(), set())


def test_an_audit_asks_no_other_server_whatever_the_verification_does(sound):
    wanted = {"im_verify_connections": True, "im_verify_credentials": True, "im_verify_from_controller": True}
    audited.audit(sound, audited.variables(**wanted, im_verify_recycle=True, im_verify_jobs=True))
    asked = [query for _name, arguments, _result in sound.engine.calls[-2:] for query in arguments.get("queries", ())]
    assert {query["kind"] for query in asked} >= {"http", "iis"}
    assert {query["kind"] for query in asked} & {"reach", "programs"} == set()
    assert {query["address"] for query in asked if query["kind"] == "http"} == {"127.0.0.1"}


def test_every_rule_is_said_something_of(sound):
    result = audited.audit(sound)
    assert {one["rule"] for one in result["record"]["findings"]} == set(catalogue.RULES)


def test_every_plan_product_rule_and_check_has_a_rule():
    tasks = [
        task
        for hosting in ("iis", "service")
        for entry in role_tasks.of_hosting(hosting)
        for task in role_tasks.read(entry)
    ]
    planned = {task.module.rpartition(".")[2] for task in tasks} - {"win_reboot"}
    assert planned == set(plan_findings.SUBJECTS)
    for subject, *_rest in plan_findings.SUBJECTS.values():
        names = {"as-wanted", "possible", *(() if subject in plan_findings.SILENT else ("warned",))}
        assert {f"{subject}.{name}" for name in names} <= set(catalogue.RULES)
    assert {product_findings.PREFIX + rule.id for rule in table.RULES} <= set(catalogue.RULES)
    asked = {name.replace("_", "-") for name in set(check.NOT_ASKED) - OF_OTHERS}
    assert {rule.id.removeprefix(health_findings.PREFIX) for rule in health_findings.RULES} == asked
    assert {rule.id for rule in health_findings.RULES} <= set(catalogue.RULES)


def test_a_plan_that_is_said_never_to_warn_does_not():
    modules = {
        module
        for name, (subject, *_rest) in plan_findings.SUBJECTS.items()
        for module in [foretelling.SUBJECTS[f"imops.identity_manager.{name}"]]
        if subject in plan_findings.SILENT
    }
    assert len(modules) == len(plan_findings.SILENT)
    assert not [module.__name__ for module in modules if "warnings" in inspect.getsource(module.plan)]


def test_what_is_not_told_twice_is_told_by_a_rule_that_is_there():
    assert set(plan_findings.TOLD_BY.values()) <= set(catalogue.RULES)


def test_a_warning_is_the_same_thing_while_its_sentence_changes():
    days = [
        Warned(f"expires in {left} days (2027-01-0{left})", WarningKind.CERTIFICATE_EXPIRES, "server")
        for left in (2, 1)
    ]
    told = [
        [
            one
            for one in plan_findings.of_plan("certificates", Plan(warnings=(day,)), None, "")
            if one.state is State.FAIL
        ]
        for day in days
    ]
    assert [[one.about for one in found] for found in told] == [["certificate-expires: server"]] * 2


LOOK = {
    "who may read secrets": {"look.secrets-readable"},
    "who may write into Runtime": {"look.runtime-writable", "look.folders-writable", "look.folders-replaceable"},
    "secrets in clear": {"product.plain-secret"},
    "what Windows records of PowerShell": {"look.powershell-recording"},
    "certificates near their end": {f"look.certificate-ends-{days}" for days in (7, 30, 90)},
    "weak keys and hashes": {"look.weak-key"},
    "end of support": {"look.windows-support", "look.dotnet-support"},
    "pending restart and reboot": {"look.restart-pending", "look.reboot-pending"},
    "disk space": {"look.disk-space"},
    "time skew": {"look.time-skew"},
    "what piles up": {"look.former-files", "look.leftovers"},
    "stale locks": {"look.stale-lock"},
    "files that override ours": {"look.overriding-files"},
    "orphan rights": {"look.orphan-rights"},
    "a second scheduler": {"look.second-scheduler"},
    "log growth": {"look.log-growth"},
}
"""What the audit looks at beside plans, product rules and checks, with the rules that judge it."""


def test_everything_that_is_looked_at_has_its_rules():
    named = set().union(*LOOK.values())
    assert named <= set(catalogue.RULES)
    assert {rule for rule in catalogue.RULES if rule.startswith("look.")} == named - {"product.plain-secret"}


def test_the_drives_of_folders_elsewhere_are_looked_at_and_one_that_is_away_is_unknown(sound):
    sound.machine.files.add_drive("D", free_bytes=2**20)
    elsewhere = {"Temp": "D:\\Temp", "Work": "E:\\Work", "Mails": "\\\\files\\mails"}
    found = audited.audit(sound, audited.variables(folders=elsewhere))["record"]["findings"]
    said = {one.get("about"): one["state"] for one in found if one["rule"] == "look.disk-space"}
    assert said == {"D:\\": "fail", "E:\\": "unknown"}


def test_a_rule_has_all_its_texts_and_a_page_that_exists():
    for rule in catalogue.RULES.values():
        assert all(dataclasses.asdict(rule).values()), rule
        assert rule.id.count(".") == 1, rule
        assert (chain.ROOT / "docs" / rule.page).is_file() or rule.page in {"audit.md", "rules.md"}, rule
    titles = collections.Counter(rule.title for rule in catalogue.RULES.values())
    assert not [title for title, times in titles.items() if times > 3]


def test_another_version_is_a_difference_where_an_upgrade_is_wanted_too(sound):
    given = audited.variables(archive_checksum="a" * 64, upgrade=True)
    assert "folders.possible" in audited.failed(audited.audit(sound, given))


def test_a_pool_that_somebody_stopped_is_not_as_wanted(sound):
    sound.machine.iis.stop_pool(chain.POOL)
    assert {"pool.as-wanted", "health.pool-started"} <= audited.failed(audited.audit(sound))


@pytest.mark.parametrize("name", ["bare", *(["down", "program gone"] if NIGHTLY else [])])
def test_a_server_in_any_state_is_audited(name, sound):
    server = chain.server() if name == "bare" else sound
    if name == "down":
        server.machine.iis.stop_pool(chain.POOL)
    if name == "program gone":
        server.machine.files.remove(f"{RUNTIME}\\Usercube-Agent.dll")
    result = audited.audit(server)
    assert "unaudited" not in result["record"]
    assert audited.failed(result)


def test_what_is_found_holds_no_secret_and_says_what_was_changed(sound):
    server = sound
    data = json.loads(server.machine.files.read(AGENT_FILE))
    data["Connections"]["SAPExportFulfillment"]["Server"] = "old.contoso.com"
    data["Connections"]["SAPExportFulfillment"]["Password"] = "canary-changed-by-hand-11"
    server.machine.files.write(AGENT_FILE, json.dumps(data).encode())
    text = json.dumps(audited.audit(server)["record"])
    for canary in (*chain.CANARIES.values(), "canary-changed-by-hand-11"):
        assert canary not in text
        assert base64.b64encode(canary.encode()).decode() not in text
    assert "old.contoso.com" in text


@pytest.mark.parametrize(("hours", "found"), [(0, False), (2, True)])
def test_what_a_run_writes_just_now_is_not_left_behind(hours, found, sound):
    aged(f"{RUNTIME}\\web.config.im-0a1b2c3d4e5f.tmp", hours)(sound)
    assert ("look.leftovers" in audited.failed(audited.audit(sound))) is found


def test_findings_of_one_rule_and_thing_are_one():
    same = [Finding("pool.as-wanted", State.PASS, "x"), Finding("pool.as-wanted", State.FAIL, "x")]
    merged = findings.merged([*same, Finding("pool.as-wanted", State.PASS)])
    assert [one for one in merged if one.rule == "pool.as-wanted"] == [same[1]]
    assert {one.rule for one in merged} == set(catalogue.RULES)
