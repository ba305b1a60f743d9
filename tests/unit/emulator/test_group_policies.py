"""Group policies that assign user rights: what they take, who may log on then, and what the probe tells of them."""

from __future__ import annotations

import answer_schema
import pytest
from emulator.handlers.probe import probe
from emulator.model.call import Call
from emulator.scenario.server import BadScenario
from emulator.windows.errors import WindowsError
from in_process import machine

SVC = "CONTOSO\\svc"
ALLOW, DENY, BATCH = "SeServiceLogonRight", "SeDenyServiceLogonRight", "SeDenyBatchLogonRight"
ALL_SERVICES = "*S-1-5-80-0"


def server(*policies, **more):
    listed = [{"name": f"Policy {number}", "user_rights": rights} for number, rights in enumerate(policies, 1)]
    accounts = [{"name": SVC, "password": "canary-svc"}]
    return machine({"domain": "contoso.com", "accounts": accounts, "group_policies": listed, **more}, "srv")


def asked(target, *names):
    queries = [{"kind": "policy_rights", "names": list(names)}]
    answer = probe(Call(target, "probe", {"queries": queries}))
    answer_schema.check_probe(queries, answer)
    return answer["answers"][0]["value"]


def test_a_policy_replaces_the_server_s_own_list_and_comes_back_with_a_restart():
    target = server({ALLOW: [SVC]}, user_rights={ALLOW: ["BUILTIN\\Guests"]})
    assert target.accounts.rights[ALLOW] == {target.accounts.sid(SVC)}
    target.accounts.rights[ALLOW].add("S-1-5-80-0")
    target.restart()
    assert target.accounts.rights[ALLOW] == {target.accounts.sid(SVC)}


def test_of_several_policies_the_first_decides_alone():
    target = server({ALLOW: [SVC]}, {ALLOW: [ALL_SERVICES], DENY: ["BUILTIN\\Guests"]})
    told = asked(target, ALLOW, DENY, BATCH)
    assert {right: (about["policy"], [one["sid"] for one in about["accounts"]]) for right, about in told.items()} == {
        ALLOW: ("Policy 1", [target.accounts.sid(SVC)]),
        DENY: ("Policy 2", ["S-1-5-32-546"]),
    }


def test_whom_the_server_does_not_know_is_told_as_nobody():
    told = asked(server({ALLOW: ["CONTOSO\\gone", ALL_SERVICES]}), ALLOW)
    group = {"asked": "S-1-5-80-0", "sid": "S-1-5-80-0", "name": "NT SERVICE\\ALL SERVICES"}
    listed = ["CONTOSO\\gone", "S-1-5-80-0"]
    assert told == {ALLOW: {"policy": "Policy 1", "listed": listed, "accounts": [None, group]}}


def test_without_a_policy_nothing_is_told():
    assert asked(server(), ALLOW) == {}


@pytest.mark.parametrize("who", [SVC, "Everyone", "NT AUTHORITY\\Authenticated Users"])
def test_what_denies_comes_before_what_allows(who):
    target = server({DENY: [who]}, user_rights={ALLOW: [SVC]})
    target.services.create(name="X", path='"C:\\x.exe"', account=SVC)
    target.services.passwords["x"] = "canary-svc"
    with pytest.raises(WindowsError, match="cannot be started"):
        target.service_agents.behave("X", "start")
    assert [event.shown()["id"] for event in target.events.entries if event.provider == "Service Control Manager"] == [
        7041
    ]


def test_a_policy_without_rights_is_refused():
    with pytest.raises(BadScenario, match="a group policy has name, wanted name and user_rights"):
        machine({"group_policies": [{"name": "x"}]})
