"""Files on the controller: a snapshot and a kept pair are whole or not there, and a broken one is no crash."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import kept_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import controller_file, snapshot

CANARY = "canary-of-the-snapshot"


def test_a_snapshot_that_cannot_be_written_leaves_the_old_one_and_no_piece(tmp_path):
    path = tmp_path / "imops-x.json"
    snapshot.save(snapshot.Snapshot(host={"a": 1}), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(TypeError):
        snapshot.save(snapshot.Snapshot(host={"a": CANARY, "b": object()}), path)
    assert [p.name for p in tmp_path.iterdir()] == ["imops-x.json"]
    assert snapshot.load(path).host == {"a": 1}
    assert snapshot.load(tmp_path / "imops-none.json") == snapshot.Snapshot()


def test_a_sweep_takes_only_what_a_dead_run_left(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    here, dead, alive, foreign, broken = (tmp_path / name for name in ("here", "dead", "alive", "foreign", "broken"))
    for folder, process in ((here, ended.pid), (dead, ended.pid), (alive, os.getpid())):
        folder.mkdir()
        snapshot.save(snapshot.Snapshot(process=process), folder / "imops-x.json")
    (dead / snapshot.SWEPT).touch()
    foreign.mkdir()
    (foreign / "other.json").write_text("{}")
    broken.mkdir()
    (broken / "imops-x.json").write_text("no JSON")
    (broken / "imops-y.json").write_text(json.dumps({"unknown": 1}))
    snapshot.sweep(here)
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.glob("*/*"))
    assert left == [
        "alive/imops-x.json",
        "broken/imops-x.json",
        "broken/imops-y.json",
        "foreign/other.json",
        f"here/{snapshot.SWEPT}",
        "here/imops-x.json",
    ]


def test_a_sweep_takes_a_file_that_a_killed_run_did_not_put_in_its_place(tmp_path):
    killed = f"""
import json, os, pathlib, signal, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader(sys.argv[2:])
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import snapshot
json.dumps = lambda value: '{CANARY}'
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
snapshot.save(snapshot.Snapshot(process=os.getpid()), snapshot.path_of(sys.argv[1], "srv"))
"""
    dead, here = tmp_path / "dead", tmp_path / "here"
    for folder in (dead, here):
        folder.mkdir()
    collections = Path(snapshot.__file__).parents[6]
    subprocess.run([sys.executable, "-c", killed, dead, collections], check=False)
    assert [file.read_text() for file in dead.iterdir()] == [CANARY]
    snapshot.sweep(here)
    assert list(dead.iterdir()) == []


def test_one_worker_of_a_run_sweeps(tmp_path, monkeypatch):
    """A sweep reads each snapshot of another run, and there is one for each of its servers."""
    here, alive = tmp_path / "here", tmp_path / "alive"
    for folder in (here, alive):
        folder.mkdir()
    snapshot.save(snapshot.Snapshot(process=os.getpid()), alive / "imops-x.json")
    looked = mock.Mock(wraps=os.kill)
    monkeypatch.setattr(os, "kill", looked)
    for _server in range(3):
        snapshot.sweep(here)
    assert looked.call_count == 1


def test_a_kept_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "pair.pfx"
    path.write_bytes(b"old")
    kept = mock.Mock(path=str(path), content=b"new")
    full = OSError(28, "No space left on device")
    with mock.patch.object(os, "fsync", side_effect=full), pytest.raises(Refused, match="No space left on device"):
        controller_file.write(kept)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"pair.pfx": b"old"}
    controller_file.write(kept)
    assert path.read_bytes() == b"new"
    assert sorted(p.read_bytes() for p in tmp_path.iterdir()) == [b"new", b"old"], "the former pair is kept beside it"


def test_a_kept_pair_that_cannot_be_read_is_refused_with_the_reason(tmp_path):
    assert kept_pair.read(tmp_path / "none.pfx", "") is None
    with pytest.raises(Refused, match=r"cannot read .* on the controller: Is a directory"):
        kept_pair.read(tmp_path, "")
