"""Entries of the table for what Wine and the rig do otherwise take that and nothing else."""

from __future__ import annotations

import time

import pytest
from fidelity import comparing
from fidelity.known import ABSENT, Difference
from fidelity.worlds import modules

WAIT, FIND, COMMAND = (f"ansible.windows.{name}" for name in ("win_wait_for", "win_find", "win_command"))
NO_DRIVE = "Unhandled exception while executing module: Cannot find drive. A drive with the name 'Q' does not exist."
NOW, THEN = time.time(), 1577934245.0


def taken(module, field, real, modelled, arguments, results=({}, {})):
    """Return the names of the entries that take a difference."""
    difference = Difference(module, arguments, False, field, real, modelled, results)
    return [entry.name for entry in modules()[module].known if entry.takes(difference)]


def found(name, created, written=NOW, size=1):
    """Return a file as win_find lists it."""
    return {"path": f"C:\\x\\{name}", "creationtime": created, "lastwritetime": written, "size": size}


def listed(*files):
    """Return a result of win_find."""
    return {"files": list(files), "matched": len(files)}


def test_the_rig_ends_at_a_drive_that_is_not_there():
    results = ({"failed": True, "msg": NO_DRIVE}, {"changed": False, "elapsed": 1.0})
    assert taken(WAIT, ("elapsed",), ABSENT, 1.0, {"path": "Q:\\x"}, results)
    assert taken(WAIT, ("failed",), True, ABSENT, {"path": "Q:\\x"}, results)


@pytest.mark.parametrize(
    ("field", "path", "msg", "modelled"),
    [
        (("elapsed",), "C:\\x", NO_DRIVE, "timeout"),
        (("elapsed",), "Q:\\x", "another", "timeout"),
        (("warnings",), "Q:\\x", NO_DRIVE, "timeout"),
        (("msg",), "Q:\\x", NO_DRIVE, "the model's handler broke: KeyError"),
    ],
)
def test_nothing_else_is_put_down_to_a_drive(field, path, msg, modelled):
    assert not taken(WAIT, field, msg, modelled, {"path": path}, ({"msg": msg}, {"msg": modelled}))


def test_a_message_may_have_the_search_path_in_small_letters_and_differ_in_nothing_else():
    real, modelled = (f"Failed to run: 'C:\\{name}\\system32\\cmd.exe /c cd'" for name in ("windows", "Windows"))
    assert taken(COMMAND, ("msg",), real, modelled, {})
    assert not taken(COMMAND, ("msg",), f"{real}.", modelled, {})


OLD, NEW = found("old", THEN, THEN), found("new", NOW)
ASKED = {"age": "1d", "age_stamp": "ctime"}


@pytest.mark.parametrize("field", ["files", "matched"])
def test_a_search_by_creation_chooses_otherwise_among_files_with_an_older_time_of_writing(field):
    for results in ((listed(OLD), listed()), (listed(NEW), listed({**OLD, "creationtime": NOW}, NEW))):
        assert taken(FIND, (field,), 0, 0, ASKED, results)


@pytest.mark.parametrize(
    ("arguments", "results"),
    [
        ({"age": "1d"}, (listed(OLD), listed())),
        ({"age_stamp": "ctime"}, (listed(OLD), listed())),
        (ASKED, (listed(NEW), listed())),
        (ASKED, (listed(OLD, NEW), listed({**NEW, "size": 2}))),
        (ASKED, (listed(OLD), {**listed(), "matched": 1})),
        (ASKED, (listed(OLD), listed(OLD))),
    ],
)
def test_nothing_else_in_a_search_is_put_down_to_the_time_of_creation(arguments, results):
    assert not taken(FIND, ("files",), 0, 0, arguments, results)


def test_an_entry_looks_at_the_file_that_the_difference_names_whatever_the_order_was():
    world = modules()[FIND]
    real = comparing.in_order(listed(OLD, NEW), world.listed_by)
    modelled = comparing.in_order(listed({**OLD, "creationtime": NOW}, NEW), world.listed_by)
    ((field, *values),) = [f for f in comparing.results(real, modelled, world.listed_by) if f[0][-1] == "creationtime"]
    assert field == ("files", "1", "creationtime")
    assert taken(FIND, field, *values, {}, (real, modelled))
