"""`playbooks/handover.yml` over the wire: servers that are bare, one that nobody reaches, papers, and no write."""

from __future__ import annotations

import json
import os

import demo
import emulated
import pytest

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="part of make test-all"),
]
HANDOVER = "imops.identity_manager.handover"
ADDED = """
agents:
  hosts:
    lost.contoso.com:
      ansible_connection: ssh
      ansible_host: 127.0.0.9
      ansible_port: 9
      im_agent_host_name: lost.contoso.com
      im_agent_identifier: Lost
    wrong.contoso.com: {im_agent_host_name: wrong.contoso.com, im_agent_identifier: Local}
"""


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    """Write the papers of the demo's servers, of one that does not answer, and of one that cannot be right."""
    folder = tmp_path_factory.mktemp("handover")
    (folder / "more.yml").write_text(ADDED, "utf-8")
    inventories = [demo.CONTOSO / "inventory.yml", folder / "more.yml"]
    words = [*demo.prepare(), "-e", f"im_handover_folder={folder / 'papers'}", "-e", "im_handover_hashes=true"]
    limit = ["--limit", "paris.contoso.com,lost.contoso.com,wrong.contoso.com"]
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", folder) as fleet:
        before = fleet.command("dump", "--host", "paris.contoso.com")["state"]
        fleet.command("reset")
        run = emulated.playbook(fleet, HANDOVER, *words, *limit, inventories=inventories)
        counted = fleet.counters("paris.contoso.com")["remote_executions"]
        after = fleet.command("dump", "--host", "paris.contoso.com")["state"]
    yield run, folder / "papers", counted, (before, after)


def test_each_server_is_asked_once_and_stays_as_it_is(handed):
    _run, _folder, counted, (before, after) = handed
    assert counted == 1
    assert json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def test_who_has_no_papers_is_named_and_the_others_have_theirs(handed):
    run, folder, _counted, _states = handed
    assert run.status, run.output
    page = (folder / "handover.md").read_text("utf-8")
    assert "wrong.contoso.com: " in run.output
    assert "| wrong.contoso.com | everything: wrong.contoso.com: the inventory is refused: im_agent_identifier" in page
    assert "| lost.contoso.com | what only the server knows: it was not reached;" in page
    assert "| Ansible's controller | 127." in page
    assert 'Identifier="Lost"' in (folder / "agents.xml").read_text("utf-8")


def test_no_secret_is_in_papers_or_output(handed):
    run, folder, _counted, _states = handed
    files = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    assert not [text for text in (run.output, *files) if "demo-only" in text]
