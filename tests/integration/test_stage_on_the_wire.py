"""`stage.yml` over the wire, on a server that an earlier run of the collection has unpacked an agent on."""

from __future__ import annotations

import json

import emulated
import pytest
import runtime_archives as archives
import yaml
from emulator.scenario import saved_state
from installed import servers
from runtime_archives import FORMER, NEW

VERSION, HOST = "1.0.0", "iis.contoso.com"
FILE = "C:\\files\\new.zip"

pytestmark = pytest.mark.nightly


def played(fleet, **variables):
    folder = servers.FOLDER / VERSION
    known = servers.extra_variables(folder)
    given = {**known, "im_agent_archive_source": FILE, "im_agent_archive_checksum": NEW.checksum, **variables}
    words = ["--limit", HOST, "--extra-vars", json.dumps(given)]
    return emulated.playbook(fleet, "imops.identity_manager.stage", *words, inventories=[folder / "inventory.yml"])


def test_a_version_is_staged_once_and_refused_where_the_server_is_older(tmp_path):
    server = archives.server(FORMER, files={"identity.pfx": "key"})
    server.machine.name = HOST
    server.machine.files.make_folder(FILE.rpartition("\\")[0])
    server.machine.files.write(FILE, NEW.content)
    (tmp_path / "state.json").write_text(json.dumps(saved_state.save(server.machine)), "utf-8")
    scenario = tmp_path / "staged.yml"
    scenario.write_text(yaml.safe_dump({"hosts": {HOST: {"saved_state": "state.json"}}}), "utf-8")
    with emulated.fleet(scenario, tmp_path / "fleet") as fleet:
        first, again = played(fleet), played(fleet)
        executions = fleet.counters(HOST)["remote_executions"]
        refused = played(fleet, im_agent_server_version="6.1")
    assert (first.status, again.status) == (0, 0), first.output[-4000:] + again.output[-4000:]
    assert [bool(run.hosts[HOST]["changed_tasks"]) for run in (first, again)] == [True, False]
    assert "6.2.2.0" in again.output
    assert "identity.pfx" in again.output
    assert executions <= 6
    assert refused.status != 0
    assert "wanted none newer than the Identity Manager server, which is 6.1" in refused.output
