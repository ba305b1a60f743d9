"""Group policies that keep the agent's account from logging on: told before the first write, and at each run."""

from __future__ import annotations

import chain
import install_playbook
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.probe import NotAnswered
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting import logon_policy

SVC, OTHER, GMSA = "CONTOSO\\svc-agent", "CONTOSO\\svc-other", "CONTOSO\\agent$"
PASSWORD = "canary-policy-Pa55"
ACCOUNTS = [
    {"name": SVC, "password": PASSWORD},
    {"name": OTHER, "password": PASSWORD},
    {"name": GMSA, "kind": "gmsa"},
    {"name": "CONTOSO\\Agents", "kind": "group"},
]
VIRTUAL = f"NT SERVICE\\{chain.SERVICE}"
SERVICES, GROUP = "NT SERVICE\\ALL SERVICES", "CONTOSO\\Agents"
DENY_SERVICE, SERVICE = "SeDenyServiceLogonRight", "SeServiceLogonRight"
DENY_BATCH, BATCH = "SeDenyBatchLogonRight", "SeBatchLogonRight"
THEN = "then run gpupdate /force on the server"


def server(**rights):
    policies = [{"name": "Server baseline", "user_rights": rights}] if rights else []
    return chain.server({"accounts": ACCOUNTS, "group_policies": policies})


def variables(hosting, user="", **changes):
    password = PASSWORD if user and not user.endswith("$") else ""
    given = chain.inventory(hosting=hosting, identity_username=user, identity_password=password, **changes)
    return {f"im_agent_{name}": value for name, value in given.items()} | {
        "inventory_hostname": "srv.contoso.com",
        "im_agent_verify_timeout": 0,
    }


def warned(done):
    return [text for one in done for text in one.result.get("warnings", ()) if "group policy" in text]


KEPT_OUT = {
    "the account is denied": ("service", SVC, {DENY_SERVICE: [SVC]}, SVC, "Deny log on as a service"),
    "the gMSA is denied": ("service", GMSA, {DENY_SERVICE: [OTHER, GMSA]}, GMSA, "Deny log on as a service"),
    "everybody is denied": ("service", SVC, {DENY_SERVICE: ["*S-1-1-0"]}, "Everyone", "Deny log on as a service"),
    "all services are denied": ("service", "", {DENY_SERVICE: [SERVICES]}, SERVICES, "Deny log on as a service"),
    "others only are allowed": ("service", "", {SERVICE: [SVC, "CONTOSO\\gone"]}, f"{SVC}, CONTOSO\\gone", "Log on as"),
    "nobody is allowed": ("service", "", {SERVICE: []}, "nobody", "Log on as a service"),
    "the pool's account is denied": ("iis", SVC, {DENY_BATCH: [SVC]}, SVC, "Deny log on as a batch job"),
    "the pool's gMSA is denied": ("iis", GMSA, {DENY_BATCH: [GMSA]}, GMSA, "Deny log on as a batch job"),
    "IIS_IUSRS is denied": ("iis", SVC, {DENY_BATCH: ["*S-1-5-32-568"]}, "IIS_IUSRS", "Deny log on as a batch job"),
}


@pytest.mark.parametrize("name", KEPT_OUT)
def test_who_cannot_log_on_is_told_before_anything_is_written(name):
    """It is no refusal: what Windows has noted of its policies may be older than they are."""
    hosting, user, rights, named, policy = KEPT_OUT[name]
    target = server(**rights)
    before = chain.lasting(target)
    done = install_playbook.run(target, variables(hosting, user), only_first=True)
    assert not done[0].result.get("failed")
    assert chain.lasting(target) == before
    (told,) = warned(done)
    for words in (named, policy, "of the group policy 'Server baseline'", user or VIRTUAL, *rights, THEN):
        assert words in told, (words, told)


ALLOWED = {
    "the account": ("service", SVC, {SERVICE: [SVC]}),
    "the account, by its SID": ("service", SVC, {SERVICE: [SERVICES, "sid"]}),
    "everybody": ("service", GMSA, {SERVICE: ["Everyone"]}),
    "all services": ("service", "", {SERVICE: [SERVICES], DENY_SERVICE: [SVC]}),
    "the service": ("service", "", {SERVICE: [VIRTUAL]}),
    "others are denied": ("service", SVC, {DENY_SERVICE: [OTHER, "BUILTIN\\Guests"]}),
    "the pool's account": ("iis", SVC, {BATCH: [SVC], DENY_SERVICE: [SVC]}),
    "the pool's group": ("iis", SVC, {BATCH: ["*S-1-5-32-568"]}),
    "the pool's own identity": ("iis", "", {BATCH: [OTHER], DENY_BATCH: [SVC], SERVICE: [OTHER]}),
    "nothing is assigned": ("service", SVC, {}),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_who_may_log_on_is_told_nothing(name):
    hosting, user, rights = ALLOWED[name]
    sid = server().machine.accounts.sid(SVC)
    listed = {right: [f"*{sid}" if one == "sid" else one for one in names] for right, names in rights.items()}
    target = server(**listed)
    done = install_playbook.run(target, variables(hosting, user))
    assert not [one.result["msg"] for one in done if one.result.get("failed")]
    assert warned(done) == []


LISTED = {
    "service": ("service", SERVICE, f"wanted {SVC}, unless it is in a group of that list"),
    "iis": ("iis", BATCH, f"wanted {SVC} or IIS_IUSRS, unless it is in a group of that list"),
}


@pytest.mark.parametrize("name", LISTED)
def test_what_a_policy_will_take_back_is_told_at_each_run(name):
    hosting, right, wanted = LISTED[name]
    target = server(**{right: [GROUP, OTHER]})
    for _ in range(2):
        done = install_playbook.run(target, variables(hosting, SVC))
        assert not [one.result["msg"] for one in done if one.result.get("failed")]
        assert set(warned(done)) == {next(iter(warned(done)))}
        text = warned(done)[0]
        for words in (f"found {GROUP}, {OTHER} in the list", right, "'Server baseline'", wanted, THEN):
            assert words in text, (words, text)


@pytest.mark.parametrize(("hosting", "right"), [("service", DENY_SERVICE), ("iis", DENY_BATCH)])
def test_an_agent_that_runs_is_not_stopped_by_a_run_when_it_could_not_start_again(hosting, right):
    target = server()
    assert not [one for one in install_playbook.run(target, variables(hosting, SVC)) if one.result.get("failed")]
    target.machine.accounts.policies = server(**{right: [SVC]}).machine.accounts.policies
    target.machine.accounts.apply_policies()
    idle = install_playbook.run(target, variables(hosting, SVC))
    assert len(warned(idle)) >= 1
    assert not [one for one in idle if one.changed or one.result.get("failed")]
    before = chain.lasting(target)
    done = install_playbook.run(target, variables(hosting, SVC, scheduler_enabled=False))
    assert "wanted no denial of" in done[-1].result["msg"]
    assert chain.lasting(target) == before


def not_answered(query):
    raise NotAnswered(query, "ManagementException", "Access denied")


@pytest.mark.parametrize("ask", [lambda query: None, lambda query: {}, not_answered])
def test_where_windows_does_not_tell_the_plan_is_what_it_was(ask):
    planned = Plan(facts={"restarted_because": []})
    assert logon_policy.judged(logon_policy.SERVICE, VIRTUAL, planned, ask, runs=False) is planned
