# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent is stopped, and the staged version takes the place of Runtime with the users' files."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import backups, before_note, product_version, upgrade_note, version_folders
from .._agent.runtime_archive import MARKER
from .._agent.upgrade_note import Note
from .._core.plan import Diff, Operation, Plan, Refused, long, write
from .._core.probe import Ask
from .._operate import run_state
from .._operate.turn import STOPPED
from .._versions import manifest, suitable
from . import kept, look, verdict
from .wanted import Wanted

INSIDE = ("im_prerequisites : ", "im_working_directory : ", "im_settings : ")
"""Roles that change nothing but Runtime, or what stays with a former version too."""
STARTS = ("im_pool : Start ", "im_service : Start ")


def plan(wanted: Wanted, ask: Ask, check: bool) -> Plan:
    """Return what lets the version take its place; raises Refused where it may not, before anything is written."""
    note, current = upgrade_note.found(wanted.runtime, ask), version_folders.marked(wanted.runtime, ask)
    due = look.due(wanted, note, current)
    if due in (look.NOTHING, look.BACK) or (note and current == note.after):
        return Plan(facts=_facts(note, taken=note is not None and due != look.BACK))
    if note and due == look.RESUME:
        return _again(wanted, note, ask)
    return _whole(wanted, note, current, ask, check=check)


def _whole(wanted: Wanted, cut: Note | None, current: str, ask: Ask, *, check: bool) -> Plan:
    turn = run_state.turn_of(wanted.agent(STOPPED), ask)
    ran = turn.runs or (cut is not None and cut.ran and turn.is_stopped)
    _check_before(wanted, current, ask, ran=ran)
    if version_folders.marked(wanted.new, ask) != wanted.checksum:
        if check:
            return _foreseen(wanted)
        raise Refused(
            f"found no version from the archive {wanted.checksum} in {wanted.new}, wanted it unpacked there: run"
            " stage.yml first"
        )
    files = suitable.judge(wanted.runtime, wanted.new, wanted.limits, ask)
    now, then = (product_version.of(folder, ask) for folder in (wanted.runtime, wanted.new))
    former = version_folders.former(wanted.runtime, now, current)
    note = Note(
        current, now, wanted.checksum, then, former, wanted.new, ran, _passed(wanted, cut), _leaves(wanted, files, ask)
    )
    stale = [path for path in kept.all_of(wanted, ask) if path.lower() == former.lower()]
    operations = [
        *(write(f"remove {path}, a copy of the version in Runtime", "prune", path=path) for path in stale),
        *([upgrade_note.written(wanted.runtime, note)] if note != cut else []),
        *_stops(wanted, turn),
        _swap(wanted, note, carry=[*files.carried.settings, *files.carried.own]),
    ]
    warnings = (*turn.warnings, *(wanted.drain.check(ask) if not turn.is_stopped else ()), *files.warnings)
    diff = Diff(f"agent in {wanted.runtime}", f"archive {current} ({now})\n", f"archive {wanted.checksum} ({then})\n")
    return Plan(tuple(operations), (diff,), warnings, facts=_facts(note, taken=True))


def _again(wanted: Wanted, note: Note, ask: Ask) -> Plan:
    """Return the rest of a swap that was interrupted between both renames."""
    turn = run_state.turn_of(wanted.agent(STOPPED), ask)
    diff = Diff(f"agent in {wanted.runtime}", "", f"archive {note.after} ({note.after_version})\n")
    operations = (*_stops(wanted, turn), _swap(wanted, note, carry=[]))
    return Plan(operations, (diff,), turn.warnings, facts=_facts(note, taken=True))


def _stops(wanted: Wanted, turn: t.Any) -> tuple[Operation, ...]:
    """Return what stops the agent, once no job of it runs."""
    if turn.is_stopped:
        return ()
    return (dataclasses.replace(turn.stop[0], guard=wanted.drain.guard), *turn.stop[1:])


def _swap(wanted: Wanted, note: Note, *, carry: t.Sequence[str]) -> Operation:
    does = f"rename {wanted.runtime} to {note.former}, and {note.new}, with the users' files, to {wanted.runtime}"
    fields: dict[str, t.Any] = {
        "new": note.new,
        "former": note.former,
        "marker": MARKER,
        "version": note.after,
        "carry": list(carry),
    }
    return long(write(does, "swap", path=wanted.runtime, **fields))


def _foreseen(wanted: Wanted) -> Plan:
    """Return what a run would do that stages the version first."""
    diff = Diff(f"agent in {wanted.runtime}", "", f"archive {wanted.checksum}\n")
    operation = write(f"let the staged version take the place of {wanted.runtime}", "swap", path=wanted.runtime)
    return Plan((operation,), (diff,), facts=_facts(None, taken=True))


def _facts(note: Note | None, *, taken: bool) -> dict[str, t.Any]:
    if note is None:
        return {"taken": taken, "stopped_at": ""}
    return {
        "taken": taken,
        "stopped_at": "",
        "ran": note.ran,
        "before": {"checksum": note.before, "version": note.before_version, "path": note.former},
        "after": {"checksum": note.after, "version": note.after_version},
    }


def _check_before(wanted: Wanted, current: str, ask: Ask, *, ran: bool) -> None:
    """Refuse an agent that is not as it has to be before another version takes its place."""
    if before_note.is_there(wanted.runtime, ask):
        raise Refused(
            f"found a run that was interrupted before its verification ({before_note.path(wanted.runtime)}), wanted it"
            f" finished: run install.yml with the archive of the installed version, {current}, then upgrade"
        )
    if not current:
        raise Refused(
            f"found {wanted.runtime} without a note of the archive that it came from, wanted one, so that it can be"
            " taken back: run install.yml with the archive of the installed version, which compares and marks it"
        )
    others = [step for step in wanted.plan if not str(step["task"]).startswith((*INSIDE, *STARTS))]
    if others:
        steps = "; ".join(f"{one['task']} ({', '.join(one['operations'])})" for one in others)
        raise Refused(
            f"found differences outside of {wanted.runtime}, which a version that is taken back would not undo:"
            f" {steps}. Wanted none: run install.yml with the archive of the installed version, {current}, then"
            " upgrade"
        )
    failing = verdict.failing(wanted.checks)
    if ran and failing and not wanted.unsound:
        raise Refused(
            f"found an agent that is not sound: {'; '.join(failing)}. Wanted one that passes its verification before"
            " it is upgraded: see verify.yml, or set im_agent_upgrade_unsound to true"
        )


def _passed(wanted: Wanted, cut: Note | None) -> tuple[str, ...]:
    """Return the checks that were passed before; those of a run that was interrupted count, if it made them."""
    return verdict.passed(wanted.checks) or (cut.passed if cut else ())


def _leaves(wanted: Wanted, files: suitable.Found, ask: Ask) -> tuple[str, ...]:
    """Return what a former version loses once the new one is verified: all that may hold a secret, or is with the new
    one too.
    """
    former = [one.name for one in manifest.present(wanted.runtime, ask).values() if backups.is_one(one.name)]
    return (*files.carried.settings, *files.carried.own, *former)
