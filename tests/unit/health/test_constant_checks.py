"""Checks that are always content: each place of the code that decides a check is made to say "passed", whatever it
found, and a planted fault must notice. Faults of a stop and a start are planted here.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import copy
import functools
import importlib
from pathlib import Path
from unittest import mock

import pytest
import test_connections
import test_key_rights
import test_launched_job
import test_mail
import test_sql_server
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import agent_health, check, checks
from in_process import Server
from test_health_in_words import ARGUMENTS
from test_planted_faults import (
    CONSEQUENCES,
    FAULTS,
    SERVICE,
    STEPS,
    SYSTEMS,
    WORLD,
    asked,
    bad,
    event,
    iis,
    log,
    refused,
    verify,
)

HEALTH = Path(checks.__file__).parent
SAYS_NOTHING = {"State.PASSED", "State.NOT_ASKED"}
"""States that no fault can have."""
STOPPED = {"iis": iis(pool="Stopped", worker=None), "service": {**WORLD["service"], "state": "Stopped"}}
SLOW = "A process serving application pool 'P' exceeded time limits during shut down. The process id was '1'."
OLD_FILES = {"files": [{"name": "x", "last_write": "2026-06-01T07:59:59Z", "tail": ""}], "jobs": WORLD["files"]}

OF_SYSTEMS = {"need_checks", "needed_policy", "reach_checks", "mail_checks", "key_checks", "launched_job"}
"""The files of the checks of other servers, of keys and of a launched job, whose faults take an emulated server."""
ON_A_SERVER = (
    (test_connections.test_a_connection_that_no_connector_fits_is_unknown_until_it_is_named, [""]),
    (test_connections.test_a_path_that_is_none_is_unknown_and_not_shown, [""]),
    (test_connections.test_a_share_is_unknown_as_the_session_may_not_open_it, [""]),
    (test_connections.test_a_question_without_an_answer_is_unknown_with_its_reason, ("programs", "reach")),
    (test_connections.test_settings_that_dotnet_would_refuse_are_unknown, [""]),
    (test_connections.test_a_connection_that_tells_no_address_is_unknown_and_shows_no_value, test_connections.UNCLEAR),
    (test_connections.test_a_managed_system_that_is_not_reached_is_named_with_its_cause, test_connections.REACHED),
    (
        test_sql_server.test_a_database_to_which_the_client_would_not_connect_fails_with_its_cause,
        test_sql_server.FAULTS,
    ),
    (test_sql_server.test_its_own_server_without_tcp_is_unknown_as_the_client_does_without, (".",)),
    (test_connections.test_what_a_connection_lacks_is_named_with_its_cause_and_the_page, test_connections.NEEDS),
    (test_mail.test_a_question_without_an_answer_is_unknown_with_its_reason, [""]),
    (test_mail.test_a_mail_server_that_takes_no_mail_is_named_with_its_cause, test_mail.FAULTS),
    (test_mail.test_what_nobody_can_tell_is_unknown_with_the_reason, test_mail.UNKNOWN),
    (test_mail.test_a_pickup_folder_that_the_identity_may_not_write_to_fails, test_mail.FOLDERS),
    (test_key_rights.test_a_question_without_an_answer_is_unknown_with_its_reason, [""]),
    (test_key_rights.test_a_key_whose_file_windows_does_not_tell_is_unknown, [""]),
    (test_key_rights.test_a_pair_that_the_agent_cannot_use_fails_with_its_cause, test_key_rights.FAULTS),
    (test_launched_job.test_a_job_that_cannot_or_must_not_run_is_not_launched, test_launched_job.NOT_LAUNCHED),
    (test_launched_job.test_the_end_of_a_job_is_told_with_its_cause_and_its_log, test_launched_job.ENDS),
    (
        test_launched_job.test_what_the_agent_refuses_is_named_and_not_sent_again,
        test_launched_job.REFUSED,
    ),
    (test_launched_job.test_a_launch_that_no_run_tells_of_is_unknown, (200,)),
    (test_mail.test_mails_that_nobody_has_collected_are_reported_as_waiting, (1,)),
)

STEP_FAULTS = [
    ("stop", {"iis": iis(pool="Started", worker=None)}, "A running job delays the stop", {}),
    ("stop", {"iis": iis(pool="Stopping")}, "raise shutdownTimeLimit", {}),
    ("stop", {"iis": iis(pool="Stopped")}, "its worker process still runs", {}),
    ("stop", {"iis": refused("denied")}, "Fix the cause named in the answer", {}),
    ("stop", {"system": [event(5013, SLOW, "Warning")]}, "Fix the cause named in the entry", {}),
    ("stop", {"events": [event(1007, "root 'C:\\im\\Runtime\\' failed")]}, "Fix the cause named in the entry", {}),
    ("stop", {"service": {**WORLD["service"], "state": "StopPending"}}, "A running job delays the stop", SERVICE),
    ("stop", {"service": None}, "absent", SERVICE),
    ("own_log", log("Unhandled exception. x"), "named in the line", {}),
    ("start_without_request", {"iis": iis(worker=None)}, "no worker process", {}),
    ("start_without_request", {"files": [], "jobs": WORLD["files"]}, "has not loaded the agent", {}),
    ("start_without_request", OLD_FILES, "doAppInitAfterRestart", {}),
    ("job_ran", {"jobs": []}, "CronTabExpression", {}),
    ("job_ran", {"jobs": []}, "CronTabExpression", {**SERVICE, "step": "start"}),
]


def restarted(step, changes, arguments):
    """Return the checks of a step of a restart in a world with a fault; a step that leaves it stopped or started."""
    world = {**copy.deepcopy(WORLD), **(STOPPED if step == "stop" else {}), **changes}
    given = {**ARGUMENTS, "recycle": True, "jobs": step == "start", **arguments}
    wanted, ask = agent_health.Wanted.of(given), functools.partial(asked, world)
    if step == "stop":
        return list(checks.stop_checks(wanted, ask, "2026-06-01T09:00:00Z"))
    return list(checks.start_checks(wanted, ask))


def step_of(id_):
    return "stop" if id_ in {"stop", "own_log"} else "start"


def found_by(fault, steps):
    """Tell whether a fault is found: its check is not content, and names the cause."""
    id_, changes, cause, arguments = fault
    told = {name: value for name, value in arguments.items() if name != "step"}
    made = restarted(step_of(id_), changes, told) if steps else verify(changes, told)
    sentences = " ".join(one.sentence for one in bad(made) if one.id == id_)
    return cause in sentences and {one.id for one in bad(made)} - {id_} <= {b for a, b in CONSEQUENCES if a == id_}


@pytest.mark.parametrize("step", ["stop", "start"])
@pytest.mark.parametrize("arguments", [{}, SERVICE], ids=["iis", "service"])
def test_a_restart_without_a_fault_passes(step, arguments):
    made = restarted(step, {}, arguments)
    assert made
    assert [one.sentence for one in bad(made)] == []


@pytest.mark.parametrize("fault", STEP_FAULTS, ids=[f"{number}-{f[0]}" for number, f in enumerate(STEP_FAULTS)])
def test_a_fault_of_a_restart_is_found_by_its_check_which_names_the_cause(fault):
    assert found_by(fault, steps=True)


def test_each_check_of_a_restart_has_at_least_three_faults():
    counted = collections.Counter(fault[0] for fault in STEP_FAULTS)
    assert all(counted[name] >= 3 for name in STEPS)


def places():
    """Yield each place that gives a check another state than that it passed: its file, function and line, and the check
    where it names one.
    """
    for path in sorted(HEALTH.glob("*.py")):
        for function in (one for one in ast.parse(path.read_text("utf-8")).body if isinstance(one, ast.FunctionDef)):
            for call in filter(decides, ast.walk(function)):
                named = call.args[0].value if isinstance(call.args[0], ast.Constant) else ""
                yield path.stem, function.name, call.lineno, named


def decides(node):
    """Tell whether a node makes a check whose state may be another one than passed."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "Check":
        return False
    return ast.unparse(state(node)) not in SAYS_NOTHING


