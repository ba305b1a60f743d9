"""Each job template of AWX once, as a job of its own: the pattern's playbook, the survey's answers as texts, the
secrets of the custom credential as extra variables.
"""

from __future__ import annotations

import json
import shutil

import awx_objects
import demo
import emulated
import pytest
import test_awx_objects
import test_runner
from test_runner import HOST

pytestmark = pytest.mark.nightly
CANARIES = {
    "openid_secret_job": "canary-awx-job-51c2",
    "identity_server_pfx_password": "",  # of the example's container, which the inventory has
    "fingerprint_key": "canary-awx-fingerprint-key-0e",
}
FIRST = ("check", "install", "upgrade", "rollback")
INSTALLED, NEXT = "6.2.1", "6.2.2"
"""The versions of the inventory: the other one is of the job that upgrades, and the next job goes back."""
ORDER = sorted(awx_objects.TEMPLATES, key=lambda one: FIRST.index(one.name) if one.name in FIRST else len(FIRST))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", tmp_path_factory.mktemp("jobs")) as running:
        yield running


def answers(template, folder):
    """Return what AWX makes of a survey that somebody sends off as it is; folders outlive the job."""
    questions = (awx_objects.survey(template) or {"spec": ()})["spec"]
    found = {question["variable"]: str(question["default"]) for question in questions}
    found |= {name: str(folder / "kept") for name in found if name.endswith("_folder")}
    return found | {name: "from-awx" for name in found if name == "im_rollout_id"}  # which has no default


def credential():
    """Return the extra variables of the credential, without those that it leaves empty."""
    return {name: value for name, value in test_awx_objects.injected(**CANARIES).items() if value}


@pytest.mark.parametrize("template", ORDER, ids=lambda template: template.name)
def test_the_job_of_a_template_runs(fleet, tmp_path, template):
    folder = tmp_path / "job"
    variables = answers(template, tmp_path) | credential()
    variables |= {"im_agent_fingerprint_key": "{{ vault_fingerprint_key }}"}
    variables |= demo.version(NEXT if template.name == "upgrade" else INSTALLED)
    test_runner.lay(fleet, folder, template.playbook, variables, {})
    project = folder / "project"
    pattern = awx_objects.PATTERN.relative_to(awx_objects.ROOT)
    shutil.copytree(awx_objects.ROOT / "playbooks", project / "playbooks")
    shutil.copytree(awx_objects.PATTERN, project / pattern)
    if template.check:
        cmdline = folder / "env" / "cmdline"
        cmdline.write_text(f"{cmdline.read_text('utf-8')} --check --diff", "utf-8")
    before = json.dumps(fleet.command("dump", "--host", HOST)["state"])
    status, stats, kept = test_runner.launched(fleet, folder, str(pattern / "playbooks" / f"{template.playbook}.yml"))
    assert status == 0, kept["output"][-4000:]
    assert stats["ok"].keys() == {HOST}
    shown = [name for name, text in kept.items() if not name.startswith("env") and "canary-awx" in text]
    assert shown == []
    after = json.dumps(fleet.command("dump", "--host", HOST)["state"])
    if template.playbook not in test_awx_objects.CHANGES or template.check:
        assert json.loads(after) == json.loads(before)
    if template.name == "rollback":
        assert INSTALLED in kept["output"]
    if template.name == "install":
        assert CANARIES["openid_secret_job"] in after, "the credential's secret got to the server"
