"""A relative file is searched beside the inventory first, and a message names every place that was searched."""

from __future__ import annotations

from pathlib import Path

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import found_file

PFX = {"use": "identity_server", "source": "pfx", "password": chain.CANARIES["pfx"]}


def run(file, **variables):
    server = chain.server({"features": ["Web-Server"], "pools": [{"name": "Agent"}]})
    server.variables |= variables
    arguments = {"identity": {"pool": "Agent"}, "settings_path": chain.RUNTIME, "pairs": [{**PFX, "file": file}]}
    return server.run("win_im_cert_pair", arguments, check=True)


@pytest.mark.parametrize("place", ["files/pair.pfx", "pair.pfx"])
def test_a_file_beside_the_inventory_is_found(tmp_path, place):
    (tmp_path / "files").mkdir()
    (tmp_path / place).write_bytes(Path(chain.FILES.key_pair).read_bytes())
    assert run(place, inventory_dir=str(tmp_path))["changed"]
    assert run("pair.pfx", inventory_dir=str(tmp_path))["changed"], "files/ is searched as Ansible does"


def test_a_message_names_all_places(tmp_path):
    message = run("files/pair.pfx", inventory_dir=str(tmp_path))["msg"]
    assert f"Searched: {tmp_path}/files/pair.pfx, " in message
    assert "the folder of the inventory, the playbook or the role" in message


def test_every_inventory_s_folder_is_searched_and_the_host_s_first(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two.yml").write_text("", "utf-8")
    variables = {
        "inventory_dir": str(tmp_path),
        "ansible_inventory_sources": [str(tmp_path / "one"), str(tmp_path / "two.yml"), "host,"],
    }
    assert found_file.beside_inventory("a.pfx", variables) == [
        tmp_path / "a.pfx",
        tmp_path / "files" / "a.pfx",
        tmp_path / "one" / "a.pfx",
        tmp_path / "one" / "files" / "a.pfx",
    ]
    assert found_file.beside_inventory("/a.pfx", variables) == []


def test_a_folder_for_kept_pairs_is_beside_the_inventory(tmp_path):
    server = chain.server({"features": ["Web-Server"], "pools": [{"name": "Agent"}]})
    server.variables |= {"inventory_dir": str(tmp_path)}
    keep = {"folder": "kept", "passphrase": "demo-only-passphrase", "agent": "paris"}
    arguments = {"identity": {"pool": "Agent"}, "settings_path": chain.RUNTIME, "pairs": [{"use": "encryption"}]}
    done = server.run("win_im_cert_pair", {**arguments, "keep": keep})
    assert done["changed"], done
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".pem"]


def test_a_folder_that_is_there_already_is_taken(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two" / "kept").mkdir(parents=True)
    variables = {"ansible_inventory_sources": [str(tmp_path / "one"), str(tmp_path / "two")]}
    assert found_file.folder("kept", variables) == str(tmp_path / "two" / "kept")
    assert found_file.folder("other", variables) == str(tmp_path / "one" / "other")
    assert found_file.folder("/kept", variables) is None
    assert found_file.folder("kept", {}) is None


@pytest.mark.parametrize(
    ("module", "made"),
    [("im_handover", "papers/handover.md"), ("im_report", "papers/report.html")],
)
def test_a_folder_for_papers_is_beside_the_inventory(tmp_path, module, made):
    """Beside the playbook it would be in the installed collection, which an upgrade replaces."""
    server = chain.server({})
    server.variables |= {"inventory_dir": str(tmp_path)}
    done = server.run(module, {"folder": "papers", "results": {}})
    assert not done.get("failed"), done
    assert (tmp_path / made).is_file()
