# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings as the agent itself holds them: the files on its server in their load order, then its variables."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._agent import settings_files, settings_text, variables
from .._agent.settings_files import AGENT, CYBERARK, ENCRYPTED_AGENT, GENERAL, Place
from .._core import file_content
from .._core.probe import Ask, Query
from .._dotnet import configuration
from .._dotnet.configuration import Source
from .wanted import Wanted

_HIDDEN = (ENCRYPTED_AGENT, CYBERARK)
"""Files whose values nobody but the agent reads."""


@dataclasses.dataclass(frozen=True)
class HeldSettings:
    """Settings of an agent, as far as they can be read.

    Attributes:
        values: what is set, by path in capital letters.
        tree: the same as dictionaries and lists, with the keys as they are written.
    """

    values: t.Mapping[str, str] = dataclasses.field(repr=False)
    tree: t.Mapping[str, t.Any] = dataclasses.field(repr=False)


def place(wanted: Wanted) -> Place:
    """Return where the agent's settings files are."""
    return Place(wanted.folders.path("Runtime"), wanted.folders.path("Work"))


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the questions about the agent's own settings and its process's variables."""
    where = place(wanted)
    files = tuple(where.question(name) for name in (GENERAL, AGENT, *_HIDDEN))
    return (*files, *settings_files.questions(where), *variables.questions(where.runtime, wanted.service))


def variables_of(wanted: Wanted, ask: Ask) -> tuple[variables.Variable, ...]:
    """Return the variables of the agent's process."""
    return variables.of_agent(place(wanted).runtime, wanted.service, ask)


def hidden(wanted: Wanted, ask: Ask) -> list[str]:
    """Return the names of the files with settings that only the agent can read."""
    where = place(wanted)
    answers = {name: ask(where.question(name)) for name in _HIDDEN}
    return [name for name, answer in answers.items() if answer and answer.get("content") != ""]


def of_agent(wanted: Wanted, ask: Ask) -> HeldSettings:
    """Return the settings that can be read, the last source's values; raises Refused or ValueError where .NET would
    refuse them, or a file is too large to be read.
    """
    found, where = variables_of(wanted, ask), place(wanted)
    files = []
    for name in settings_files.chain(variables.environment(found)):
        if name.startswith(("appsettings.encrypted", "appsettings.cyberArk")) or name == settings_files.KEY_VAULT:
            continue
        content = file_content.of(ask(where.question(name)), where.file(name), settings_files.MAX_BYTES)
        if content:
            files.append((name, where.file(name), content))
    return _merged(tuple(files), tuple((one.setting, one.value) for one in found if one.setting))


@functools.lru_cache(maxsize=1)
def _merged(files: tuple[tuple[str, str, bytes], ...], environment: tuple[tuple[str, str], ...]) -> HeldSettings:
    """Return the settings of files, each with its name, path and content, and of variables on top of them; several
    checks need those of one agent.
    """
    sources = [Source(name, settings_text.of_others(path, content)) for name, path, content in files]
    merged = configuration.merged([*sources, Source("the environment", dict(environment))])
    values = {
        ":".join(path): str(one.value) for path, one in merged.values.items() if one.value not in (None, "", {}, [])
    }
    return HeldSettings(values, merged.tree())
