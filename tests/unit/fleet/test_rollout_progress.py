"""What people are told while a rollout goes on: lines of the events, and nothing else of the results."""

from __future__ import annotations

import types

import pytest
from ansible_collections.imops.identity_manager.plugins.callback import rollout_progress
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet import progress

ACTION = "imops.identity_manager.im_rollout"
COMMON = {"time": "2026-11-30T10:00:05Z", "rollout": "december"}
MANY = [f"server-{number:03}" for number in range(150)]


def finished(**more):
    return {
        "event": "server_finished",
        "server": "a.contoso.com",
        "wave": 1,
        "outcome": "done",
        "outage": 12,
        "why": "",
        "changed": True,
        "remaining": 199,
        **COMMON,
        **more,
    }


LINES = [
    (
        {"event": "rollout_began", "kind": "install", "waves": 4, "servers": 200, "finished": 0, "budget": 1},
        "install of 200 servers, in 4 waves, with a budget of 1",
    ),
    (
        {"event": "rollout_began", "kind": "renew", "waves": 1, "servers": 1, "finished": 1, "budget": 2},
        "renew of 1 server, 1 of them finished by former jobs, in 1 wave, with a budget of 2",
    ),
    ({"event": "wave_began", "wave": 1, "waves": 4, "servers": ["a", "b"]}, "wave 1 of 4 begins: a, b"),
    (
        {"event": "wave_began", "wave": 4, "waves": 4, "servers": MANY},
        "wave 4 of 4 begins: server-000, server-001, server-002, server-003, server-004 and 145 more, 150 in all",
    ),
    (
        {"event": "wave_ended", "wave": 1, "waves": 4, "totals": {"done": 1, "rolled_back": 2}, "soak": 3900},
        "wave 1 of 4 has ended: 1 done, 2 rolled back; the next begins in 1 h 5 min at the earliest",
    ),
    (
        {"event": "wave_ended", "wave": 4, "waves": 4, "totals": {"done": 9}, "soak": 0},
        "wave 4 of 4 has ended: 9 done",
    ),
    (finished(), "a.contoso.com: done, down for 12 s; 199 remain"),
    (finished(outage=0, remaining=0), "a.contoso.com: done, never down; 0 remain"),
    (finished(outage=125), "a.contoso.com: done, down for 2 min 5 s; 199 remain"),
    (
        finished(outcome="failed", outage=None, why="the agent\nis gone"),
        "a.contoso.com: failed, down for a time that is not known, or still down: the agent is gone; 199 remain",
    ),
    (finished(outcome="rolled_back", outage=60), "a.contoso.com: rolled back, down for 1 min; 199 remain"),
    (
        finished(outcome="was_down", outage=None, why="the pool was stopped"),
        "a.contoso.com: was down: the pool was stopped; 199 remain",
    ),
    (
        {"event": "held", "servers": ["b", "c"], "why": "a server failed", "spent": 1, "allowed": 1},
        "b, c not begun, 1 of 1 of the budget spent: a server failed",
    ),
    (
        {
            "event": "rollout_ended",
            "totals": {"servers": 3, "done": 3, "failed": 0},
            "record": "/r.json",
            "finished": True,
        },
        "3 done; finished. Record: /r.json",
    ),
    (
        {"event": "rollout_ended", "totals": {"done": 1, "held": 2}, "record": "/r.json", "finished": False},
        "1 done, 2 held; not finished: the same im_rollout_id goes on with what is left. Record: /r.json",
    ),
    ({"event": "rollout_ended", "totals": {}, "record": "", "finished": True}, "nothing done; finished. Record: "),
]


@pytest.mark.parametrize(("event", "told"), LINES, ids=lambda one: one[:40] if isinstance(one, str) else None)
def test_an_event_is_one_line(event, told):
    assert progress.line(COMMON | event) == f"10:00:05 UTC december: {told}"


@pytest.mark.parametrize(
    "event", [{"event": "server_began", "server": "a"}, {"event": "of a later version"}, {}], ids=str
)
def test_other_events_are_not_told(event):
    assert progress.line(COMMON | event) == ""


@pytest.mark.parametrize("event", [one for one, _told in LINES], ids=lambda one: one["event"])
def test_an_event_that_lacks_everything_is_still_a_line(event):
    assert progress.line({"event": event["event"]}).startswith(": ")


def test_what_a_server_says_commands_no_terminal_and_fills_no_screen():
    hostile = finished(outcome="failed", why="\x1b[2J\x9b31m\r\n\u2028" + "x" * 5000, server="a\nb")
    line = progress.line(hostile)
    assert line.isprintable()
    assert len(line) < 500


class Screen:
    """Ansible's display, as far as the callback uses it."""

    verbosity = 0

    def __init__(self):
        self.lines, self.colours = [], []

    def display(self, text, color=None):
        self.lines.append(text)
        self.colours.append(color)


def shown(result, action=ACTION, failed=False):
    """Return what the callback shows of a task's result."""
    screen = Screen()
    callback = rollout_progress.CallbackModule(display=screen)
    of_task = types.SimpleNamespace(_result=result, _task=types.SimpleNamespace(action=action))
    (callback.v2_runner_on_failed if failed else callback.v2_runner_on_ok)(of_task)
    return screen


def test_the_events_of_a_result_are_shown_in_their_order_with_their_colour():
    events = [COMMON | LINES[2][0], finished(), finished(server="b", outcome="failed", why="x"), COMMON | LINES[-1][0]]
    screen = shown({"rollout_events": events, "msg": "m"})
    assert screen.lines == [progress.line(event) for event in events]
    assert screen.colours[0] is None
    assert len(set(screen.colours[1:3])) == 2
    assert shown({"rollout_events": events}, failed=True).lines == screen.lines


@pytest.mark.parametrize(
    ("result", "action"),
    [
        ({"rollout_events": [finished()]}, "ansible.builtin.debug"),
        ({"rollout_events": [finished()], "_ansible_no_log": True}, ACTION),
        ({"rollout_events": []}, ACTION),
        ({"msg": "failed before anything happened"}, ACTION),
    ],
    ids=["another module", "no_log", "no events", "no such key"],
)
def test_nothing_else_is_shown(result, action):
    assert shown(result, action).lines == []


def test_only_the_fields_of_the_events_are_shown():
    canary = "canary-of-a-result-77d1"
    extra = {"password": canary, "diff": canary, "servers_secret": canary}
    result = {"rollout_events": [finished(**extra), *(COMMON | one | extra for one, _told in LINES)], **extra}
    screen = shown(result)
    assert screen.lines
    assert canary not in "\n".join(screen.lines)
