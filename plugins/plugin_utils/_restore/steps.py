# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One step of a run that goes back to what it has found where the agent is not as good after it: each can be repeated,
and a later run finds in the note beside Runtime what is left to do. Docs: win_im_agent_restore.yml.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import before_note
from .._core.plan import Diff, Operation, Plan, Refused
from .._core.probe import Ask, Query
from .._operate import run_state
from .._operate.turn import STARTED, STOPPED, Turn
from .._upgrade import verdict
from . import as_service, files, keys, state, under_iis
from .state import State
from .wanted import ARGUMENT_SPEC, BACK, KEEP, LOOK, SETTLE, START, Wanted

__all__ = ["ARGUMENT_SPEC", "Wanted", "plan", "questions"]
NOTHING, KEPT = "nothing", "kept"
NO_AGENT = "There is nothing to restore: this server had no agent with this hosting before the run."
NOT_RUNNING = "There is nothing to restore: the agent did not run before the run."
NOTHING_CHANGED = "Nothing had to be put back."


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    presence = before_note.presence(wanted.runtime)
    if wanted.step == SETTLE:
        return (presence,)
    if wanted.step == START:
        return run_state.questions(wanted.agent(STARTED))
    hosting = as_service.questions(wanted) if wanted.service else under_iis.questions(wanted)
    return (presence, *files.questions(wanted), *keys.questions(wanted), *hosting, *wanted.drain.questions)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what the step has to do; raises Refused where it cannot be taken."""
    del check
    return _PLANS[wanted.step](wanted, ask)


def _look(wanted: Wanted, ask: Ask) -> Plan:
    """Return what is due as a fact; nothing is changed."""
    noted = _noted(wanted, ask)
    if noted is not None:
        return Plan(facts={"due": BACK if noted.back else KEPT, "told": "", "asks": {}})
    found = _found(wanted, ask)
    if found is None:
        return Plan(facts={"due": NOTHING, "told": NO_AGENT, "asks": {}})
    if not _turn(wanted, ask).runs:
        return Plan(facts={"due": NOTHING, "told": NOT_RUNNING, "asks": {}})
    return Plan(facts={"due": KEEP, "told": "", "asks": _asks(wanted, found)})


def _keep(wanted: Wanted, ask: Ask) -> Plan:
    """Return what keeps what is there; nothing where a run that was interrupted has kept it."""
    if before_note.is_there(wanted.runtime, ask):
        return Plan()
    found = _found(wanted, ask)
    if found is None:
        return Plan()
    passed, doubtful = verdict.passed(wanted.checks), verdict.doubtful(wanted.checks)
    return Plan((state.written(wanted.runtime, dataclasses.replace(found, passed=passed, doubtful=doubtful)),))


def _back(wanted: Wanted, ask: Ask) -> Plan:
    """Return what stops the agent and puts back what was there."""
    noted = _noted(wanted, ask)
    if noted is None:
        return Plan(facts={"verify": False, "kept": False, "reason": wanted.reason, "told": "", "asks": {}})
    turn = _turn(wanted, ask)
    if wanted.service:
        sets, told = as_service.put_back(wanted, noted.service, ask)
    else:
        sets, told = under_iis.put_back(wanted, noted.pool, noted.site, ask)
    sets += [*files.put_back(wanted, noted.files, noted.rights, ask), *keys.put_back(wanted, noted.keys, ask)]
    reason = noted.back or wanted.reason
    done = [one.does for one in sets]
    shown = " ".join(filter(None, (_told(done, begun=bool(noted.back)), told)))
    facts = {"reason": reason, "told": shown, "asks": _asks(wanted, noted)}
    if not sets and turn.runs and not noted.back:
        return Plan((before_note.removed(wanted.runtime),), facts={**facts, "kept": False, "verify": False})
    stops = bool(sets) and not turn.is_stopped
    begun = state.written(wanted.runtime, dataclasses.replace(noted, back=reason or "asked for"))
    operations = (*(() if noted.back else (begun,)), *(_stops(wanted, turn) if stops else ()), *sets)
    diff = Diff(f"agent in {wanted.runtime}", "", "".join(f"{one}\n" for one in done))
    warnings = wanted.drain.check(ask) if stops else ()
    return Plan(operations, (diff,), tuple(warnings), facts={**facts, "kept": True, "verify": True})


def _start(wanted: Wanted, ask: Ask) -> Plan:
    """Return what starts the agent where it does not run."""
    turn = run_state.turn_of(wanted.agent(STARTED), ask)
    return Plan(() if turn.runs else turn.start, facts={"restarted_because": []})


def _settle(wanted: Wanted, ask: Ask) -> Plan:
    """Return what removes the note; raises Refused where the agent is not as good as before."""
    noted = _noted(wanted, ask)
    if noted is None:
        return Plan(facts={"restored": False})
    if not noted.back:
        if not wanted.checks:
            raise Refused("found no verification of what this run has made, wanted one")
        worse = verdict.worse(wanted.checks, noted.passed, noted.doubtful)
        if worse:
            raise Refused(f"found checks that fail after this run and did not before it: {'; '.join(worse)}")
    return Plan((before_note.removed(wanted.runtime),), facts={"restored": bool(noted.back)})


_PLANS: dict[str, t.Callable[[Wanted, Ask], Plan]] = {
    LOOK: _look,
    KEEP: _keep,
    BACK: _back,
    START: _start,
    SETTLE: _settle,
}


def _noted(wanted: Wanted, ask: Ask) -> State | None:
    """Return what the note holds, None where there is none; raises Refused for one of another hosting, or other names,
    which tells nothing of what is named now.
    """
    noted = state.noted(wanted.runtime, ask)
    if noted is not None and _folded(noted.names) != _folded(wanted.names):
        raise Refused(
            f"found a run that was interrupted ({before_note.path(wanted.runtime)}) with the agent as"
            f" {_shown(noted.names)}, wanted the same one until that run is finished, and not {_shown(wanted.names)}:"
            " name it again as before (im_agent_hosting, and the names of service, pool and site), run install.yml,"
            " then change it"
        )
    return noted


def _folded(names: t.Mapping[str, str]) -> dict[str, str]:
    return {what: name.casefold() for what, name in names.items()}


def _shown(names: t.Mapping[str, str]) -> str:
    return ", ".join(f"{what} {name}" for what, name in names.items() if name)


def _found(wanted: Wanted, ask: Ask) -> State | None:
    """Return what is there, None where this hosting's agent is not."""
    service = as_service.found(wanted, ask) if wanted.service else {}
    pool, site = ({}, {}) if wanted.service else under_iis.found(wanted, ask)
    if not (service or site):
        return None
    contents = files.contents(wanted, ask)
    rights = files.rights(wanted, keys.containers(contents), ask)
    return State(wanted.names, contents, rights, keys.found(wanted, contents, ask), pool, site, service)


def _asks(wanted: Wanted, found: State) -> dict[str, t.Any]:
    """Return where the agent answers with what was there, and whom it runs as."""
    if found.service:
        return as_service.asks(wanted, found.service)
    return under_iis.asks(wanted, found.pool, found.site)


def _turn(wanted: Wanted, ask: Ask) -> Turn:
    return run_state.turn_of(wanted.agent(STOPPED), ask)


def _stops(wanted: Wanted, turn: Turn) -> tuple[Operation, ...]:
    """Return what stops the agent, once no job of it runs."""
    return (dataclasses.replace(turn.stop[0], guard=wanted.drain.guard), *turn.stop[1:])


def _told(done: t.Sequence[str], *, begun: bool) -> str:
    if not done:
        return "What this server had before the run was put back." if begun else NOTHING_CHANGED
    return f"What this server had before the run was put back: {'; '.join(done)}."
