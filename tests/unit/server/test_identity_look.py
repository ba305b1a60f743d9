"""Whom the agent runs as, and who may do what on its folders: held against the emulator's own access check."""

from __future__ import annotations

import json

import audited
import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import security_tab
from emulator.windows.security import access_check
from emulator.windows.security.descriptors import pool_sid, service_sid
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT, TEMP = "C:\\im", "C:\\im\\Temp"
FOLDERS = ("Runtime", "Temp", "Work", "Mails", "Sources")
POOL = pool_sid("Agent")
GROUP = "S-1-5-21-1-2-3-1107"
ENOUGH = f"O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;{POOL})"
USERS = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"


def server(temp=ENOUGH, **more):
    files = {ROOT: {"folder": True, "sddl": ENOUGH}}
    files |= {f"{ROOT}\\{name}": {"folder": True, "sddl": ENOUGH} for name in FOLDERS}
    files[TEMP]["sddl"] = temp
    return chain.server({"features": ["Web-Server"], "pools": [{"name": "Agent"}], "files": files, **more})


def look(target, *, executions=1, **options):
    """Return what is seen with that many executions, after holding the server to be as it was."""
    target.new_run()
    before = audited.state(target)
    arguments = {"working_directory": ROOT, "identity": {"pool": "Agent"}, "pool": "Agent", **options}
    if "service" in options:
        del arguments["pool"]
    result = target.run("win_im_identity", arguments)
    assert audited.state(target) == before
    assert target.executions == executions
    return result


def temp(result):
    return next(folder for folder in result["folders"] if folder["path"] == TEMP)


def test_an_installed_agent_may_do_what_it_must():
    installed = audited.installed()
    result = look(installed, working_directory=chain.WORKING, identity={"pool": chain.POOL}, pool=chain.POOL)
    assert result["problems"] == []
    assert result["runs_as"] == result["account"] == f"IIS APPPOOL\\{chain.POOL}"
    assert [one["agent"] for one in result["folders"]] == [one["needs"] for one in result["folders"]]
    assert len(result["folders"]) == 6


def test_the_groups_are_those_that_the_worker_carries():
    target = server()
    groups = {one["sid"] for one in look(target)["groups"]}
    assert groups | {POOL} == target.machine.iis.pool_token("Agent")
    assert {one["name"] for one in look(target)["groups"]} >= {"Users", "IIS_IUSRS"}


RIGHTS = st.sampled_from(["FA", "FR", "0x1301bf", "0x1200a9", "0x100116", "0x2", "0x40", "0x10000", "WD"])
ACES = st.lists(
    st.tuples(
        st.sampled_from("AD"),
        st.sampled_from(["OICI", "CI", "OICIIO", ""]),
        RIGHTS,
        st.sampled_from([POOL, "BU", "IS", "AU", "WD", "BA", GROUP]),
    ),
    max_size=5,
)


@given(ACES)
@settings(max_examples=40, deadline=None)
def test_what_the_agent_may_do_is_what_windows_lets_it_do(aces):
    target = server("O:BAD:P" + "".join(f"({kind};{flags};{rights};;;{who})" for kind, flags, rights, who in aces))
    found = temp(look(target))
    granted = access_check.granted(target.machine.dump()["files"], TEMP, target.machine.iis.pool_token("Agent"))
    assert found["agent"] == security_tab.short(granted)
    assert found["enough"] is (granted & 0x1301BF == 0x1301BF)
    assert len(found["entries"]) == len(aces)


