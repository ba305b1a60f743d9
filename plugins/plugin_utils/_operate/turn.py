# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stops and starts one agent, whatever runs it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Operation, Until
from .._core.warned import Warned

STARTED, STOPPED, RESTARTED = "started", "stopped", "restarted"
STATES = (STARTED, STOPPED, RESTARTED)
STOP_REMEDY = "or set stop_seconds (im_operate_stop_seconds) to more"


@dataclasses.dataclass(frozen=True)
class Turn:
    """The agent's state, and the operations that change it.

    Attributes:
        found: what runs it, with its state.
        stopped: the same when it is stopped.
        started: the same when it runs.
        restarted: the same when it was stopped and runs again.
        runs: whether all of it runs.
        is_stopped: whether nothing of it runs.
        stop: what stops it.
        start: what starts it.
        restart: what stops it and starts it again.
        remedy: where to look if it is not as the operations should have left it.
        warnings: what the user should know.
    """

    found: str
    stopped: str
    started: str
    restarted: str
    runs: bool
    is_stopped: bool
    stop: tuple[Operation, ...]
    start: tuple[Operation, ...]
    restart: tuple[Operation, ...]
    remedy: str
    warnings: tuple[Warned, ...] = ()


def patient(until: Until) -> Until:
    """Return the end of a stop whose message names the option that gives it more time."""

    def describe(answer: t.Any) -> str:
        return f"{until.describe(answer)}, {STOP_REMEDY}"

    return dataclasses.replace(until, describe=describe)
