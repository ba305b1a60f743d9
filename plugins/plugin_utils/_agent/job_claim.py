# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file in the folder of Windows that remembers which run has launched a job of an agent, so that neither an
execution that a connection repeats nor a task that is tried again launches it twice.

It has done its work once the job's end is read: the run's own memory takes its place then. Where nobody has read the
end, it lasts longer than a run does.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import typing as t

from .._core import probe
from .._core.mark import Mark
from .._core.plan import Operation, write
from .._core.probe import Ask, Query
from .._core.touched import Touched
from .._windows import windows_path
from . import leftovers

AGE = datetime.timedelta(days=1)
"""What is younger may belong to a run that goes on."""
USUAL_ROOT = "C:\\Windows"


class Claim(t.NamedTuple):
    """What the file says.

    Attributes:
        run: the run and the job that it has launched; empty where nothing of the request has left the server.
        known: the Ids of the job's instances before.
        written: when.
    """

    run: str
    known: str
    written: str


def path(runtime: str, ask: Ask) -> str:
    """Return where the file of an agent is; only administrators create files there."""
    root = str(ask(probe.host())["system_root"])
    # Some servers tell C:\WINDOWS: in the usual spelling the file is the one that the first probe has asked for.
    return _path(runtime, USUAL_ROOT if windows_path.same(root, USUAL_ROOT) else root)


def question(runtime: str) -> Query:
    """Ask for the file where nearly every Windows has it, before the server has told its folder."""
    return probe.file(_path(runtime, USUAL_ROOT))


def found(runtime: str, ask: Ask) -> Claim | None:
    """Return what the file says, None where there is none."""
    answer = ask(probe.file(path(runtime, ask)))
    if answer is None:
        return None
    lines = [*base64.b64decode(answer["content"] or "").decode("utf-8", "replace").split("\n"), ""]
    return Claim(lines[0], lines[1], answer["last_write"])


def removed(runtime: str, ask: Ask, mark: Mark | None = None) -> Operation:
    """Return what removes the file."""
    where = path(runtime, ask)
    does = f"remove {where}, the note of a job that was launched"
    operation = write(does, "remove", mark=mark, path=where)
    return dataclasses.replace(operation, touches=Touched(files=(where,)))


def swept(runtime: str, ask: Ask) -> list[Operation]:
    """Return the removal of a file that no run needs any more; none where there is nothing."""
    claim = found(runtime, ask)
    if claim is None or claim.written[:19] > leftovers.limit(ask, AGE) or claim.run.startswith(f"{ask(probe.run())}/"):
        return []
    return [removed(runtime, ask)]


def _path(runtime: str, system_root: str) -> str:
    return f"{system_root}\\imops-{hashlib.sha256(runtime.lower().encode()).hexdigest()[:12]}.job"
