# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an agent that runs has to start again: what it reads only at its start is newer than it."""

from __future__ import annotations

import typing as t

from . import _questions
from ._load_order import MAX_BYTES
from ._questions import Ask, Query


def question(path: str) -> Query:
    """Ask for a file that the agent reads at its start, as the settings' plan asks, so that it is asked once."""
    return _questions.file(path, MAX_BYTES)


def reasons(ask: Ask, watch: t.Iterable[str], started: str | None) -> t.Iterator[str]:
    """Yield the reasons, as sentences.

    Args:
        ask: gives the answers; the reasons that this run noted come first.
        watch: files that the agent reads only at its start.
        started: when it started, ISO 8601 in UTC as the probe writes it; None when that is not known.
    """
    yield from ask(_questions.pending_restart())
    for path in watch:
        answer = ask(question(path))
        # Both are ISO 8601 in UTC with the same number of digits, so they compare as texts.
        if answer and started and answer["last_write"] > started:
            yield f"{path} is newer than the running agent"
