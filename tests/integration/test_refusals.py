"""Refusals of `playbooks/install.yml` over the wire: what they stop; no choice of tasks skips a verification."""

from __future__ import annotations

import json
import re

import demo
import emulated
import pytest

CANARIES = {
    "vault_openid_secret_job": "canary-openid-job-71fd",
    "vault_openid_secret_admin": "canary-openid-admin-93ab",
    "vault_ad_password": "canary-ad-password-5c2e",
    "vault_sap_password": "canary-sap-password-e804",
}
PARIS, BERLIN = "paris.contoso.com", "berlin.contoso.com"
REFUSED = """
agents:
  hosts:
    paris.contoso.com:
      im_agent_working_directory: 'Q:\\im'
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", folder) as running:
        yield running


@pytest.fixture(scope="module")
def words():
    return [*demo.prepare(), "--extra-vars", json.dumps(CANARIES)]


def install(fleet, words, *more):
    (fleet.folder / "refused.yml").write_text(REFUSED, "utf-8")
    fleet.command("reset")
    inventories = [demo.CONTOSO / "inventory.yml", fleet.folder / "refused.yml"]
    return emulated.playbook(fleet, "imops.identity_manager.install", *words, *more, inventories=inventories)


def states(fleet):
    return {name: fleet.command("dump", "--host", name)["state"] for name in fleet.ready["hosts"]}


def test_with_refuse_play_one_refused_server_stops_all_before_the_first_write(fleet, words):
    before = states(fleet)
    run = install(fleet, words, "--extra-vars", "im_agent_refuse=play")
    assert run.status != 0
    assert "found no drive Q: on the server" in run.output
    assert f"these were refused or not reached: {PARIS}" in " ".join(run.output.split())
    assert states(fleet) == before
    assert {fleet.counters(name)["remote_executions"] for name in fleet.ready["hosts"]} == {1}


START = ("--start-at-task", "Verify that the agent runs")


@pytest.mark.parametrize("choice", [("--tags", "verify"), pytest.param(START, marks=pytest.mark.nightly)])
def test_a_choice_of_tasks_does_not_skip_the_verification(fleet, words, choice):
    before = states(fleet)
    run = install(fleet, words, "--limit", BERLIN, "--extra-vars", "im_agent_verify_timeout=0", *choice)
    assert run.status != 0, run.output[-4000:]
    (failed,) = run.hosts[BERLIN]["failed_tasks"]
    assert "the agent is not verified" in failed["msg"]
    assert states(fleet) == before


@pytest.mark.nightly
def test_without_it_the_others_are_installed(fleet, words):
    run = install(fleet, words, "--limit", f"{PARIS},{BERLIN}")
    assert run.hosts[PARIS]["changed_tasks"] == []
    assert run.hosts[BERLIN]["verified"] is True, run.output[-4000:]
    assert fleet.counters(PARIS)["remote_executions"] == 1


WRONG = {
    "im_agent_hosting": "docker",
    "im_agent_https_port": "eighty",
    "im_agent_protecton": "encrypted",
    "im_agent_folders": "D:\\Work",
    "im_agent_fingerprint_key": {"not": "a text"},
}


@pytest.mark.parametrize("playbook", ["install", pytest.param("verify", marks=pytest.mark.nightly)])
def test_all_wrong_variables_come_from_the_first_task_and_no_server_is_asked(fleet, words, playbook):
    fleet.command("reset")
    name = f"imops.identity_manager.{playbook}"
    run = emulated.playbook(
        fleet, name, *words, "--extra-vars", json.dumps(WRONG), inventories=[demo.CONTOSO / "inventory.yml"]
    )
    assert run.status != 0
    for host in (PARIS, BERLIN):
        (failed,) = run.hosts[host]["failed_tasks"]
        assert f"{host}: the inventory is refused, nothing was written." in failed["msg"], run.output[-4000:]
        told = failed["msg"]
        assert [name for name in WRONG if not re.search(rf"{name} \([^()]*-e\): found", told)] == [], told
    assert "object of type" not in run.output and "undefined" not in run.output
    assert {fleet.counters(host)["remote_executions"] for host in fleet.ready["hosts"]} == {0}


def test_the_json_of_a_survey_is_accepted_by_all_tasks(fleet, words):
    texts = {"im_agent_folders": '{"Work": "C:\\\\Work"}', "im_agent_no_proxy": '["a.contoso.com"]'}
    fleet.command("reset")
    run = emulated.playbook(
        *(
            fleet,
            "imops.identity_manager.install",
            *words,
            "--check",
            "--limit",
            BERLIN,
            "--extra-vars",
            json.dumps(texts),
        ),
        inventories=[demo.CONTOSO / "inventory.yml"],
    )
    assert run.status == 0, run.output[-4000:]
    assert run.hosts[BERLIN]["changed_tasks"], run.output[-4000:]
