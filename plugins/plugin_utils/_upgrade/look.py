# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an upgrade has to do on a server: nothing, all of it, or what a run that was interrupted has left."""

from __future__ import annotations

from .._agent import product_version, upgrade_note, version_folders
from .._agent.upgrade_note import Note
from .._core.plan import Plan, Refused
from .._core.probe import Ask
from .._operate import run_state
from .._operate.turn import STOPPED
from .wanted import Wanted

NOTHING, STAGE, RESUME, BACK = "nothing", "stage", "resume", "back"


def plan(wanted: Wanted, ask: Ask, check: bool) -> Plan:
    """Return what is due as a fact; nothing is changed."""
    del check
    note, current = upgrade_note.found(wanted.runtime, ask), version_folders.marked(wanted.runtime, ask)
    facts = {
        "due": due(wanted, note, current),
        "current": {"checksum": current, "version": product_version.of(wanted.runtime, ask)},
        "cut_off": note.words if note else "",
        "ran": note.ran if note else None,
        "runs": run_state.turn_of(wanted.agent(STOPPED), ask).runs,
    }
    return Plan(facts=facts)


def due(wanted: Wanted, note: Note | None, current: str) -> str:
    """Return what is due; raises Refused for an upgrade that was interrupted and is about other versions."""
    if note is None:
        return NOTHING if current == wanted.checksum else STAGE
    if note.back or wanted.checksum == note.before:
        return BACK
    if wanted.checksum != note.after:
        raise Refused(
            f"checksum: found an upgrade {note.words} that was interrupted, wanted one to the archive with SHA-256"
            f" {wanted.checksum}: name the archive {note.after} in im_agent_archive_checksum, which finishes that"
            f" upgrade, or {note.before}, which takes it back, and run again; then name the one that is wanted"
        )
    return STAGE if current == note.before else RESUME
