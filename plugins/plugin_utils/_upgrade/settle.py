# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of an upgrade: its note and what nobody needs any more goes, once the version in Runtime is verified."""

from __future__ import annotations

import datetime
import typing as t

from .._agent import upgrade_note, version_folders
from .._agent.upgrade_note import Note
from .._core import probe
from .._core.plan import Diff, Operation, Plan, Refused, write
from .._core.probe import Ask
from . import kept, verdict
from .wanted import Wanted

UPGRADED, ROLLED_BACK, NOTHING = "upgraded", "rolled_back", "nothing"


def plan(wanted: Wanted, ask: Ask, check: bool) -> Plan:
    """Return what has to go; raises Refused where the version in Runtime is not as good as the one before."""
    del check
    note, current = upgrade_note.found(wanted.runtime, ask), version_folders.marked(wanted.runtime, ask)
    if note is None:
        return Plan(facts={"outcome": NOTHING, "outage_s": None})
    if current != (note.before if note.back else note.after):
        raise Refused(
            f"found the archive {current or 'of nothing'} in {wanted.runtime}, wanted"
            f" {note.before if note.back else note.after}: the upgrade {note.words} is not over; run upgrade.yml again"
        )
    if note.ran and not note.back and not wanted.checks:
        raise Refused(f"found no verification of version {note.after_version or note.after}, wanted one")
    worse = verdict.failing(wanted.checks, None if note.back else note.passed)
    if worse and note.ran and not note.back:
        raise Refused(
            f"found checks that fail with version {note.after_version or note.after} and did not before it:"
            f" {'; '.join(worse)}"
        )
    operations = [*_of_versions(wanted, note, ask), upgrade_note.removed(wanted.runtime)]
    outcome = ROLLED_BACK if note.back else UPGRADED
    facts = {
        "outcome": outcome,
        "reason": note.back,
        "before": {"checksum": note.before, "version": note.before_version},
        "after": {"checksum": note.after, "version": note.after_version},
        "outage_s": _outage(wanted, note, ask),
        "kept": kept.all_of(wanted, ask)[: wanted.keep_versions],
    }
    before = "".join(f"{one.does}\n" for one in operations)
    return Plan(tuple(operations), (Diff(f"upgrade {note.words}", before, ""),), facts=facts)


def _of_versions(wanted: Wanted, note: Note, ask: Ask) -> t.Iterator[Operation]:
    """Yield what removes the version that was taken back, or else the settings of the former one and the oldest."""
    if note.back:
        does = f"remove settings and users' files from {note.new}"
        if version_folders.is_staged(wanted.runtime, note.new):
            yield _pruned(note.new)
        elif note.leaves:
            yield write(does, "prune", path=note.new, files=list(note.leaves))
        return
    versions = [note.former, *(one for one in kept.all_of(wanted, ask) if one.lower() != note.former.lower())]
    if wanted.keep_versions and note.leaves:
        does = f"remove settings and users' files from {note.former}, as {wanted.runtime} has them"
        yield write(does, "prune", path=note.former, files=list(note.leaves))
    yield from (_pruned(path) for path in versions[wanted.keep_versions :])


def _pruned(path: str) -> Operation:
    return write(f"remove {path}", "prune", path=path)


def _outage(wanted: Wanted, note: Note, ask: Ask) -> float | None:
    """Return the seconds between the stop and the last answer of the server, whose verification asked the agent."""
    if not wanted.stopped_at or not note.ran:
        return None
    begin, end = (
        datetime.datetime.fromisoformat(f"{str(time)[:26].rstrip('Z')}+00:00")  # .NET has a seventh digit
        for time in (wanted.stopped_at, ask(probe.host())["time"])
    )
    return max(0.0, round((end - begin).total_seconds(), 1))
