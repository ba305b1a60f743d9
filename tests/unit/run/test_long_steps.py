"""A line says when a server begins what may take minutes, right then, and only then."""

from __future__ import annotations

import copy
from unittest import mock

import chain
import in_process
import pytest
from ansible.utils.display import Display

STEPS = {
    "install the Windows features": "ansible.windows.win_feature",
    "install the .NET hosting bundle": "ansible.windows.win_package",
    "download the runtime archive": "ansible.windows.win_get_url",
    "unpack the runtime archive": "imops.identity_manager.win_im_write",
}
RUNTIME = "C:\\identitymanagerContoso\\Runtime"


def told(target, act):
    """Return the lines that are shown while something is done, each with how often each module had run by then."""
    lines = []

    def display(self, msg, *_more, **_options):
        lines.append((msg, dict(target.engine.counters.modules)))

    with mock.patch.object(Display, "display", display):
        act()
    return lines


@pytest.fixture(scope="module")
def installed():
    target = chain.server()
    return target, told(target, lambda: chain.converge(target))


def test_an_installation_tells_its_long_steps_once_and_in_order(installed):
    target, lines = installed
    texts = [text for text, _modules in lines]
    assert all(text.startswith(f"{target.machine.name}: this may take minutes: ") for text in texts)
    assert [step for text in texts for step in STEPS if step in text] == list(STEPS)


@pytest.mark.parametrize(("step", "module"), STEPS.items())
def test_a_line_comes_before_its_step(installed, step, module):
    target, lines = installed
    (before,) = [modules.get(module, 0) for text, modules in lines if step in text]
    assert before < target.engine.counters.modules[module]
    if module != STEPS["unpack the runtime archive"]:
        assert before == 0


def test_nothing_is_told_where_nothing_is_done(installed):
    target = in_process.Server(copy.deepcopy(installed[0].machine))
    assert told(target, lambda: chain.converge(target)) == []


def test_nothing_is_told_in_check_mode():
    target = chain.server()
    assert told(target, lambda: chain.converge(target, check=True)) == []


@pytest.mark.parametrize(("executions", "expected"), [(2000, 1), (1, 0)])
def test_a_wait_for_a_job_is_told_once_where_somebody_really_waits(executions, expected):
    job = {"running_job": {"executions": executions, "program": f"{RUNTIME}\\Usercube-Invoke-Job.exe"}}
    pool = {"name": "Agent", "attributes": {"startMode": "AlwaysRunning"}}
    target = chain.server(
        {"features": ["Web-Server"], "pools": [pool], "files": {RUNTIME: {"folder": True}}, "behaviours": job}
    )
    wanted = {"name": "Agent", "settings_path": RUNTIME, "state": "stopped", "drain": "wait", "drain_minutes": 30}
    lines = told(target, lambda: target.run("win_im_apppool", wanted))
    waits = f"{target.machine.name}: waits 1500 seconds more at most, until it can stop application pool Agent"
    assert [text for text, _modules in lines] == [waits] * expected


def test_a_wait_is_not_told_in_check_mode():
    job = {"running_job": {"executions": 2000, "program": f"{RUNTIME}\\Usercube-Invoke-Job.exe"}}
    target = chain.server(
        {
            "features": ["Web-Server"],
            "pools": [{"name": "Agent"}],
            "files": {RUNTIME: {"folder": True}},
            "behaviours": job,
        }
    )
    wanted = {"name": "Agent", "settings_path": RUNTIME, "state": "stopped", "drain": "wait", "drain_minutes": 30}
    assert told(target, lambda: target.run("win_im_apppool", wanted, check=True)) == []
