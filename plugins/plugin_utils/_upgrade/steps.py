# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One step of an upgrade: each can be repeated, and the next run finds in the note beside Runtime what is left to do.
Docs: win_im_agent_upgrade.yml.
"""

from __future__ import annotations

import typing as t

from .._agent import before_note, product_version, upgrade_note
from .._agent.runtime_archive import MARKER
from .._core import probe
from .._core.plan import Plan
from .._core.probe import Ask, Query
from .._operate import run_state
from .._versions import manifest, suitable
from .._windows import windows_path
from . import back, kept, look, settle, take
from .wanted import ARGUMENT_SPEC, BACK, KEPT, LOOK, SETTLE, TAKE, Wanted

__all__ = ["ARGUMENT_SPEC", "Wanted", "plan", "questions"]
_PLANS: dict[str, t.Callable[[Wanted, Ask, bool], Plan]] = {
    LOOK: look.plan,
    KEPT: kept.plan,
    TAKE: take.plan,
    BACK: back.plan,
    SETTLE: settle.plan,
}


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    marker = probe.file(windows_path.join(wanted.runtime, MARKER))
    common = (
        upgrade_note.question(wanted.runtime),
        marker,
        product_version.questions(wanted.runtime)[0],
    )
    if wanted.step in (KEPT, SETTLE):
        return (*common, upgrade_note.kept_question(wanted.runtime))
    state = run_state.questions(wanted.agent("stopped"))
    if wanted.step != TAKE:
        return (*common, *state, *(wanted.drain.questions_of_start if wanted.step == BACK else ()))
    return (
        *common,
        *state,
        probe.file(windows_path.join(wanted.new, MARKER)),
        *product_version.questions(wanted.new),
        *(manifest.stored_question(folder) for folder in (wanted.runtime, wanted.new)),
        probe.tree(wanted.runtime),
        suitable.installed_question(),
        before_note.presence(wanted.runtime),
        upgrade_note.kept_question(wanted.runtime),
        *wanted.drain.questions,
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what the step has to do; raises Refused where it cannot be taken."""
    return _PLANS[wanted.step](wanted, ask, check)
