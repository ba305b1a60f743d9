"""Each rule of the audit: a planted fault gives its finding, others only where the row says so, a sound server none."""

from __future__ import annotations

import base64
import collections
import dataclasses
import json
import os
import typing as t

import audited
import chain
import install_playbook
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import (
    catalogue,
    findings,
    health_findings,
    plan_findings,
    product_findings,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.rule import Finding, State
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import check
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import role_tasks
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules import table

RUNTIME = chain.RUNTIME
AGENT_FILE, GENERAL_FILE = f"{RUNTIME}\\appsettings.agent.json", f"{RUNTIME}\\appsettings.json"

OF_OTHERS = {"answer_to_controller", "client_credentials", "start_without_request", "stop", "mail"}
"""Checks that ask the controller or the Identity Manager server, or that change something."""


@pytest.fixture(scope="module")
def sound():
    """Return an installed server; a test works on a copy."""
    return audited.installed()


def copied(server):
    """Return a server that is what another one is."""
    return type(server)(server.machine.copy())


def write(path, text):
    return lambda server: server.machine.files.write(path, text.encode())


def edit(path, **changes):
    """Return a deed that changes the settings of a file at its root."""

    def deed(server):
        data = json.loads(server.machine.files.read(path))
        server.machine.files.write(path, json.dumps({**data, **changes}).encode())

    return deed


def call(module, **arguments):
    """Return a deed that calls a module, as somebody does by hand."""
    return lambda server: server.engine.call(module, arguments, check=False, diff=False)


def policy(server):
    key = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging"
    server.engine.call(REGISTRY, {"path": key, "name": "EnableScriptBlockLogging", "data": 1, "type": "dword"})


def folders(*paths):
    def deed(server):
        for path in paths:
            server.machine.files.make_folder(path)

    return deed


def backups(server):
    for number in range(50):
        server.machine.files.write(f"{RUNTIME}\\notes.{number}.bak", b"x")


def lock_of_a_stopped_agent(server):
    server.engine.call("microsoft.iis.web_app_pool", {"name": chain.POOL, "state": "stopped"})
    server.machine.files.write(f"{chain.WORKING}\\Temp\\scheduler.lock", b"")


REGISTRY = "ansible.windows.win_regedit"
WU = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired"
ACL = "ansible.windows.win_acl"
DOWN = ("pool.as-wanted", "health.pool-started", "health.agent-answers")


@dataclasses.dataclass(frozen=True)
class Planted:
    """A fault.

    Attributes:
        rule: what has to find it.
        deed: plants it.
        also: rules that find what follows from it.
        variables: of the inventory, where the fault is there.
    """

    rule: str
    deed: t.Callable[[t.Any], t.Any] = lambda server: None
    also: frozenset[str] = frozenset()
    variables: tuple[tuple[str, t.Any], ...] = ()


def planted(rule, deed=lambda server: None, *also, **variables):
    return pytest.param(Planted(rule, deed, frozenset(also), tuple(variables.items())), id=rule)


REFUSED = ("settings.possible", "look.restart-pending", "pool.as-wanted")
CHANGED = ("look.restart-pending", "pool.as-wanted")
USERS = {"user": "Users", "rights": "Modify", "type": "allow", "state": "present"}
FAULTS = [
    planted("inventory.sound", lambda server: None, "settings.possible", identifier=""),
    planted("settings.as-wanted", edit(AGENT_FILE, SourcesRootPaths=["D:\\Other"]), *CHANGED),
    planted(
        "pool.as-wanted",
        call("microsoft.iis.web_app_pool", name=chain.POOL, attributes={"processModel.idleTimeout": "00:20:00"}),
    ),
    planted("product.readable", write(AGENT_FILE, '{"OpenId": }'), *REFUSED, "certificates.possible", "site.as-wanted"),
    planted("product.plain-secret", plain_accepted=[]),
    planted(
        "look.overriding-files",
        write(f"{RUNTIME}\\appsettings.Production.json", "{}"),
        "look.secrets-readable",
        "settings.as-wanted",
    ),
    planted(
        "look.leftovers",
        write(f"{RUNTIME}\\appsettings.json.im-0a1b2c.tmp", "{}"),
        "look.secrets-readable",
        "settings.as-wanted",
    ),
    planted("look.stale-lock", lock_of_a_stopped_agent, *DOWN),
    planted("look.powershell-recording", policy),
    planted("look.reboot-pending", call(REGISTRY, path=WU)),
    planted("look.runtime-writable", call(ACL, path=RUNTIME, **USERS), "rights.as-wanted"),
    planted("look.folders-writable", call(ACL, path=f"{chain.WORKING}\\Work", **USERS), "rights.as-wanted"),
    planted("look.former-files", backups),
    planted("look.former-files", folders(*(f"{RUNTIME}-6.{number}-0a1b2c3d" for number in range(4)))),
]


NIGHTLY = bool(os.environ.get("IMOPS_NIGHTLY"))


@pytest.mark.parametrize("fault", FAULTS if NIGHTLY else FAULTS[::4])
def test_a_planted_fault_is_found_and_nothing_else(fault, sound):
    server = copied(sound)
    fault.deed(server)
    result = audited.audit(server, audited.variables(**dict(fault.variables)))
    found = audited.failed(result) - audited.SOUND
    assert fault.rule in found
    assert found <= {fault.rule, *fault.also}, [
        one for one in result["record"]["findings"] if one["state"] == "fail" and one["rule"] in found
    ]


@pytest.mark.parametrize("hosting", ["iis", *(["service"] if NIGHTLY else [])])
def test_a_sound_server_has_no_finding_and_nothing_unknown(hosting, sound):
    server, given = copied(sound), audited.variables(hosting=hosting)
    if hosting == "service":
        server = chain.server()
        assert not install_playbook.run(server, given)[-1].result.get("failed")
        server.machine.clock.wait(10)
    result = audited.audit(server, given)
    assert audited.failed(result) == audited.SOUND
    assert audited.failed(result, "unknown") == set()


def test_every_rule_is_said_something_of(sound):
    result = audited.audit(copied(sound))
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
        assert {f"{subject}.as-wanted", f"{subject}.possible", f"{subject}.warned"} <= set(catalogue.RULES)
    assert {product_findings.PREFIX + rule.id for rule in table.RULES} <= set(catalogue.RULES)
    asked = {name.replace("_", "-") for name in set(check.NOT_ASKED) - OF_OTHERS}
    assert {rule.id.removeprefix(health_findings.PREFIX) for rule in health_findings.RULES} == asked
    assert {rule.id for rule in health_findings.RULES} <= set(catalogue.RULES)


def test_a_rule_has_all_its_texts_and_a_page_that_exists():
    for rule in catalogue.RULES.values():
        assert all(dataclasses.asdict(rule).values()), rule
        assert rule.id.count(".") == 1, rule
        assert (chain.ROOT / "docs" / rule.page).is_file() or rule.page in {"audit.md", "rules.md"}, rule
    titles = collections.Counter(rule.title for rule in catalogue.RULES.values())
    assert not [title for title, times in titles.items() if times > 3]


@pytest.mark.parametrize("name", ["bare", *(["down", "program gone"] if NIGHTLY else [])])
def test_a_server_in_any_state_is_audited(name, sound):
    server = chain.server() if name == "bare" else copied(sound)
    if name == "down":
        lock_of_a_stopped_agent(server)
    if name == "program gone":
        server.machine.files.remove(f"{RUNTIME}\\Usercube-Agent.dll")
    result = audited.audit(server)
    assert "unaudited" not in result["record"]
    assert audited.failed(result) - audited.SOUND


def test_what_is_found_holds_no_secret_and_says_what_was_changed(sound):
    server = copied(sound)
    data = json.loads(server.machine.files.read(AGENT_FILE))
    data["Connections"]["SAPExportFulfillment"]["Server"] = "old.contoso.com"
    data["Connections"]["SAPExportFulfillment"]["Password"] = "canary-changed-by-hand-11"
    server.machine.files.write(AGENT_FILE, json.dumps(data).encode())
    text = json.dumps(audited.audit(server)["record"])
    for canary in (*chain.CANARIES.values(), "canary-changed-by-hand-11"):
        assert canary not in text
        assert base64.b64encode(canary.encode()).decode() not in text
    assert "old.contoso.com" in text


def test_findings_of_one_rule_and_thing_are_one():
    same = [Finding("pool.as-wanted", State.PASS, "x"), Finding("pool.as-wanted", State.FAIL, "x")]
    merged = findings.merged([*same, Finding("pool.as-wanted", State.PASS)])
    assert [one for one in merged if one.rule == "pool.as-wanted"] == [same[1]]
    assert {one.rule for one in merged} == set(catalogue.RULES)
