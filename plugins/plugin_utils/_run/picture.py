# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server as it would be after some plans: what it answered, and what these plans would leave behind."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Plan
from .._core.probe import Query
from .snapshot import Snapshot


class Asked(t.Protocol):
    """Who answers questions about a server: the server itself, or a look at it that asks no further."""

    @property
    def snapshot(self) -> Snapshot:
        """Return what is known of it."""

    def ask(self, query: Query) -> t.Any:
        """Return a question's value; raises NotAnswered."""


class Picture:
    """What plans are made on while nothing is written; the run's own snapshot only gains answers.

    Args:
        host: the server, which is asked for what is not known yet.
    """

    def __init__(self, host: Asked) -> None:
        self._host = host
        kept = host.snapshot
        self._marks = dataclasses.replace(
            kept, restart=list(kept.restart), settled=list(kept.settled), done=list(kept.done)
        )

    @property
    def changed(self) -> bool:
        """Tell whether the server would no longer be what it answered."""
        return self._marks.changed

    def ask(self, query: Query) -> t.Any:
        """Return a question's value; raises NotAnswered."""
        known: dict[str, list[t.Any]] = {
            "pending_restart": self._marks.restart,
            "settled": self._marks.settled,
            "done": self._marks.done,
        }
        return list(known[query["kind"]]) if query["kind"] in known else self._host.ask(query)

    def add(self, plan: Plan) -> None:
        """Count a plan as carried out."""
        self._marks.note(plan, check=True)

    def add_unknown(self) -> None:
        """Count something as done whose effect nobody knows."""
        self._marks.changed = True
