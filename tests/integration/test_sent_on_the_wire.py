"""An archive of the controller, sent by Ansible's own connections, in several messages."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile

import chain
import emulated
import pytest
import yaml
from by_day import these

PASSWORD = "canary-sent-password-8a1d"
WAYS = {
    "psrp": {"connection": "psrp", "auth": "basic", "password": PASSWORD},
    "winrm": {"connection": "winrm", "auth": "basic", "password": PASSWORD},
}
PICTURE = random.Random(23).randbytes(600_000)
"""What does not become smaller, so that its archive takes several messages."""


def archive():
    """Return the stand-in with the picture."""
    memory = io.BytesIO(chain.FILES.archive.read_bytes())
    with zipfile.ZipFile(memory, "a") as opened:
        opened.writestr("wwwroot/picture.bin", PICTURE)
    return memory.getvalue()


@pytest.mark.parametrize("way", these({"psrp"}, WAYS))
def test_an_archive_is_sent_whole_and_once(tmp_path, way):
    content = archive()
    checksum = hashlib.sha256(content).hexdigest()
    (tmp_path / "play" / "files").mkdir(parents=True)
    (tmp_path / "play" / "files" / "agent.zip").write_bytes(content)
    given = {"path": chain.WORKING, "archive": {"source": "files/agent.zip", "checksum": checksum}}
    task = {"imops.identity_manager.win_im_working_directory": given, "name": "Unpack"}
    play = tmp_path / "play" / "unpack.yml"
    play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]), "utf-8")
    scenario = tmp_path / "scenario.yml"
    scenario.write_text(yaml.safe_dump({"hosts": {way: WAYS[way]}}), "utf-8")
    with emulated.fleet(scenario, tmp_path / "fleet") as fleet:
        first = emulated.playbook(fleet, str(play))
        counted = fleet.counters(way)
        again = emulated.playbook(fleet, str(play))
        files = fleet.command("dump", "--host", way)["state"]["files"]
        modules = fleet.counters(way)["modules"]
    assert (first.status, again.status) == (0, 0), first.output[-4000:] + again.output[-4000:]
    assert [bool(run.hosts[way]["changed_tasks"]) for run in (first, again)] == [True, False]
    assert f"{way}: this may take minutes: send the runtime archive from the controller (1 MiB)" in first.output
    assert "send the runtime archive" not in again.output
    assert counted["payload"] > len(content), "the counter counts what was sent, as base64"
    assert files[f"{chain.RUNTIME}\\.im-runtime"]["text"] == checksum
    assert files[f"{chain.RUNTIME}\\wwwroot\\picture.bin"]["sha256"] == hashlib.sha256(PICTURE).hexdigest()
    assert f"{chain.WORKING}\\.im-archive.zip" not in files
    assert modules["put_file"] == 1, "the second run sends nothing"
