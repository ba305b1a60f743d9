# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run that was killed left beside the agent's folders, as the writer's sweep finds it: by its name, and an hour
old.
"""

from __future__ import annotations

import datetime
import re

from .._core import probe
from .._core.plan import Operation, write
from .._core.probe import Ask, Query

AGE = datetime.timedelta(hours=1)
"""What is younger may belong to a run that goes on; the default of the writer's sweep."""
FILE, FOLDER = re.compile(r"\.im-[0-9a-f]{12}\.tmp$"), re.compile(r"\.im-[0-9a-f]{12}\.(new|old)$")


def is_left(name: str) -> bool:
    """Tell whether a file or folder with this name was to be renamed, or removed, by a run."""
    return bool(FILE.search(name) or FOLDER.search(name))


def limit(ask: Ask, age: datetime.timedelta = AGE) -> str:
    """Return the time, in the server's own and as the probe writes it to the second, until which it counts."""
    now = datetime.datetime.fromisoformat(str(ask(probe.host())["time"])[:19] + "+00:00")
    return f"{now - age:%Y-%m-%dT%H:%M:%S}"


def questions(folder: str) -> tuple[Query, Query]:
    """Return what ``swept`` asks."""
    return probe.files(folder, "*.im-*.tmp"), probe.folders(folder, "*.im-*")


def swept(folder: str, ask: Ask) -> list[Operation]:
    """Return the removal of what was left in a folder; none where there is nothing."""
    until = limit(ask)
    for question, name in zip(questions(folder), (FILE, FOLDER), strict=True):
        for entry in ask(question) or ():
            if name.search(entry["name"]) and entry["last_write"][:19] <= until:
                return [write(f"remove leftovers of an earlier run in {folder}", "sweep", path=folder)]
    return []
