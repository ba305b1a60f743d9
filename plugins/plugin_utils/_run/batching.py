# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which operations share one remote execution, and which of them has failed."""

from __future__ import annotations

import typing as t

from .._core import server_lock
from .._core.plan import WRITE, Operation, write
from .._core.probe import Query

MOST_SHOWN = 2000
"""Characters of what a module wrote before it failed."""


def number(operations: t.Iterable[Operation]) -> int:
    """Return how many operations a plan had, without the lock that was put between them."""
    return sum(not server_lock.is_lock(operation) for operation in operations)


def batches(operations: t.Iterable[Operation]) -> list[list[Operation]]:
    """Return operations by the remote execution that they share: one with a guard begins one."""
    found: list[list[Operation]] = []
    for operation in operations:
        if found and operation.module == WRITE == found[-1][0].module and not operation.guard:
            found[-1].append(operation)
        else:
            found.append([operation])
    return found


def looked_for(question: Query) -> Operation:
    """Return a guard's question as the writer asks it, which does nothing else unless the answer lets it."""
    fields = {name: question[name] for name in ("prefix", "except") if name in question}
    seconds = question.get("wait", {}).get("seconds", 0)
    return write("look for running jobs", "jobs", path=question["folder"], seconds=seconds, **fields)


def of_guard(result: dict[str, t.Any]) -> t.Any:
    """Take the answer to the guard's question out of the writer's result; None where the writer did not get so far."""
    results = result.get("results") or [None]
    result["results"] = results[1:]
    return results[0]


def _unreached(result: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the writer's last result where that is a state which was not reached in time."""
    results = result.get("results") or [{}]
    return results[-1] if results[-1].get("reached") is False else None


def problem(batch: list[Operation], result: dict[str, t.Any]) -> str:
    """Return why operations failed, empty where they did not, or had been done already."""
    unreached, until = _unreached(result), _failing(batch, result).until
    if unreached and until:
        return until.describe(unreached)
    if not result.get("failed") or _tolerated(batch, result):
        return ""
    problem = str(result.get("msg", "no message"))
    if batch[0].explain:
        problem = ". ".join(filter(None, (problem.rstrip("."), batch[0].explain(result))))
    return problem


def _tolerated(batch: list[Operation], result: dict[str, t.Any]) -> bool:
    message = str(result.get("msg", ""))
    return any(text in message for operation in batch for text in operation.tolerate)


def what_failed(batch: list[Operation], result: dict[str, t.Any]) -> str:
    """Name the operation that failed."""
    return _failing(batch, result).does


def _failing(batch: list[Operation], result: dict[str, t.Any]) -> Operation:
    """Return the operation that failed, where one did: of the writer's list, the one after those with a result, or the
    last of these where it did not come to its end.
    """
    position = len(result.get("results", ())) - bool(_unreached(result)) if len(batch) > 1 else 0
    return batch[min(position, len(batch) - 1)]


def why_failed(reply: dict[str, t.Any]) -> str:
    """Return what a module that failed left: its message, and what PowerShell wrote, where only that tells why."""
    said = [str(reply.get(key) or "").strip() for key in ("msg", "module_stdout", "module_stderr")]
    return "; ".join(dict.fromkeys(text[:MOST_SHOWN] for text in said if text)) or "no message"
