"""Marks: what later tasks of a run know of earlier ones, whatever the sentences say."""

from __future__ import annotations

from pathlib import Path

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.mark import Mark, MarkKind
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Operation
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import snapshot
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import iis_config

IIS = {"features": ["Web-Server"], "pools": [{"name": "Agent"}]}
BACKED_UP = Mark(MarkKind.CONFIGURATION_BACKED_UP, iis_config.PATH)


def test_marks_are_kept_with_the_snapshot(tmp_path):
    kept = snapshot.Snapshot(changed=True, done=[BACKED_UP], settled=[Mark(MarkKind.PAIR_RENEWED, "encryption")])
    snapshot.save(kept, tmp_path / "file")
    assert snapshot.load(tmp_path / "file") == kept


@pytest.mark.parametrize(("done", "backups"), [([], 1), ([BACKED_UP], 0), (["back up something"], 1)])
def test_the_configuration_of_iis_is_backed_up_once_in_a_run(done, backups):
    change = Operation("set something", "module", {})
    operations = iis_config.backed_up([change], lambda query: done, 5)
    assert operations[-1] == change
    assert [operation.mark for operation in operations[:-1]] == [BACKED_UP] * backups


def test_a_run_that_starts_a_pool_marks_it_and_the_backup():
    server = chain.server(IIS)
    server.run("win_im_apppool", {"name": "Agent", "state": "started"})
    found = snapshot.load(next(Path(server._folder.name).glob("imops-*.json")))
    assert found.changed
    assert found.done == [BACKED_UP, Mark(MarkKind.POOL_STARTED, "Agent")]
