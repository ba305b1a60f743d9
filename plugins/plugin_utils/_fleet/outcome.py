# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of a server, by what the tasks at it returned."""

from __future__ import annotations

import dataclasses
import math
import typing as t

from .entry import Entry, State
from .rollout import Outcome

LOST = "lost"
"""In the result of a task that failed since its server was not reached any more."""
LONGEST = 300
"""Characters of a message that a record holds."""
INSTALL, ROLLBACK = "install", "rollback"
UPGRADED, ROLLED_BACK = "upgraded", "rolled_back"
"""What the tasks of an upgrade tell of it."""
Result = t.Mapping[str, t.Any]


def goes_on(look: Result, *, kind: str, again: bool) -> bool:
    """Tell whether a server is changed, by the look at it.

    Args:
        look: the result of win_im_agent_state in check mode.
        kind: what the rollout does.
        again: whether it was begun before: then it may be down, and is completed.
    """
    if look.get("unreachable") or look.get(LOST):
        return False
    # A look that found no agent tells no state; an installation makes one.
    return again or bool(look.get("was_running", kind == INSTALL))


@dataclasses.dataclass(frozen=True)
class Work:
    """What the tasks at a server registered; each is empty where the task did not run.

    Attributes:
        look: as above.
        info: the result of win_im_agent_info.
        upgrade: what became of an upgrade or a rollback, as playbooks/tasks/upgrade.yml keeps it.
        failure: the result of the task that failed.
    """

    look: Result
    info: Result
    upgrade: Result
    failure: Result

    @property
    def is_lost(self) -> bool:
        """Tell whether the server was not reached any more."""
        return any(result.get("unreachable") or result.get(LOST) for result in (self.look, self.failure))

    @property
    def is_settled(self) -> bool:
        """Tell whether the first task has found nothing to do, and the agent verified."""
        return bool(self.info.get("settled"))

    @property
    def is_back(self) -> bool:
        """Tell whether the former version has taken its place again."""
        return self.upgrade.get("outcome") == ROLLED_BACK

    @property
    def versions(self) -> dict[str, str]:
        """Return the agent's version before the upgrade, and the one that it has now."""
        before, after = (str((self.upgrade.get(name) or {}).get("version") or "") for name in ("before", "after"))
        return {"from_version": before, "to_version": before if self.is_back else after}


def of_work(entry: Entry, work: Work, seconds: int, kind: str) -> Outcome:
    """Return what became of a server.

    Args:
        entry: the attempt.
        work: what its tasks registered.
        seconds: how long the work took.
        kind: what the rollout does.
    """
    goes = work.is_settled or (bool(work.look) and goes_on(work.look, kind=kind, again=entry.again))
    swapped = work.upgrade.get("outcome") in {UPGRADED, ROLLED_BACK}
    # A rollback leaves what the inventory names besides.
    differs = goes and (swapped or (kind != ROLLBACK and bool(work.info.get("differs", True))))
    why = _sentence(work.failure or work.look)
    if work.is_lost:
        state = State.LOST if goes or entry.again else State.WAS_DOWN
        return Outcome(state, why or "it was not reached", None, changed=differs, **work.versions)
    if work.failure:
        if work.is_back:
            told = "runs again and was verified" if work.upgrade.get("verified") else "is back and is not verified"
            why = _short(f"version {work.versions['to_version']} {told}: {why}")
            return Outcome(State.ROLLED_BACK, why, _outage(work.upgrade), changed=differs, **work.versions)
        return Outcome(State.FAILED, why, None, changed=differs, **work.versions)
    if not goes:
        return Outcome(State.WAS_DOWN, why or "its agent did not run before the rollout came to it")
    if swapped:
        return Outcome(State.DONE, outage=_outage(work.upgrade), changed=True, **work.versions)
    known = work.is_settled or work.look.get("was_running")
    return Outcome(State.DONE, outage=(seconds if differs else 0) if known else None, changed=differs)


def _outage(upgrade: Result) -> int | None:
    found = upgrade.get("outage_s")
    return None if found is None else math.ceil(float(found))


def of_verification(failure: Result) -> Outcome:
    """Return what became of a server that was verified after the soak time of its wave."""
    if failure:
        return Outcome(State.LOST if failure.get(LOST) else State.FAILED, _sentence(failure))
    return Outcome(State.VERIFIED)


def _sentence(result: Result) -> str:
    return _short(" ".join(str(result.get("msg") or "").split()))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
