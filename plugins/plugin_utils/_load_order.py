# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's settings as it sees them: all its files, merged in the order in which it loads them, the last one wins.

The vendor's page "Agent configuration" gives agent.json, encrypted.agent.json, Azure Key Vault, CyberArk,
connection.json. Belief [load-order]: an environment file comes right after the file that it varies, as ASP.NET Core
loads it; the vendor names these files, not their rank.
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _json_text, _proxy, _questions, _windows_path
from ._questions import Ask, Query

GENERAL, AGENT = "appsettings.json", "appsettings.agent.json"
ENCRYPTED_GENERAL, ENCRYPTED_AGENT = "appsettings.encrypted.json", "appsettings.encrypted.agent.json"
CYBERARK = "appsettings.cyberArk.agent.json"
CONNECTION = "appsettings.connection.json"
OURS = (GENERAL, AGENT, ENCRYPTED_GENERAL, ENCRYPTED_AGENT, CYBERARK)
"""The files that win_im_agent_settings writes, and that the agent reads only at its start."""
OPAQUE = "(kept elsewhere)"
"""What stands in the merged settings for a value that cannot be read here."""
MAX_BYTES = 8 * 2**20
USUAL_ENVIRONMENT = "Production"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the files are."""

    runtime: str
    work: str

    def file(self, name: str) -> str:
        """Return a settings file's path."""
        return _windows_path.join(self.work if name == CONNECTION else self.runtime, name)

    def question(self, name: str) -> Query:
        """Ask for a settings file."""
        return _questions.file(self.file(name), MAX_BYTES)


def environment_question() -> Query:
    """Ask for the environment's name, and for the machine's way out."""
    return _questions.environment("ASPNETCORE_ENVIRONMENT", _proxy.HTTPS_PROXY, _proxy.NO_PROXY)


def environment(ask: Ask) -> str:
    """Return the environment's name, of the machine."""
    return str(ask(environment_question()).get("ASPNETCORE_ENVIRONMENT") or USUAL_ENVIRONMENT)


def varied(name: str, environment: str) -> str:
    """Return the name of the file that varies another for an environment."""
    return f"{name.removesuffix('.json')}.{environment}.json"


def questions(place: Place) -> tuple[Query, ...]:
    """Return the questions about files that others may have written, for the usual environment."""
    names = (varied(GENERAL, USUAL_ENVIRONMENT), varied(AGENT, USUAL_ENVIRONMENT), CONNECTION)
    return (environment_question(), *(place.question(name) for name in names))


def foreign(place: Place, name: str, ask: Ask) -> dict[str, t.Any] | None:
    """Return the settings of a file that is not ours, None where it is absent or cannot be read."""
    answer = ask(place.question(name))
    if not answer or answer.get("content") is None:
        return None
    try:
        return _json_text.parse(base64.b64decode(answer["content"]).decode("utf-8-sig")).data
    except (_json_text.BadJson, UnicodeDecodeError):
        return None


def opaque(tree: t.Any) -> t.Any:
    """Return a settings tree with every value hidden."""
    if isinstance(tree, dict):
        return {key: opaque(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [opaque(value) for value in tree]
    return OPAQUE


def overlaid(data: t.Any, more: t.Any) -> t.Any:
    """Return settings with others on top as .NET merges them: arrays by number, item for item, a null beats a value."""
    if isinstance(data, dict) and isinstance(more, dict):
        merged, names = dict(data), {key.lower(): key for key in data}
        for key, value in more.items():
            name = names.get(key.lower(), key)
            merged[name] = overlaid(merged.get(name), value)
        return merged
    if isinstance(data, list) and isinstance(more, list):
        longer = [*data, *([None] * (len(more) - len(data)))]
        return [overlaid(old, more[i]) if i < len(more) else old for i, old in enumerate(longer)]
    if isinstance(data, dict | list) and more in ({}, []):
        return data
    return more


def beaten(wanted: t.Any, on_top: t.Any, path: tuple[str, ...] = ()) -> t.Iterator[str]:
    """Yield the paths of wanted values that other settings on top of them change."""
    if isinstance(wanted, dict) and isinstance(on_top, dict):
        names = {key.lower(): value for key, value in on_top.items()}
        for key, value in wanted.items():
            if key.lower() in names:
                yield from beaten(value, names[key.lower()], (*path, key))
    elif isinstance(wanted, list) and isinstance(on_top, list):
        for number, (one, other) in enumerate(zip(wanted, on_top, strict=False)):
            yield from beaten(one, other, (*path, str(number)))
    elif not isinstance(on_top, dict | list) and str(wanted) != str(on_top):
        yield ":".join(path)