def state(call):
    return call.args[2] if len(call.args) > 2 else next(word.value for word in call.keywords if word.arg == "state")


@contextlib.contextmanager
def content(place):
    """Make a place say that the check passed: the function's code is another one, wherever it was imported to."""
    file, name, line, _check = place
    module = importlib.import_module(f"{checks.__package__}.{file}")
    tree = ast.parse((HEALTH / f"{file}.py").read_text("utf-8"))
    for call in ast.walk(tree):
        if decides(call) and call.lineno == line:
            passed = ast.parse("State.PASSED", mode="eval").body
            call.args[:] = [*call.args[:2], passed, *call.args[3:]]
            call.keywords[:] = [word for word in call.keywords if word.arg != "state"]
    namespace = {**vars(module), "State": check.State}
    exec(compile(ast.fix_missing_locations(tree), f"{file}.py", "exec"), namespace)
    function = getattr(module, name)
    before = function.__code__
    function.__code__ = namespace[name].__code__
    try:
        with mock.patch.object(module, "State", check.State, create=True):
            yield
    finally:
        function.__code__ = before


def lost(named):
    """Return the checks whose faults are not found: of one check, or of all."""
    faults = [(fault, True) for fault in STEP_FAULTS] + [(fault, False) for fault in FAULTS]
    return {f[0] for f, steps in faults if named in {"", f[0]} and not found_by(f, steps)}


def told(capsys, tried, survived, noticed):
    with capsys.disabled():
        print(f"\n{len(tried) - len(survived)} of {len(tried)} places made constant are noticed, {len(noticed)} checks")


@pytest.mark.nightly
def test_every_place_that_always_says_passed_is_noticed_and_every_check_has_one(capsys):
    assert lost("") == set()
    tried, noticed, survived = [place for place in places() if place[0] not in OF_SYSTEMS], set(), []
    for place in tried:
        with content(place):
            found = lost(place[-1])
        noticed |= found
        survived += [] if found else [place]
    told(capsys, tried, survived, noticed)
    assert survived == [], survived
    assert noticed == set(check.NOT_ASKED) - SYSTEMS


def lost_at(machine):
    """Tell whether one of the faults of other servers is not found, which are planted on an emulated server."""
    for test, names in ON_A_SERVER:
        for name in names:
            try:
                test(Server(machine.copy()), *([name] if name else []))
            except (AssertionError, ValueError, LookupError):  # a passed check has no remedy to read
                return True
    return False


@pytest.mark.nightly
def test_every_place_of_the_checks_of_other_servers_is_noticed(capsys):
    machine = test_connections.with_all_that_is_needed().machine
    assert not lost_at(machine)
    tried, survived = [place for place in places() if place[0] in OF_SYSTEMS], []
    for place in tried:
        with content(place):
            survived += [] if lost_at(machine) else [place]
    told(capsys, tried, survived, SYSTEMS)
    assert survived == [], survived
