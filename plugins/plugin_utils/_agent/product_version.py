# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The version that an agent tells of itself, and the .NET that it needs."""

from __future__ import annotations

import base64
import itertools
import json
import re

from .._core import probe
from .._core.probe import Ask, Query
from .._windows import windows_path
from .runtime_archive import PROGRAM

RUNTIME_CONFIG = "Usercube-Agent.runtimeconfig.json"
_NUMBERS = re.compile(r"\d+(\.\d+)*")


def questions(folder: str) -> tuple[Query, ...]:
    """Return what has to be asked of a Runtime folder."""
    return probe.files(folder, PROGRAM), probe.file(windows_path.join(folder, RUNTIME_CONFIG))


def of(folder: str, ask: Ask) -> str:
    """Return the version that the agent's program in a folder tells of itself; empty where it tells none."""
    found = ask(questions(folder)[0]) or ()
    return next((str(one["version"]) for one in found if one["version"]), "")


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with; none where it begins with no number."""
    match = _NUMBERS.match(version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def is_older(version: str, than: str) -> bool:
    """Tell whether a version is older: 6.2 is 6.2.0."""
    pairs = itertools.zip_longest(numbers(version), numbers(than), fillvalue=0)
    return next((own < other for own, other in pairs if own != other), False)


def is_beyond(version: str, limit: str) -> bool:
    """Tell whether a version is newer than a limit, as far as that goes: 6.2.9 is not beyond 6.2, 6.3 is."""
    most = numbers(limit)
    return (numbers(version) + (0,) * len(most))[: len(most)] > most


def dotnet_major(folder: str, ask: Ask) -> int | None:
    """Return the major version of .NET that the agent in a folder was built for; None where its file does not tell.

    learn.microsoft.com ".NET runtime configuration settings": runtimeOptions has framework, or frameworks.
    """
    answer = ask(questions(folder)[1])
    try:
        options = json.loads(base64.b64decode(answer["content"]).decode("utf-8-sig"))["runtimeOptions"]
        frameworks = options.get("frameworks") or [options["framework"]]
        return max(int(str(one["version"]).partition(".")[0]) for one in frameworks)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
