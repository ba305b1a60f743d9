"""The playbooks as a job of AWX runs them: ansible-runner, extra variables as texts, a vault password on demand,
an inventory with groups, and a private data directory that does not outlive the run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import canaries
import demo
import emulated
import pytest
import yaml

BINARIES = Path(sys.executable).parent
VAULT_PASSWORD = "canary-vault-password-5be1"
SECRETS = {
    "vault_openid_secret_job": "canary-runner-job-60aa",
    "vault_openid_secret_admin": "canary-runner-admin-2f4b",
    "vault_ad_password": "canary-runner-ad-8d17",
    "vault_sap_password": "canary-runner-sap-c3e9",
}
# As a survey hands them over.
SURVEY = {"im_agent_https_port": "8443", "im_agent_scheduler_enabled": "true", "im_agent_verify_timeout": "60"}
HOST = "paris.contoso.com"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", tmp_path_factory.mktemp("fleet")) as running:
        yield running


def lay(fleet, folder, playbook, variables, secrets):
    """Lay out what AWX hands to a job; ``secrets``: more variables of the encrypted file."""
    inventory, project, env = folder / "inventory", folder / "project", folder / "env"
    for part in (inventory, project, env):
        part.mkdir(parents=True)
    shutil.copy(fleet.inventory, inventory / "hosts.yml")
    shutil.copy(demo.CONTOSO / "inventory.yml", inventory / "organisation.yml")
    shutil.copytree(demo.CONTOSO / "group_vars", inventory / "group_vars")
    vault = inventory / "group_vars" / "agents" / "vault.yml"
    vault.write_text(yaml.safe_dump(yaml.safe_load(vault.read_text("utf-8")) | SECRETS | secrets), "utf-8")
    password = folder.parent / f"{folder.name}.password"
    password.write_text(VAULT_PASSWORD, "utf-8")
    command = [BINARIES / "ansible-vault", "encrypt", "--vault-password-file", password, vault]
    subprocess.run(command, check=True, capture_output=True, env=emulated.environment(fleet))
    password.unlink()
    job = [{"name": "Run", "ansible.builtin.import_playbook": f"imops.identity_manager.{playbook}"}]
    (project / "job.yml").write_text(yaml.safe_dump(job), "utf-8")
    made = json.loads(demo.prepare()[1])
    (env / "extravars").write_text(json.dumps(made | variables), "utf-8")
    (env / "passwords").write_text(json.dumps({r"Vault password:\s*?$": VAULT_PASSWORD}), "utf-8")
    (env / "cmdline").write_text(f"--ask-vault-pass --limit {HOST} -vvv", "utf-8")
    ours = {name: value for name, value in emulated.environment(fleet).items() if name not in os.environ}
    ours |= {name: value for name, value in emulated.environment(fleet).items() if name.startswith(("ANSIBLE", "SSL"))}
    (env / "envvars").write_text(json.dumps(ours), "utf-8")


def run(fleet, folder, playbook, variables, secrets=None):
    """Run a job and return its status, its statistics, and all that it printed or kept; its directory is gone then."""
    lay(fleet, folder, playbook, variables, secrets or {})
    return launched(fleet, folder)


def launched(fleet, folder, playbook="job.yml"):
    """Run a playbook of the project that was laid out in a folder; as ``run``."""
    command = [BINARIES / "ansible-runner", "run", folder, "-p", playbook]
    environment = emulated.environment(fleet) | {"PATH": f"{BINARIES}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    kept = {}
    for path in (folder / "artifacts").rglob("*"):
        if path.is_file():
            kept[str(path.relative_to(folder))] = path.read_text("utf-8", "replace")
    events = [json.loads(text) for name, text in kept.items() if "job_events" in name and name.endswith(".json")]
    stats = next((event["event_data"] for event in events if event["event"] == "playbook_on_stats"), {})
    shutil.rmtree(folder)
    return done.returncode, stats, {"output": done.stdout + done.stderr, **kept}


def told(kept):
    """Return where a secret stands in what a job kept."""
    return [name for name, text in kept.items() if any(s in text for s in (*SECRETS.values(), VAULT_PASSWORD))]


@pytest.fixture(scope="module")
def installed(fleet, tmp_path_factory):
    """Return the status, the statistics and the output of the job that installed the server."""
    return run(fleet, tmp_path_factory.mktemp("runner") / "first", "install", SURVEY)


def test_a_job_installs(fleet, installed):
    status, stats, kept = installed
    assert status == 0, kept["output"][-4000:]
    assert stats["changed"][HOST] > 0
    assert stats["ok"].keys() == {HOST}
    assert told(kept) == []
    assert f"{HOST}: this may take minutes: unpack the runtime archive into" in kept["output"]
    events = [json.loads(text) for name, text in kept.items() if "job_events" in name and name.endswith(".json")]
    assert any("this may take minutes: install the .NET hosting bundle" in event["stdout"] for event in events)
    assert "8443" in json.dumps(fleet.command("dump", "--host", HOST)["state"])


# Each job starts a process of its own: one by day, since the other tests run the playbooks themselves.
@pytest.mark.nightly
@pytest.mark.parametrize("playbook", ["verify", "install", "renew"])
def test_another_job_finds_nothing_to_do(fleet, installed, playbook, tmp_path):
    assert installed[0] == 0
    status, stats, kept = run(fleet, tmp_path / playbook, playbook, SURVEY)
    assert status == 0, kept["output"][-4000:]
    assert stats["changed"] == {}
    assert told(kept) == []


@pytest.mark.nightly
def test_a_job_renews_what_is_due(fleet, installed, tmp_path):
    assert installed[0] == 0
    status, stats, kept = run(fleet, tmp_path / "renewal", "renew", SURVEY | {"im_agent_renew_days": "3650"})
    assert status == 0, kept["output"][-4000:]
    assert stats["changed"][HOST] > 0
    assert told(kept) == []


@pytest.mark.nightly
def test_a_job_with_a_wrong_answer_is_refused_before_anything_is_sent(fleet, tmp_path):
    fleet.command("reset")
    status, _, kept = run(fleet, tmp_path / "wrong", "install", {"im_agent_https_port": "https"})
    assert status != 0
    assert "im_agent_https_port" in kept["output"]
    assert fleet.counters(HOST)["remote_executions"] == 0
    assert told(kept) == []


@pytest.mark.nightly
@pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="takes 20 seconds more: run by make test-all")
def test_secrets_in_sixty_places_are_in_no_artifact_of_a_job(fleet, tmp_path):
    fleet.command("reset")
    vaulted = canaries.vault("old", inline=True) | canaries.vault("old", inline=False)
    status, _, kept = run(fleet, tmp_path / "sixty", "install", SURVEY | canaries.inventory("old"), vaulted)
    assert status == 0, kept["output"][-4000:]
    assert any("job_events" in name for name in kept)
    assert {name: canaries.seen(text) for name, text in kept.items() if canaries.seen(text)} == {}
    there = json.dumps(fleet.command("dump", "--host", HOST)["state"])
    assert len(canaries.seen(there)) > 60, "they did get there"
