# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One agent removed with all that is its own, in an order that an interrupted run can be continued from. Docs:
win_im_agent_remove.yml.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Diff, Plan, Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from . import features, folders, hosting, pairs, server_side
from .part import Part
from .wanted import ARGUMENT_SPEC, Wanted

__all__ = ["ARGUMENT_SPEC", "Wanted", "check_done", "plan", "questions"]
HISTORY = (
    "Windows' own history: the event logs, the logs of IIS in inetpub\\logs, its history of configurations in"
    " inetpub\\history, and the profile that Windows made for the pool's or service's own account",
    "the .NET hosting bundle, which other programs may use: Apps & features removes it",
    "where the server had several agents, the file imops-identity-manager.lock in the folder of Windows",
    "IIS's default site and application pool, where they were removed, are not made again",
)
"""What no removal takes away."""


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    parts = (hosting, pairs, folders, features)
    return (*(query for part in parts for query in part.questions(wanted)), *wanted.drain.questions)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused for what is not the agent's own, before anything is removed, for names
    that no host has, and outside of check mode for a host that nobody has named.
    """
    wanted.check_names()
    if not check:
        wanted.check_confirmed()
    ends = hosting.ends(wanted, ask)
    found = [pairs.part(wanted, ask), hosting.part(wanted, ask)]
    found += [folders.part(wanted, ask, check=check), features.part(wanted, ask)]
    operations = [*ends, *(operation for part in found for operation in part.operations)]
    if operations:
        operations[0] = dataclasses.replace(operations[0], guard=wanted.drain.guard_of(stops=bool(ends)))
    gone = [line for part in found for line in part.gone]
    stays = [*(line for part in found for line in part.stays), *HISTORY]
    diff = Diff(f"agent in {wanted.folders.root}", "".join(f"{line}\n" for line in gone), "")
    warnings = (*(wanted.drain.check(ask) if operations else ()), *_warnings(wanted, operations, check=check))
    facts = {"removed": gone, "stays": stays, "server_configuration": list(server_side.elements(wanted))}
    return Plan(tuple(operations), (diff,), warnings, facts=facts)


def _warnings(wanted: Wanted, operations: t.Collection[t.Any], *, check: bool) -> t.Iterator[Warned]:
    if check and operations and wanted.host not in wanted.confirmed:
        text = f"a run that is no check removes this only with -e im_remove={wanted.host}"
        yield Warned(text, WarningKind.NOT_NAMED)
    if not wanted.data and any(one.arguments.get("operation") == "uncertificate" for one in operations):
        yield Warned(
            "what the agent has encrypted in its data, such as logs of jobs, can no longer be read once its key pair"
            " for encryption is gone: keep a copy of the pair if somebody may need it",
            WarningKind.ENCRYPTED_DATA,
        )
    if not operations:
        text = "found nothing of the agent on the server: nothing was removed"
        yield Warned(text, WarningKind.NOTHING_THERE)


def check_done(wanted: Wanted, plan: Plan, ask: Ask) -> None:
    """Look for residue; raises Refused where something is left that should be gone."""
    del plan
    left: list[str] = []
    for part in (pairs, hosting, folders, features):
        found: Part = part.part(wanted, ask)
        left += [operation.does for operation in found.operations]
    if left:
        raise Refused(
            f"the operations are done, and something is left to do: {'; '.join(left)}. Run again; what is left then has"
            " to be removed by hand"
        )
