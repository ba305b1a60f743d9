"""Answering: win_ping. No state; the empty folder only shows that nothing was left in it.

Not drawn is an option in two spellings at once, which the wrapper refuses to read.
"""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from ..tree import PLACE, TreeWorld
from ..world import Sequence, Step

PING = "ansible.windows.win_ping"
DATA = ("pong", "pong", "hello", "h\u00e4llo \u65e5\u672c", "", " ", "crash", "CRASH", "$x `y", '{"a": 1}', "a\nb")
ODD_DATA: tuple[t.Any, ...] = (None, 0, 5, True, False, 1.5, [], ["a", "b"], ["crash"], {"a": 1}, {})
ARGUMENTS = st.one_of(
    st.fixed_dictionaries({}, optional={"data": st.sampled_from(DATA)}),
    st.fixed_dictionaries({"data": st.sampled_from(DATA)}),
    st.fixed_dictionaries({"data": st.sampled_from(ODD_DATA)}, optional={"nonsense": st.just(1)}),
)
_given: tuple[dict[str, t.Any], ...] = (
    {},
    *({"data": data} for data in (*DATA[2:], *ODD_DATA)),
    {"DATA": "x"},
    {"nonsense": 1},
)
FIXED = (Sequence({PLACE: None}, (Step(PING, {}, check=True), *(Step(PING, given) for given in _given))),)


class PingsWorld(TreeWorld):
    """A folder that nobody touches."""

    name = "pings"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {PING: ARGUMENTS.map(lambda arguments: Step(PING, arguments))}
    fixed = FIXED

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return the folder."""
        return st.just({PLACE: None})
