"""`playbooks/install.yml` over the wire: both connection plugins, Basic and NTLM, and nothing secret anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
import time

import canaries
import chain
import demo
import emulated
import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from emulator.windows.network.identity_server import TOKEN

CANARIES = {
    "vault_openid_secret_job": "canary-openid-job-71fd",
    "vault_openid_secret_admin": "canary-openid-admin-93ab",
    "vault_ad_password": "canary-ad-password-5c2e",
    "vault_sap_password": "canary-sap-password-e804",
}
SECRETS = [*CANARIES.values(), chain.CANARIES["pfx"], TOKEN]
INSTALL = "imops.identity_manager.install"
INVENTORIES = [demo.CONTOSO / "inventory.yml"]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", folder) as running:
        yield running


@pytest.fixture
def bare(tmp_path_factory):
    """Return servers of one test alone, whose installation no other test finds."""
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", tmp_path_factory.mktemp("bare")) as running:
        yield running


@pytest.fixture(scope="module")
def words():
    return [*demo.prepare(), "--extra-vars", json.dumps(CANARIES)]


def states(fleet):
    return {name: fleet.command("dump", "--host", name)["state"] for name in fleet.ready["hosts"]}


def install(fleet, words, *more, stdout="ansible.builtin.default"):
    variables = {
        "ANSIBLE_STDOUT_CALLBACK": stdout,
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_CALLBACKS_ENABLED": "imops_results,ansible.builtin.junit,ansible.builtin.tree",
        "ANSIBLE_CALLBACK_TREE_DIR": str(fleet.folder / "tree"),
        "JUNIT_OUTPUT_DIR": str(fleet.folder / "junit"),
        "ANSIBLE_LOG_PATH": str(fleet.folder / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(fleet.folder / "facts"),
    }
    fleet.command("reset")
    return emulated.playbook(fleet, INSTALL, *words, *more, inventories=INVENTORIES, variables=variables)


def kept(fleet, *texts):
    """Return what a run leaves: texts, all files of its folders, event logs and process lists, by place."""
    places = {f"text {number}": text for number, text in enumerate(texts)}
    for path in fleet.folder.rglob("*"):
        if path.is_file():
            places[str(path.relative_to(fleet.folder))] = path.read_bytes().decode("utf-8", "replace")
    for name, state in states(fleet).items():
        places[f"{name}: events and processes"] = json.dumps([state["events"], state["processes"]])
    return places


def leaks(fleet, *texts):
    """Return where a secret stands."""
    return [place for place, text in kept(fleet, *texts).items() if any(secret in text for secret in SECRETS)]


def with_canaries(folder, turn):
    """Return words for a secret in each place: extra variables in clear, encrypted one by one, and as a whole file."""
    password = folder / "password"
    password.write_text("demo-only-vault", "utf-8")
    vault = VaultLib([("default", VaultSecret(b"demo-only-vault"))])
    encrypted = {name: vault.encrypt(text).decode() for name, text in canaries.vault(turn, inline=True).items()}
    lines = [f"{name}: !vault |\n" + textwrap.indent(text, "  ") for name, text in encrypted.items()]
    (folder / "inline.yml").write_text("\n".join(lines), "utf-8")
    (folder / "file.yml").write_bytes(vault.encrypt(json.dumps(canaries.vault(turn, inline=False))))
    (folder / "places.yml").write_text(json.dumps(canaries.inventory(turn)), "utf-8")
    files = [word for name in ("inline", "file", "places") for word in ("--extra-vars", f"@{folder / name}.yml")]
    return ["--vault-password-file", str(password), *files, "--limit", "paris.contoso.com", "-vvvv", "--diff"]


def check_places(fleet, *outputs):
    found = kept(fleet, *outputs)
    assert {"tree/paris.contoso.com", "ansible.log"} < found.keys()
    assert any(place.startswith("junit/") for place in found)
    assert {place: canaries.seen(text) for place, text in found.items() if canaries.seen(text)} == {}


def check_arrived(fleet):
    there = json.dumps(states(fleet)["paris.contoso.com"])
    assert len(canaries.seen(there)) > 60, "they did get there"


def test_secrets_in_sixty_places_are_in_no_output_of_a_check(fleet, tmp_path):
    predicted = install(fleet, demo.prepare(), *with_canaries(tmp_path, "old"), "--check")
    assert predicted.status == 0, predicted.output[-4000:]
    assert predicted.output.count("********") > 60, "they are shown masked"
    check_places(fleet, predicted.output)


@pytest.mark.nightly
@pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="takes 30 seconds more: run by make test-all")
def test_secrets_in_sixty_places_are_in_no_output_whatever_shows_or_keeps_it(bare, tmp_path):
    done = install(bare, demo.prepare(), *with_canaries(tmp_path, "old"))
    assert done.status == 0, done.output[-4000:]
    check_places(bare, done.output)
    check_arrived(bare)


@pytest.mark.nightly
@pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="takes 20 seconds more: run by make test-all")
def test_rotated_secrets_are_not_in_what_is_shown_as_json(bare, tmp_path):
    assert install(bare, demo.prepare(), *with_canaries(tmp_path, "old")).status == 0
    new = [*with_canaries(tmp_path, "new"), "--check"]
    rotated = install(bare, demo.prepare(), *new, stdout="ansible.posix.json")
    assert rotated.status == 0, rotated.output[-4000:]
    assert "******** (changed)" in rotated.output
    check_places(bare, rotated.output)
    check_arrived(bare)


def test_check_mode_predicts_then_the_run_installs_then_nothing_is_left_to_do_and_no_secret_is_seen(fleet, words):
    before = states(fleet)
    predicted = install(fleet, words, "--check", "--diff", "-vvv")
    assert predicted.status == 0, predicted.output[-4000:]
    assert states(fleet) == before
    first = install(fleet, words, "--diff", "-vvv")
    assert first.status == 0, first.output[-4000:]
    executions = {name: fleet.counters(name)["remote_executions"] for name in fleet.ready["hosts"]}
    for name, host in first.hosts.items():
        assert host["changed_tasks"] == predicted.hosts[name]["changed_tasks"]
        assert host["verified"] is True
    server = chain.server()
    chain.converge(server)
    assert set(executions.values()) == {server.executions}, "the roles and tests/unit/chain.py differ"
    second = install(fleet, words, "-vvv", "--extra-vars", "im_verify_server=true")
    assert second.status == 0, second.output[-4000:]
    assert second.output.count("found: online") == len(second.hosts), "the server was not asked about its agents"
    for name, host in second.hosts.items():
        assert host["changed_tasks"] == []
        assert host["verified"] is True
        assert fleet.counters(name)["remote_executions"] == 1
    assert leaks(fleet, predicted.output, first.output, second.output) == []
    assert not list(fleet.folder.rglob("imops-*.json")), "a snapshot outlived its run"


@pytest.mark.nightly
def test_a_changed_secret_is_seen_as_changed_and_not_told(fleet, words):
    changed = "canary-rotated-4411"
    change = [*words, "--extra-vars", f"vault_sap_password={changed}", "--limit", "paris.contoso.com"]
    run = install(fleet, change, "--diff", "--check", "-vvv")
    assert run.status == 0, run.output[-4000:]
    assert "******** (changed)" in run.output
    assert changed not in run.output
    assert leaks(fleet, run.output) == []


@pytest.mark.nightly  # by day test_refusals.py has several wrong variables at once
def test_a_wrong_inventory_names_host_variable_and_rule(fleet, words):
    run = install(
        fleet, [*words, "--extra-vars", "im_agent_server_url=http://im.contoso.com/"], "--limit", "paris.contoso.com"
    )
    assert run.status != 0
    assert fleet.counters("paris.contoso.com")["remote_executions"] == 0
    (failure,) = run.hosts["paris.contoso.com"]["failed_tasks"]
    for text in ("paris.contoso.com", "im_agent_server_url", "https"):
        assert text in failure["msg"]


@pytest.mark.nightly  # in process writes are interrupted by day: tests/unit/test_chain.py
@pytest.mark.parametrize("host", ["paris.contoso.com", "berlin.contoso.com", "madrid.contoso.com"])
def test_a_broken_connection_ends_the_run_and_the_next_completes(fleet, words, host):
    change = [*words, "--extra-vars", "im_agent_scheduler_enabled=false", "--limit", host]
    fleet.command("fault", "--host", host, "--fault", json.dumps({"write": 1, "when": "after", "do": "drop"}))
    cut = install(fleet, change)
    # psrp tells the loss of its shell as a failure of the task, winrm as an unreachable host.
    assert cut.hosts[host]["stats"]["unreachable"] + cut.hosts[host]["stats"]["failures"] == 1, cut.output[-4000:]
    fleet.command("fault", "--host", host)
    completed = install(fleet, change)
    assert completed.status == 0, completed.output[-4000:]
    assert completed.hosts[host]["verified"] is True
    assert completed.hosts[host]["changed_tasks"], "the restart that the interrupted run owed"
    assert install(fleet, change).hosts[host]["changed_tasks"] == []


def test_what_a_killed_run_leaves_is_private_and_swept_by_the_next(fleet, words):
    host = "paris.contoso.com"
    fleet.command("fault", "--host", host, "--fault", json.dumps({"module": "*", "do": "slow", "seconds": 1}))
    command = [str(emulated.ansible_playbook()), INSTALL, *words, "--limit", host]
    for inventory in (fleet.inventory, *INVENTORIES):
        command += ["-i", str(inventory)]
    process = subprocess.Popen(
        command, cwd=fleet.folder, env=emulated.environment(fleet), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (left := list(fleet.folder.rglob("imops-*.json"))) and time.monotonic() < deadline:
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    fleet.command("fault", "--host", host)
    assert left
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in left)
    run = install(fleet, words, "--limit", host)
    assert run.status == 0, run.output[-4000:]
    assert not list(fleet.folder.rglob("imops-*.json"))
    assert leaks(fleet, run.output) == []


@pytest.mark.nightly  # in process it is tested by day: tests/unit/hosting/test_service.py
def test_hosting_changes_to_a_service_and_back_as_predicted(fleet, words):
    host = "berlin.contoso.com"
    for mode in ("service", "iis"):
        change = [*words, "--extra-vars", f"im_agent_hosting={mode}", "--limit", host]
        predicted = install(fleet, change, "--check", "--diff")
        assert predicted.status == 0, predicted.output[-4000:]
        done = install(fleet, change, "--diff")
        assert done.status == 0, done.output[-4000:]
        assert done.hosts[host]["changed_tasks"] == predicted.hosts[host]["changed_tasks"] != []
        assert done.hosts[host]["verified"] is True
        again = install(fleet, change)
        assert again.hosts[host]["changed_tasks"] == []
        assert fleet.counters(host)["remote_executions"] <= 2
    assert leaks(fleet, predicted.output, done.output) == []
