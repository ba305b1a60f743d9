# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's settings files: their names, where they are, and the order in which the agent loads them.

The vendor's page "Agent configuration" gives agent.json, encrypted.agent.json, Azure Key Vault, CyberArk,
connection.json; how .NET merges them is in ``_dotnet/configuration.py``.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import file_content, probe
from .._core.probe import Ask, Query
from .._windows import windows_path
from . import settings_text, variables

GENERAL, AGENT = "appsettings.json", "appsettings.agent.json"
ENCRYPTED_GENERAL, ENCRYPTED_AGENT = "appsettings.encrypted.json", "appsettings.encrypted.agent.json"
CYBERARK = "appsettings.cyberArk.agent.json"
CONNECTION = "appsettings.connection.json"
OURS = (GENERAL, AGENT, ENCRYPTED_GENERAL, ENCRYPTED_AGENT, CYBERARK)
"""The files that win_im_agent_settings writes, and that the agent reads only at its start."""
KEY_VAULT = "Azure Key Vault"
# Belief [load-order]: the general files come before those of the agent, and a file of an environment comes right behind
# the file that it overrides, as ASP.NET Core loads it; the vendor says that it does, not how it ranks among the others
# ("Network Configuration").
CHAIN = (GENERAL, ENCRYPTED_GENERAL, AGENT, ENCRYPTED_AGENT, KEY_VAULT, CYBERARK, CONNECTION)
_WITHOUT_ENVIRONMENT = frozenset({KEY_VAULT, CONNECTION})
OPAQUE = "(kept elsewhere)"
"""What stands in the merged settings for a value that cannot be read here."""
MAX_BYTES = 8 * 2**20


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the files are."""

    runtime: str
    work: str

    def file(self, name: str) -> str:
        """Return a settings file's path."""
        return windows_path.join(self.work if name == CONNECTION else self.runtime, name)

    def question(self, name: str) -> Query:
        """Ask for a settings file."""
        return probe.file(self.file(name), MAX_BYTES)


def watched(runtime: str | None) -> tuple[str, ...]:
    """Return the paths of the files that an agent reads only at its start; none without its Runtime folder."""
    return tuple(windows_path.join(windows_path.normal(runtime), name) for name in OURS) if runtime else ()


def varied(name: str, environment: str) -> str:
    """Return the name of the file that varies another for an environment."""
    return f"{name.removesuffix('.json')}.{environment}.json"


def chain(environment: str) -> tuple[str, ...]:
    """Return the names of all sources of settings in load order, those of an environment included."""
    found = []
    for name in CHAIN:
        found.append(name)
        if name not in _WITHOUT_ENVIRONMENT:
            found.append(varied(name, environment))
    return tuple(found)


def questions(place: Place) -> tuple[Query, ...]:
    """Return the questions about files that others may have written, for the usual environment."""
    usual = variables.USUAL_ENVIRONMENT
    return tuple(place.question(name) for name in (varied(GENERAL, usual), varied(AGENT, usual), CONNECTION))


def foreign(place: Place, name: str, ask: Ask) -> dict[str, t.Any] | None:
    """Return the settings of a file that is not ours, None where it is absent; raises Refused for one that .NET would
    refuse, and for one that is too large to be read.
    """
    content = file_content.of(ask(place.question(name)), place.file(name), MAX_BYTES)
    return None if content is None else settings_text.of_others(place.file(name), content)


def opaque(tree: t.Any, only: str | None = None) -> t.Any:
    """Return a settings tree with every value hidden, or with ``only`` those that are this text."""
    if isinstance(tree, dict):
        return {key: opaque(value, only) for key, value in tree.items()}
    if isinstance(tree, list):
        return [opaque(value, only) for value in tree]
    return OPAQUE if only is None or tree == only else tree
