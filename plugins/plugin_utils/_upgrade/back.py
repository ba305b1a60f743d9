# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The former version takes its place again, with its own files, and runs again if it ran before."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import upgrade_note, version_folders
from .._agent.runtime_archive import MARKER
from .._agent.upgrade_note import Note
from .._core.plan import Diff, Operation, Plan, long, write
from .._core.probe import Ask
from .._operate import run_state
from .._operate.turn import STARTED, STOPPED, Turn
from .wanted import Wanted

ASKED_FOR = "the inventory names the former version again"


def plan(wanted: Wanted, ask: Ask, check: bool) -> Plan:
    """Return what brings the former version back; nothing where no upgrade is under way."""
    del check
    found = upgrade_note.found(wanted.runtime, ask)
    if found is None:
        return Plan(facts={"verify": False, "asked": False, "reason": "", "told": "Nothing was changed."})
    current, stopped = version_folders.marked(wanted.runtime, ask), run_state.turn_of(wanted.agent(STOPPED), ask)
    if current == found.before and not found.back and stopped.runs is found.ran:
        told = f"The agent was not touched: version {found.before_version or found.before} runs on."
        facts = {"verify": False, "asked": not wanted.reason, "reason": "", "told": told}
        return Plan((upgrade_note.removed(wanted.runtime),), facts=facts)
    note = found if found.back else dataclasses.replace(found, back=wanted.reason or ASKED_FOR)
    operations: list[Operation] = [] if note == found else [upgrade_note.written(wanted.runtime, note)]
    swaps = current != note.before
    if swaps:
        operations += () if stopped.is_stopped else stopped.stop
        does = f"rename {wanted.runtime} to {note.new}, and {note.former} to {wanted.runtime}"
        fields: dict[str, t.Any] = {"new": note.former, "former": note.new, "marker": MARKER, "version": note.before}
        operations.append(long(write(does, "swap", path=wanted.runtime, **fields)))
    if note.ran and (swaps or not stopped.runs):
        operations += _starts(wanted, stopped, ask, stops=swaps and not stopped.is_stopped)
    after = f"archive {note.before} ({note.before_version})\n"
    diff = Diff(f"agent in {wanted.runtime}", f"archive {current or 'none'}\n", after)
    return wanted.drain.unlocked(Plan(tuple(operations), (diff,), facts=_facts(note, operations)), ask)


def _starts(wanted: Wanted, stopped: Turn, ask: Ask, *, stops: bool) -> t.Iterator[Operation]:
    """Yield what starts the former version."""
    turn = run_state.turn_of(wanted.agent(STARTED), ask)
    if wanted.hosting["service"] or not stops:
        yield from turn.start
    else:
        yield from (one for one in turn.restart if one not in stopped.stop)


def _facts(note: Note, operations: t.Collection[Operation]) -> dict[str, t.Any]:
    version = note.before_version or note.before
    state = "runs again" if note.ran else "is back, stopped as it was before"
    return {
        "verify": note.ran,
        "asked": note.back == ASKED_FOR,
        "reason": note.back,
        "told": f"The upgrade {note.words} was taken back: version {version} {state}.",
        **({"restarted_because": []} if operations else {}),
    }
