# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an agent that runs has to start again: what it reads only at its start is newer than it."""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.probe import Ask, Query
from .._windows import windows_path
from . import settings_files
from .settings_files import MAX_BYTES


def watched(arguments: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the files that the agent reads only at its start, each once.

    Args:
        arguments: of a task with the options ``settings_path`` (the Runtime folder) and ``watch`` (further files).
    """
    further = (windows_path.normal(path) for path in arguments["watch"])
    return tuple(dict.fromkeys((*settings_files.watched(arguments.get("settings_path")), *further)))


def question(path: str) -> Query:
    """Ask for a file that the agent reads at its start, as the settings' plan asks, so that it is asked once."""
    return probe.file(path, MAX_BYTES)


def unneeded(ask: Ask, watch: t.Iterable[str]) -> tuple[Query, ...]:
    """Return the questions about files that need no answer: this run has noted already why the agent starts again."""
    return tuple(map(question, watch)) if ask(probe.pending_restart()) else ()


def reasons(ask: Ask, watch: t.Iterable[str], started: str | None) -> t.Iterator[str]:
    """Yield the reasons, as sentences.

    Args:
        ask: gives the answers; where this run noted reasons, they are all.
        watch: files that the agent reads only at its start.
        started: when it started, ISO 8601 in UTC as the probe writes it; None when that is not known.
    """
    noted = ask(probe.pending_restart())
    yield from noted
    for path in () if noted else watch:
        answer = ask(question(path))
        # Both are ISO 8601 in UTC with the same number of digits, so they compare as texts.
        if answer and started and answer["last_write"] > started:
            yield f"{path} is newer than the running agent"
