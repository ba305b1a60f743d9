"""Roles that are carried out in one task do what their tasks do one by one, and tell as much of it."""

from __future__ import annotations

import json
from unittest import mock

import chain
import install_playbook
import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.template import trust_as_template
from ansible.utils.display import Display
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.outcome import LOST
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import action, role_tasks
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run.carrying_out import CarryingOutAction

MODULE = "win_im_agent_roles"
CHANGES = {
    "nothing": {},
    "a setting": {"server_url": chain.OTHER_SERVER_URL},
    "the secret of a client": {"openid_clients": {"Job": "canary-rotated-1", "Admin": chain.CANARIES["admin"]}},
    "a folder": {"folders": {"Work": "C:\\Elsewhere"}},
    "a port": {"https_port": "8443"},
    "a proxy": {"https_proxy": "proxy.contoso.com:3128"},
    "the scheduler": {"scheduler_enabled": False},
    "the hosting": {"hosting": "service"},
}


def variables(**changes):
    given = {f"im_agent_{name}": value for name, value in chain.inventory(**changes).items() if value is not None}
    return install_playbook._defaults() | given | {"inventory_hostname": "paris.contoso.com"}


def carry_out(server, given, entries=None, *, check=False, new_run=True):
    """Run the one task, and return its result with the lines that it shows meanwhile."""
    if new_run:
        server.new_run()
    server.variables = given
    entries = role_tasks.of_hosting(given["im_agent_hosting"]) if entries is None else entries
    lines = []
    with mock.patch.object(Display, "display", lambda _self, msg, *_more, **_options: lines.append(msg)):
        result = server.run(MODULE, {"entry_points": entries}, check=check)
    return result, lines


def one_by_one(server, given, *, check=False):
    """Run the same tasks as a playbook with the roles would, without the first one, verification and cleaning."""
    entries = [install_playbook._entry(name) for name in role_tasks.of_hosting(given["im_agent_hosting"])]
    server.new_run()
    return list(install_playbook._each(server, dict(given), entries, check=check))


def told(results):
    return [(one.task, one.changed, one.result.get("operations", [])) for one in results]


def told_in_one(result):
    return [(one["task"], one["changed"], one.get("operations", [])) for one in result["tasks"]]


@pytest.mark.parametrize("check", [True, False], ids=["check", "write"])
@pytest.mark.parametrize("name", CHANGES)
def test_one_task_does_what_all_of_them_do(name, check):
    given = variables(**CHANGES[name])
    apart, together = chain.installed(), chain.installed()
    before = chain.lasting(together)
    done = one_by_one(apart, given, check=check)
    result, lines = carry_out(together, given, check=check)
    assert not result.get("failed"), result
    assert told_in_one(result) == told(done)
    assert result["changed"] is any(one.changed for one in done)
    assert result.get("diff", []) == [diff for one in done for diff in one.result.get("diff", ())]
    assert result.get("warnings", []) == list(dict.fromkeys(w for one in done for w in one.result.get("warnings", ())))
    assert together.executions <= apart.executions
    word = "would change" if check else "changed"
    assert [line for line in lines if line.endswith(word)] == [
        f"paris.contoso.com: {one.task}: {word}" for one in done if one.changed
    ]
    if check:
        assert chain.lasting(together) == before
    elif name != "nothing":
        again, _lines = carry_out(together, given)
        assert [one["task"] for one in again["tasks"] if one["changed"]] == []


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_a_bare_server_gets_an_agent_and_later_tasks_know_what_earlier_ones_registered(hosting):
    server, given = chain.server(), variables(hosting=hosting)
    result, _lines = carry_out(server, given)
    assert not result.get("failed"), result
    held = server.machine.files.read(f"{chain.RUNTIME}\\appsettings.json").decode()
    assert f'"{result["certificates"]["encryption"]["thumbprint"]}"' in held
    assert carry_out(server, given)[0]["changed"] is False
    shown = json.dumps(result)
    assert [name for name, secret in chain.CANARIES.items() if secret in shown] == []


def test_a_task_that_fails_is_the_last_and_what_was_done_before_is_told():
    server = chain.server()
    given = variables() | {"im_pool_attributes": {"noSuchAttribute": "1"}}
    result, lines = carry_out(server, given)
    assert result["failed"]
    assert "noSuchAttribute" in result["msg"]
    names = [one["task"].split(" : ")[0] for one in result["tasks"]]
    assert names == ["im_prerequisites", "im_working_directory", "im_certificates", "im_pool"]
    assert [one.get("failed", False) for one in result["tasks"]] == [False, False, False, True]
    assert result["changed"] is True
    assert result["tasks"][1]["operations"]
    assert len([line for line in lines if line.endswith(": changed")]) == 3


