"""Waiting: win_wait_for, for a port of this process, a port where nobody listens, files and texts.

Waits are short. Not drawn are connections that stay, since a port is drained when nobody holds one, and a ``sleep`` of
nothing, since how often is then looked depends on the machine.
"""

from __future__ import annotations

import base64
import typing as t

from hypothesis import strategies as st

from ..known import Difference, Known
from ..local_web import ADDRESS, CLOSED, LISTENING, LocalWeb
from ..tree import PLACE, Tree, TreeWorld
from ..world import Sequence, Step

WAIT = "ansible.windows.win_wait_for"
SLOW_SECONDS = 10
"""What a loaded machine may need for a call above what it waits for."""
TREE: Tree = {
    PLACE: None,
    f"{PLACE}\\sub": None,
    f"{PLACE}\\empty": {"content": ""},
    f"{PLACE}\\a.txt": {"content": base64.b64encode(b"Hello World\r\nready 42\r\n").decode()},
}
STATES = ("present", "started", "stopped", "absent", "drained", "Started", "ABSENT", "gone")

_port = st.sampled_from((LISTENING, LISTENING, CLOSED, CLOSED, str(LISTENING), "many", 70000, -1))
_state = st.sampled_from((*STATES[:5], *STATES))
_timeout = st.sampled_from((0, 1, 1, 1, 2, "1"))
_options: dict[str, st.SearchStrategy[t.Any]] = {
    "delay": st.sampled_from((0, 1, -1, "1")),
    "sleep": st.sampled_from((1, 2, 3, "2")),
    "connect_timeout": st.sampled_from((2, 5, "3")),
    "exclude_hosts": st.sampled_from(("127.0.0.1", ["127.0.0.1", "none.invalid"], [], 5)),
    "regex": st.sampled_from(("hello", "x")),
    "path": st.just(f"{PLACE}\\a.txt"),
}


def _with(required: dict[str, st.SearchStrategy[t.Any]], *names: str) -> st.SearchStrategy[dict[str, t.Any]]:
    """Return arguments without further options often, with one sometimes."""
    plain = st.fixed_dictionaries({**required, "timeout": _timeout})
    one = st.sampled_from(names).flatmap(
        lambda name: st.fixed_dictionaries({**required, "timeout": _timeout, name: _options[name]})
    )
    return st.one_of(plain, plain, one)


PORT = st.one_of(
    _with(
        {"port": _port, "host": st.just(ADDRESS), "state": _state},
        "delay",
        "sleep",
        "connect_timeout",
        "exclude_hosts",
        "regex",
        "path",
    ),
    _with({"port": st.just(CLOSED), "host": st.sampled_from((ADDRESS, "127.83.119.2", "none.invalid"))}, "sleep"),
    _with({"port": st.just(LISTENING), "host": st.sampled_from((ADDRESS, "127.83.119.2"))}, "delay"),
)
_path = st.sampled_from(
    (
        f"{PLACE}\\a.txt",
        f"{PLACE}\\a.txt",
        f"{PLACE}\\none",
        f"{PLACE}\\empty",
        PLACE,
        f"{PLACE}/sub/",
        f"{PLACE}\\none\\x",
        f"{PLACE}\\pi|pe",
        "Q:\\x",
    )
)
FILE = _with({"path": _path, "state": _state}, "delay", "sleep", "exclude_hosts")
MATCHED = st.tuples(
    st.sampled_from(("regex", "regex", "search_regex", "regexp")),
    st.fixed_dictionaries(
        {
            "path": st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\a.txt", f"{PLACE}\\empty", f"{PLACE}\\none")),
            "regex": st.sampled_from(
                (
                    "hello",
                    "HELLO\\s+w",
                    "ready \\d+",
                    "^ready",
                    "(?m)^ready",
                    "42$",
                    "\\A\\Z",
                    "none",
                    "",
                    "(?-i:hello)",
                    "(",
                    42,
                )
            ),
            "timeout": _timeout,
        },
        optional={"state": st.sampled_from(("present", "absent", "started")), "sleep": st.sampled_from((1, 2))},
    ),
).map(lambda two: {two[0] if key == "regex" else key: value for key, value in two[1].items()})
TIME = st.fixed_dictionaries(
    {"timeout": _timeout}, optional={"state": _state, "delay": _options["delay"], "sleep": st.just(1)}
)