@pytest.mark.parametrize(
    ("text", "agent", "through", "told"),
    [
        (USERS, "Read & execute", ["Users"], "found Read & execute for IIS APPPOOL\\Agent, wanted Modify"),
        ("O:BAD:P(A;OICI;FA;;;BA)", "nothing", [], "found nothing for IIS APPPOOL\\Agent, wanted Modify"),
        (
            f"O:BAD:P(D;OICI;0x2;;;BU)(A;OICI;0x1301bf;;;{POOL})",
            "Read & execute",
            ["IIS APPPOOL\\Agent"],
            "wanted Modify",
        ),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(text, agent, through, told):
    result = look(server(text))
    found = temp(result)
    assert (found["agent"].partition(",")[0], found["through"], found["enough"]) == (agent, through, False)
    (problem,) = result["problems"]
    assert problem.startswith(f"{TEMP}: ")
    assert told in problem
    assert "run install, or im_permissions" in problem


def test_a_folder_that_is_not_there_is_a_problem_and_no_failure():
    result = look(chain.server({"features": ["Web-Server"], "pools": [{"name": "Agent"}]}))
    assert not result.get("failed")
    assert [one["exists"] for one in result["folders"]] == [False] * 6
    assert sum("found no such folder" in problem for problem in result["problems"]) == 6


def test_a_condition_is_told_and_not_reckoned_with():
    text = f'O:BAD:P(XA;OICI;FA;;;{POOL};(@User.Title=="PM"))(A;OICI;0x1301bf;;;{POOL})'
    found = temp(look(server(text)))
    assert [one["conditional"] for one in found["entries"]] == [True, False]
    assert found["agent"] == "Modify"


TYPE, USER = "processModel.identityType", "processModel.userName"
ACCOUNTS = [{"name": "CONTOSO\\agent$", "kind": "gmsa"}, {"name": "CONTOSO\\Agents", "kind": "group"}]


@pytest.mark.parametrize(
    ("pool", "identity", "wrong"),
    [
        ({"name": "Agent"}, {"pool": "Agent"}, False),
        ({"name": "agent"}, {"pool": "Agent"}, False),
        ({"name": "Other"}, {"pool": "Agent"}, True),
        ({"name": "Agent", "attributes": {TYPE: "LocalSystem"}}, {"pool": "Agent"}, True),
        ({"name": "Agent", "attributes": {TYPE: "LocalSystem"}}, {"account": "NT AUTHORITY\\SYSTEM"}, False),
        ({"name": "Agent", "attributes": {TYPE: "SpecificUser", USER: "CONTOSO\\agent$"}}, {"pool": "Agent"}, True),
        (
            {"name": "Agent", "attributes": {TYPE: "SpecificUser", USER: "CONTOSO\\agent$"}},
            {"account": "CONTOSO\\agent$"},
            False,
        ),
        (
            {"name": "Agent", "attributes": {TYPE: "SpecificUser", USER: "CONTOSO\\agent$"}},
            {"account": "agent$@contoso.com"},
            False,
        ),
        (
            {"name": "Agent", "attributes": {TYPE: "SpecificUser", USER: "CONTOSO\\old$"}},
            {"account": "CONTOSO\\agent$"},
            True,
        ),
    ],
)
def test_whom_the_pool_runs_as_is_held_against_the_inventory(pool, identity, wrong):
    result = look(server(pools=[pool], accounts=ACCOUNTS), identity=identity)
    of_runner = [problem for problem in result["problems"] if "application pool Agent" in problem]
    assert bool(of_runner) is wrong, result["problems"]


def test_a_service_is_looked_at_as_a_service():
    services = [{"name": "IM", "path": "C:\\im\\Runtime\\Usercube-Agent.exe", "account": "NT SERVICE\\IM"}]
    result = look(server(services=services), identity={"service": "IM"}, service="IM")
    assert (result["sid"], result["runs_as"]) == (service_sid("IM"), "NT SERVICE\\IM")
    assert "SERVICE" in {one["name"] for one in result["groups"]}
    absent = look(server(), identity={"service": "IM"}, service="IM")
    assert "found no service IM, wanted one that runs as NT SERVICE\\IM: run install" in absent["problems"]


def test_names_of_sids_cost_a_second_execution_and_only_where_they_are_wanted():
    target = server(accounts=ACCOUNTS)
    sid = target.machine.accounts.sid("CONTOSO\\Agents")
    target = server(f"{ENOUGH}(A;OICI;FR;;;{sid})", accounts=ACCOUNTS)
    assert sid in {one["name"] for one in temp(look(target))["entries"]}
    named = look(target, executions=2, names=True)
    assert "CONTOSO\\Agents" in {one["name"] for one in temp(named)["entries"]}
    assert look(server(), names=True)["problems"] == []


def test_an_account_that_the_server_does_not_know_is_refused():
    result = look(server(), identity={"account": "CONTOSO\\nobody"})
    assert result["failed"]
    assert "the server knows no account 'CONTOSO\\\\nobody'" in result["msg"]


def test_the_lines_tell_all_of_it():
    result = look(server(USERS))
    text = "\n".join(result["lines"])
    assert "the agent is set to run as IIS APPPOOL\\Agent" in text
    assert f"{TEMP}: the agent has Read & execute through Users, and needs Modify: not enough" in text
    assert "Allow  Users           Read & execute  This folder, subfolders and files" in text
    assert result["problems"][0] in result["lines"]
    assert "no such folder" in "\n".join(look(chain.server())["lines"])
    assert json.loads(json.dumps(result)) == result