def test_the_value_of_a_task_that_only_looks_is_beside_its_checks():
    server, given = chain.installed(), variables() | {"im_agent_verify_timeout": 0}
    result, _lines = carry_out(server, given, ["im_verify"])
    assert (result["verified"], result["changed"]) == (True, False)
    assert {check["state"] for check in result["checks"]} <= {"passed", "not_asked", "unknown"}


def test_a_verification_that_fails_says_why_and_nothing_runs_after_it():
    server = chain.installed()
    server.machine.iis.stop_pool(chain.POOL)
    given = variables() | {"im_agent_verify_timeout": 0}
    result, _lines = carry_out(server, given, ["im_verify", "im_certificates/clean"])
    assert result["failed"]
    assert chain.POOL in result["msg"]
    assert [one["task"] for one in result["tasks"]] == ["im_verify : Verify that the agent runs"]


@pytest.mark.parametrize("reboot", ["auto", "never"])
def test_a_server_that_has_to_restart_does_so_between_the_tasks_if_it_may(reboot):
    server, given = chain.server(), variables() | {"im_prerequisites_reboot": reboot}
    server.machine.features.restart_after = True
    result, _lines = carry_out(server, given)
    assert not result.get("failed"), result
    names = [one["task"] for one in result["tasks"]]
    assert ("im_prerequisites : Restart the server" in names) is (reboot == "auto")
    assert server.machine.reboot_pending is False or reboot == "never"


@pytest.mark.parametrize("entry", ["im_nothing", "im_pool/nothing", "../im_pool"])
def test_an_entry_point_that_is_not_there_is_refused_before_anything_is_done(entry):
    server = chain.server()
    result, _lines = carry_out(server, variables(), ["im_prerequisites", entry])
    assert "no entry point" in result["msg"]
    assert server.executions == 0


def test_a_template_that_fails_is_told_with_what_was_done():
    server = chain.server()
    given = variables() | {"im_pool_attributes": trust_as_template("{{ undefined_by_mistake }}")}
    result, _lines = carry_out(server, given)
    assert result["failed"]
    assert "undefined_by_mistake" in result["msg"]
    assert [one["changed"] for one in result["tasks"]] == [True, True, True, False]


LOST_SERVERS = {
    "an error of the connection": {"side_effect": AnsibleConnectionFailure("no route")},
    "a result, as win_reboot has it": {"return_value": {"unreachable": True, "failed": False, "msg": "no route"}},
}


@pytest.mark.parametrize("name", LOST_SERVERS)
def test_a_server_that_is_not_reached_is_the_end_and_what_was_done_before_is_told(name):
    server, given = chain.server(), variables()
    lost = mock.Mock(run=mock.Mock(**LOST_SERVERS[name]))
    made = CarryingOutAction._action

    def action_of(self, task, arguments):
        return lost if task.role == "im_certificates" else made(self, task, arguments)

    with mock.patch.object(CarryingOutAction, "_action", action_of):
        result, _lines = carry_out(server, given)
    assert (result["unreachable"], result["failed"], result["msg"]) == (True, False, "no route")
    assert [one["changed"] for one in result["tasks"]] == [True, True, False]
    assert [one.get("unreachable", False) for one in result["tasks"]] == [False, False, True]


def test_the_message_of_a_task_that_went_well_is_none_of_one_that_fails_later():
    server, given = chain.server(), variables() | {"im_pool_attributes": {"noSuchAttribute": "1"}}
    made = CarryingOutAction._action

    def action_of(self, task, arguments):
        if task.role != "im_prerequisites":
            return made(self, task, arguments)
        return mock.Mock(run=mock.Mock(return_value={"changed": True, "msg": "all is well", "exception": "none"}))

    with mock.patch.object(CarryingOutAction, "_action", action_of):
        result, _lines = carry_out(server, given)
    assert "noSuchAttribute" in result["msg"]
    assert "exception" not in result


def test_while_a_rollout_is_at_a_server_one_that_is_lost_is_a_result():
    server = chain.installed()
    given = variables(server_url=chain.OTHER_SERVER_URL) | {action.AT_WORK: True}
    with mock.patch.object(action.AgentAction, "carry_out", side_effect=AnsibleConnectionFailure("no route")):
        result, _lines = carry_out(server, given)
    assert result["failed"]
    assert result[LOST]
    assert "not reached" in result["msg"]
