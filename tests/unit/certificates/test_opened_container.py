"""A container is opened once in a run; what is kept of it is public, and no other password gets at it."""

from __future__ import annotations

import concurrent.futures
import datetime
import json
import stat
import subprocess
import sys
import threading
from unittest import mock

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import (
    key_container,
    new_pair,
    opened_container,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import once_a_run, probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import snapshot
from cryptography.hazmat.primitives import serialization

DER = serialization.Encoding.DER
PASSWORD = "canary-opened-container"
KEY, LEAF = new_pair.create("CN=agent", datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), uses={"encryption"})
_OTHER, SIGNER = new_pair.create("CN=signer", datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), uses={"encryption"})
CONTAINER = key_container.pfx(KEY, LEAF, PASSWORD, [SIGNER], rounds=key_container.FEW_ROUNDS)


def ask(folder, content=CONTAINER, password=PASSWORD, process=1):
    query = probe.container(content, password, "the container of use server")
    return opened_container.answer(query, folder, process)


def test_the_certificates_are_those_of_the_container_and_found_again_without_opening_it(tmp_path):
    wanted = [LEAF.public_bytes(DER), SIGNER.public_bytes(DER)]
    assert ask(tmp_path) == wanted
    with mock.patch.object(key_container, "read", side_effect=AssertionError("opened again")):
        assert ask(tmp_path) == wanted


def test_those_who_ask_side_by_side_wait_for_the_one_that_opens_it(tmp_path):
    together = threading.Barrier(4)

    def ask_beside_others(_number):
        together.wait(60)
        return ask(tmp_path)

    with (
        mock.patch.object(key_container, "read", side_effect=key_container.read) as opened,
        concurrent.futures.ThreadPoolExecutor(4) as threads,
    ):
        found = list(threads.map(ask_beside_others, range(4)))
    assert found == [[LEAF.public_bytes(DER), SIGNER.public_bytes(DER)]] * 4
    assert opened.call_count == 1


def test_without_locks_of_the_file_system_it_is_opened_all_the_same(tmp_path):
    with mock.patch.object(once_a_run.fcntl, "flock", side_effect=OSError("no locks available")):
        assert ask(tmp_path)[0] == LEAF.public_bytes(DER)


def test_the_name_of_what_is_kept_tells_another_process_nothing(tmp_path):
    ask(tmp_path)
    with mock.patch.object(opened_container, "_RUN", b"of another run"):
        ask(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_another_password_does_not_get_what_the_right_one_opened(tmp_path):
    ask(tmp_path)
    for wrong in ("", PASSWORD.upper(), f"{PASSWORD} "):
        with pytest.raises(Refused, match="the container of use server: cannot be read"):
            ask(tmp_path, password=wrong)


def test_what_cannot_be_opened_is_not_kept(tmp_path):
    with pytest.raises(Refused, match="truncated"):
        ask(tmp_path, content=CONTAINER[:-9])
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_has_certificates_only_and_is_for_its_owner(tmp_path):
    ask(tmp_path)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()).keys() == {"found", "process"}
    assert PASSWORD not in file.name + file.read_text()


@pytest.mark.parametrize(
    "damage", ["", "no JSON", "{}", '{"found": {"certificates": 5}}', '{"found": {"certificates": ["\\u00e4"]}}']
)
def test_a_damaged_file_is_written_again(tmp_path, damage):
    found = ask(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(damage)
    assert ask(tmp_path) == found
    assert json.loads(file.read_text())["process"] == 1


@pytest.fixture
def dead(tmp_path):
    """Return the folder of a run that is over, beside that of this one, and its process."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    for name in ("dead", "here"):
        (tmp_path / name).mkdir()
    return tmp_path / "dead", ended.pid


def test_a_sweep_takes_what_a_dead_run_left(tmp_path, dead):
    folder, process = dead
    ask(folder, process=process)
    ask(tmp_path / "here")
    snapshot.sweep(tmp_path / "here")
    assert list(folder.iterdir()) == []
    assert len([file for file in (tmp_path / "here").iterdir() if file.name != snapshot.SWEPT]) == 1


def test_a_sweep_takes_what_a_run_left_that_was_killed_while_it_opened(tmp_path, dead):
    folder, process = dead
    with (
        mock.patch.object(key_container, "read", side_effect=KeyboardInterrupt),
        mock.patch.object(type(folder), "unlink"),  # killed: nothing is tidied
        pytest.raises(KeyboardInterrupt),
    ):
        ask(folder, process=process)
    assert len(list(folder.iterdir())) == 1
    snapshot.sweep(tmp_path / "here")
    assert list(folder.iterdir()) == []
