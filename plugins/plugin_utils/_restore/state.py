# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run found before its first write, as the note beside Runtime holds it.

It has what the settings files have, secrets too: only administrators and the system may read the note, and it goes once
the agent is verified.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

from .._agent import before_note, secret_files
from .._core import probe
from .._core.plan import Operation, Refused, write_file
from .._core.probe import Ask, Query

MAX_BYTES = 64 * 2**20


@dataclasses.dataclass(frozen=True)
class State:
    """What was there.

    Attributes:
        names: what ran the agent, as the options name it; empty names are of the other hosting.
        files: the content of each file, in base64, by path; None for one that was not there.
        rights: owner and own entries of files and folders, as SDDL, by path.
        keys: the rights on private keys, as the module keys reads them.
        pool: the application pool's attributes; empty for a service.
        site: the site's values, as under_iis reads them; empty for a service.
        service: the service's values, as as_service reads them; empty under IIS.
        passed: the checks that the agent had passed, by name.
        doubtful: those that it had not, by id.
        back: why all of it is put back; empty where it is not.
    """

    names: dict[str, str]
    files: dict[str, str | None] = dataclasses.field(repr=False)
    rights: dict[str, str]
    keys: dict[str, dict[str, str]]
    pool: dict[str, t.Any]
    site: dict[str, t.Any]
    service: dict[str, t.Any] = dataclasses.field(repr=False)
    passed: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    back: str = ""


def question(runtime: str) -> Query:
    """Ask for the note."""
    return probe.file(before_note.path(runtime), MAX_BYTES)


def noted(runtime: str, ask: Ask) -> State | None:
    """Return what the note holds, None where there is none; raises Refused for one that somebody has changed."""
    if not before_note.is_there(runtime, ask):
        return None
    answer = ask(question(runtime))
    try:
        fields = json.loads(base64.b64decode(answer["content"] or ""))
        lists = {name: tuple(map(str, fields[name])) for name in ("passed", "doubtful")}
        return State(**{**fields, **lists})
    except (ValueError, TypeError, KeyError):
        path = before_note.path(runtime)
        raise Refused(
            f"{path}: found no note that can be read, as somebody has changed this file, wanted the one that this"
            " collection wrote. See whether the agent is as it shall be, remove the file, and run again"
        ) from None


def written(runtime: str, state: State) -> Operation:
    """Return what writes the note."""
    content = base64.b64encode(json.dumps(dataclasses.asdict(state), indent=1).encode()).decode()
    path = before_note.path(runtime)
    does = f"note in {path} why that is put back" if state.back else f"keep what is there now in {path}"
    return write_file(does, path, secret=True, content=content, sddl=secret_files.rights(secret_files.SYSTEM))
