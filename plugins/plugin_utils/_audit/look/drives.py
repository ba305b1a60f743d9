# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The room on the drives that the agent's folders are on."""

from __future__ import annotations

from ..._core import probe
from ..._core.probe import Ask, Query
from ..rule import Finding, Severity, State
from .item import Agent, Findings, Item, rule

SPACE = rule(
    "disk-space",
    "folders",
    Severity.HIGH,
    "this collection: docs/audit.md",
    "At least 2 GiB are free on every drive of the agent's folders",
    "On a full drive exports break off, settings cannot be written, and Windows itself stops working.",
    "Get-PSDrive -PSProvider FileSystem",
    "Remove old logs, backups and former versions, move Temp and Work with im_agent_folders, or enlarge the drive",
    "audit.md",
)
LEAST_BYTES = 2 * 2**30


def _drives(agent: Agent) -> tuple[str, ...]:
    """Return the drives of all folders; of a share it is not known here how much room it has."""
    paths = [path for path in agent.folders.all() if path[1:2] == ":"]
    return tuple(dict.fromkeys(f"{path[0].upper()}:\\" for path in paths))


def _questions(agent: Agent) -> tuple[Query, ...]:
    return tuple(probe.drive(drive) for drive in _drives(agent))


def _judge(agent: Agent, ask: Ask) -> Findings:
    for drive in _drives(agent):
        found = ask(probe.drive(drive))
        if found is None:
            yield Finding(SPACE.id, State.UNKNOWN, drive, reason="Windows says that the drive is not ready")
        elif found["free"] < LEAST_BYTES:
            wanted = f"at least {LEAST_BYTES >> 20} MiB free"
            yield Finding(
                SPACE.id, State.FAIL, drive, wanted, f"{found['free'] >> 20} of {found['size'] >> 20} MiB free"
            )


ITEM = Item((SPACE,), _questions, _judge)
