"""What an interrupted run left in the working directory is removed by the next: files and folders, none else."""

from __future__ import annotations

import datetime

import chain
import one_task
import pytest

SWEEP = f"remove leftovers of an earlier run in {chain.WORKING}"
HOURS = datetime.timedelta(hours=2)


@pytest.fixture(scope="module")
def installed():
    made = chain.server()
    assert chain.failures(chain.converge(made, until="win_im_working_directory")) == []
    return made


@pytest.fixture
def server(installed):
    return one_task.copied(installed)


def run(target, check=False):
    target.new_run()
    arguments = chain.arguments("win_im_working_directory", chain.inventory(), {})
    return target.run("win_im_working_directory", arguments, check=check)


LEFT = [
    ("Runtime.im-0123456789ab.new", True, True),
    ("Runtime.im-0123456789ab.old", True, True),
    ("x.txt.im-0123456789ab.tmp", False, True),
    ("Runtime.im-0123456789ab.new", False, False),
    ("x.im-0123456789ab.tmp", True, False),
    (".im-archive.zip", False, False),
    ("my.im-notes", True, False),
]


@pytest.mark.parametrize(("name", "folder", "swept"), LEFT)
def test_only_what_the_writer_would_remove_is_planned_and_removed(server, name, folder, swept):
    path = f"{chain.WORKING}\\{name}"
    if folder:
        server.machine.files.make_folder(path)
    else:
        server.machine.files.write(path, b"x")
    server.machine.files.entry(path).last_write -= HOURS
    done = chain.foretold(run, server)
    assert done["changed"] is swept
    assert done.get("operations", []) == ([SWEEP] if swept else [])
    assert server.machine.files.exists(path) is not swept


def test_what_a_run_that_goes_on_may_be_writing_stays(server):
    server.machine.files.make_folder(f"{chain.WORKING}\\Runtime.im-0123456789ab.new")
    assert chain.foretold(run, server)["changed"] is False
