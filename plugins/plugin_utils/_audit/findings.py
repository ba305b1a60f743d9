# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several rules and tasks say of one thing, as one finding each; every rule of the catalogue has at least one."""

from __future__ import annotations

import typing as t

from .catalogue import RULES
from .rule import Finding, State

_ORDER = (State.FAIL, State.UNKNOWN, State.PASS, State.NOT_APPLICABLE)


def merged(found: t.Iterable[Finding]) -> list[Finding]:
    """Return findings without those that another one of the same rule and thing outdoes.

    A rule's finding about no thing in particular says nothing beside one that names it. A rule that nothing was said of
    does not apply.
    """
    best: dict[tuple[str, str], Finding] = {}
    for one in found:
        key = (one.rule, one.about)
        if key not in best or _ORDER.index(one.state) < _ORDER.index(best[key].state):
            best[key] = one
    named = {rule for rule, about in best if about}
    rank = {rule: number for number, rule in enumerate(RULES)}
    kept = [
        one
        for (rule, about), one in best.items()
        if about or rule not in named or one.state in {State.FAIL, State.UNKNOWN}
    ]
    said = {one.rule for one in kept}
    reason = "nothing of the kind is wanted on this server"
    kept += [Finding(rule, State.NOT_APPLICABLE, reason=reason) for rule in RULES if rule not in said]
    return sorted(kept, key=lambda one: (rank[one.rule], one.about))
