# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock for what all agents of one server share: which operations need it, and for how long.

See docs/decisions/0014-a-lock-for-what-agents-share.md.
"""

from __future__ import annotations

import typing as t

from .plan import WRITE, Operation, write

FILE = "imops-identity-manager.lock"
"""Its name in the folder of Windows, where only administrators create files."""
WAIT = 900
"""Seconds that a run waits for another one, inside one execution."""
OF_SETUP = {"ansible.windows.win_feature": 1800, "ansible.windows.win_package": 900}
"""Seconds that the installation of Windows features and of the hosting bundle may last."""
OF_HTTP_SYS = "ansible.windows.win_command"
"""What runs netsh, which changes HTTP.sys; nothing else runs a program by it."""
OF_IIS = 120
"""Seconds that one change of applicationHost.config or HTTP.sys, or a restart of IIS, may last."""
_RUN_STATES = frozenset({"started", "stopped", "restarted"})


class Contested(Exception):
    """Another run has changed what the agents share since this one read it: the plan has to be made again."""


def is_shared(operation: Operation) -> bool:
    """Tell whether an operation changes what all agents of a server share: features, the hosting bundle,
    applicationHost.config or HTTP.sys. Starting or stopping the agent's own pool or site does not.
    """
    if operation.module in OF_SETUP:
        return True
    if operation.module == OF_HTTP_SYS:
        return True
    if operation.module == "ansible.windows.win_service":
        return operation.arguments.get("name") in {"WAS", "W3SVC"}
    only_runs = operation.arguments.keys() <= {"name", "state"} and operation.arguments.get("state") in _RUN_STATES
    return operation.module.startswith("microsoft.iis.") and not only_runs


def with_lock(operations: t.Sequence[Operation], *, path: str, owner: str, run: str, since: str) -> list[Operation]:
    """Return operations with the lock in front of the first that needs it, in the execution of what is written right
    before it. What may wait, for jobs or for the end of a worker, comes before the lock: its time would be over else.

    Args:
        operations: at least one of them is shared.
        path: the lock's file.
        owner: the inventory host, as another run shows it.
        run: tells this run from all others.
        since: the server's time when the plan's answers were read.
    """
    position = next(number for number, operation in enumerate(operations) if is_shared(operation))
    while position and operations[position - 1].module == WRITE and not _may_wait(operations[position - 1]):
        position -= 1
    seconds = sum(OF_SETUP.get(o.module, OF_IIS) for o in operations if is_shared(o))
    fields: dict[str, t.Any] = {
        "path": path,
        "owner": owner,
        "run": run,
        "since": since,
        "seconds": seconds,
        "wait": WAIT,
    }
    lock = write("take the lock for what all agents of the server share", "lock", **fields)
    return [*operations[:position], lock, *operations[position:]]


def _may_wait(operation: Operation) -> bool:
    return operation.guard is not None or operation.arguments["operation"] == "pool"


def released(*, path: str, owner: str, run: str) -> Operation:
    """Return the end of the lock."""
    return write("release the lock", "lock", path=path, owner=owner, run=run, seconds=0)


def is_lock(operation: Operation) -> bool:
    """Tell whether an operation takes the lock, or releases it."""
    return operation.module == WRITE and operation.arguments["operation"] == "lock"