def _wait(check: bool = False, **arguments: t.Any) -> Step:
    return Step(WAIT, {"timeout": 1, **arguments}, check)


FIXED = (
    Sequence(
        {},
        (
            _wait(port=LISTENING, host=ADDRESS),
            _wait(port=str(LISTENING), host=ADDRESS, check=True),
            _wait(port=CLOSED, host=ADDRESS),
            _wait(port=CLOSED, host=ADDRESS, state="absent"),
            _wait(port=LISTENING, host=ADDRESS, state="stopped", timeout=2),
            _wait(port=LISTENING, host=ADDRESS, state="drained"),
            _wait(port="many", timeout=0),
            _wait(port=70000),
            _wait(state="drained"),
            _wait(port=CLOSED, regex="x"),
            _wait(port=CLOSED, path=PLACE),
            _wait(port=CLOSED, exclude_hosts="a"),
            _wait(timeout=0, delay=1),
            _wait(delay=-1),
            _wait(state="gone"),
        ),
    ),
    Sequence(
        {},
        (
            _wait(path=f"{PLACE}\\a.txt"),
            _wait(path=f"{PLACE}\\none"),
            _wait(path=f"{PLACE}\\none", state="absent"),
            _wait(path=PLACE, state="absent", sleep=2),
            _wait(path=PLACE, state="drained"),
            _wait(path=f"{PLACE}\\a.txt", regex="hello\\s+W"),
            _wait(path=f"{PLACE}\\a.txt", search_regex="none"),
            _wait(path=f"{PLACE}\\a.txt", regexp="none", state="absent"),
            _wait(path=f"{PLACE}\\a.txt", regex="hello", state="absent", timeout=0),
            _wait(path=f"{PLACE}\\empty", regex="^$"),
            _wait(path=f"{PLACE}\\a.txt", regex="("),
            _wait(path=f"{PLACE}\\pi|pe"),
        ),
    ),
)


def _pattern(difference: Difference) -> bool:
    start = "Unhandled exception while executing module: "
    return (difference.real, difference.modelled) == (
        f"{start}Invalid pattern '(' at offset 1. Not enough )'s.",
        f'{start}parsing "(" - Not enough )\'s.',
    )


def _no_drive(difference: Difference) -> bool:
    """Tell whether the rig ended at a path on a drive that is not there, and the model's handler went on."""
    path, (real, modelled) = str(difference.arguments.get("path")), difference.results
    words = f"Unhandled exception while executing module: Cannot find drive. A drive with the name '{path[:1]}'"
    return (
        path[1:2] == ":"
        and real.get("msg") == f"{words} does not exist."
        and difference.field[0] in {"changed", "elapsed", "failed", "msg", "wait_attempts"}
        and not str(modelled.get("msg")).startswith("the model's handler broke")
    )


class WaitingWorld(LocalWeb, TreeWorld):
    """A folder with some files, and ports."""

    name = "waiting"
    always = TREE
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        WAIT: st.one_of(PORT, PORT, FILE, FILE, MATCHED, MATCHED, TIME).map(lambda arguments: Step(WAIT, arguments)),
    }
    fixed = FIXED
    known = (
        Known(
            "message for an invalid pattern",
            (WAIT,),
            ("msg",),
            "engine 7",
            "Regex of .NET 10 has a different message",
            _pattern,
        ),
        Known(
            "a path on a drive that is not there",
            (WAIT,),
            ("*",),
            "rig",
            "the rig's Test-Path -IsValid throws for a drive that is not there; the cmdlet says no, and"
            " Get-AnsibleParam tries the path again with the letter of a drive that is",
            _no_drive,
        ),
    )

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Durations are the same when the real one is as long as was waited for, and hardly longer."""
        numbers = all(isinstance(value, float | int) and value >= 0 for value in (real, modelled))
        return field == ("elapsed",) and numbers and -0.05 < real - modelled < SLOW_SECONDS
