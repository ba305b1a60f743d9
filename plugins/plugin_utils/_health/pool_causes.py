# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an application pool does not run, by what WAS has logged of it in the System log.

learn.microsoft.com "IIS Application Pool Identity" (5021, 5057), "IIS Application Pool Availability" (5002) and "IIS
Worker Process Availability" (5009, 5011).
"""

from __future__ import annotations

import re
import typing as t

from .._agent.start_signs import FAR_PAST
from .._core import probe
from .._core.probe import Ask, NotAnswered
from . import questions
from .wanted import Wanted

IDENTITY, RAPID_FAIL = frozenset({5021, 5057, 5059}), frozenset({5002})
START = "Start it (playbook start.yml)."
PAGE = "learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2008-R2-and-2008/cc734977(v=ws.10)"


def of_pool(wanted: Wanted, ask: Ask) -> tuple[tuple[str, ...], str]:
    """Return why the pool does not run, the likeliest first, and what to do."""
    logged = _numbers(wanted, ask)
    causes, remedies = [], []
    if logged & IDENTITY:
        causes += [
            f"The password of its account is wrong (System log, WAS: {_listed(logged & IDENTITY)}).",
            "Its account is unknown, locked or expired.",
            "Its account may not log on as a batch job (SeBatchLogonRight), by a policy.",
        ]
        remedies.append("Correct im_agent_identity_password and im_agent_identity_username, then run im_pool.")
    if logged & RAPID_FAIL:
        causes.append(
            f"Its worker ended again and again, so that rapid-fail protection stopped it (WAS: {_listed(RAPID_FAIL)})."
        )
        remedies.append("Fix what ends the worker, which the Application log tells; then start the pool.")
    if not causes:
        causes += [
            "Somebody stopped it.",
            "A wrong account or password (WAS: 5021 and 5057) or rapid-fail protection (5002) stopped it earlier.",
        ]
    return tuple(causes), " ".join([*remedies, START])


def _listed(numbers: t.Iterable[int]) -> str:
    return " and ".join(map(str, sorted(numbers)))


def _numbers(wanted: Wanted, ask: Ask) -> set[int]:
    """Return the numbers of WAS's latest entries about the pool: those after its last start that went well."""
    try:
        entries = ask(questions.system_events(FAR_PAST)) or []
    except NotAnswered:
        return set()
    own = [e for e in entries if _names(e["message"], wanted, ask)]
    # What stops a pool is logged within one attempt to start it: entries a minute older are of another time.
    newest = max((str(e["time"])[:16] for e in own if e["id"] in IDENTITY | RAPID_FAIL), default="")
    return {int(e["id"]) for e in own if newest and str(e["time"])[:16] >= newest}


def _names(message: str, wanted: Wanted, ask: Ask) -> bool:
    """Tell whether a message names the pool, and not one whose longer name begins or ends with it."""
    pools = sorted((p["name"] for p in (ask(probe.iis()) or {"pools": []})["pools"]), key=len, reverse=True)
    text = message.lower()
    for name in pools:
        if re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", text):
            return bool(name.lower() == wanted.pool.lower())
    return False
