# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The note beside Runtime that holds what a run found before its first write, so that it, or a later run where it was
interrupted, can put that back.
"""

from __future__ import annotations

from .._core import probe
from .._core.plan import Operation, write
from .._core.probe import Ask, Query

SUFFIX = ".before"


def path(runtime: str) -> str:
    """Return where the note of a Runtime folder is."""
    return f"{runtime}{SUFFIX}"


def presence(runtime: str) -> Query:
    """Ask whether there is a note; what is in it, secrets of settings among it, is not read."""
    return probe.file(path(runtime), 0)


def is_there(runtime: str, ask: Ask) -> bool:
    """Tell whether a run has left its note."""
    return ask(presence(runtime)) is not None


def removed(runtime: str) -> Operation:
    """Return what removes it."""
    return write(f"remove the note {path(runtime)}", "remove", path=path(runtime))
