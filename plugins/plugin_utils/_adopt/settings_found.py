# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An agent's settings files as variables: secrets as such, and nothing else that may be one."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import settings_text
from .._agent.settings_files import AGENT, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL, MAX_BYTES
from .._core import file_content, probe
from .._core.kept import KEPT
from .._core.plan import Refused
from .._core.probe import Ask, Query
from .._dotnet import configuration
from .._dotnet.json_text import fold
from .._settings import protection
from .._settings.rules.showable import Level, level_of
from .._settings.tree import get
from .._windows import windows_path
from .variable import Secret

FILES = (GENERAL, AGENT, ENCRYPTED_GENERAL, ENCRYPTED_AGENT)
TEMPLATES = "Agent"
"""The folder of Runtime with the vendor's templates."""
_NOWHERE = object()
_OWN_VARIABLES: dict[str, frozenset[protection.Path]] = {
    GENERAL: frozenset(
        {
            *(("applicationuri",), ("encryptioncertificate",), ("identityserver",), ("kestrel",)),
            *(("scheduler", "enabled"), ("tempfolderpath",), ("workfolderpath",), ("cyberark",), ("azurekeyvault",)),
        }
    ),
    AGENT: frozenset(
        {
            *(("openid", "agentidentifier"), ("openid", "openidclients"), ("openid", "defaultopenidclient")),
            *(("passwordresetsettings", "encryptioncertificate"), ("connections",), ("sourcesrootpaths",)),
        }
    ),
}
"""Settings that variables of their own stand for, or that follow from others."""


@dataclasses.dataclass
class Found:
    """What an agent's settings files hold.

    Attributes:
        general: appsettings.json as .NET reads it.
        agent: appsettings.agent.json.
        hidden: the paths of the encrypted files' values, by the file whose settings they are.
        templates: the vendor's templates on the server, by the file that they are of.
        left: paths of values that stay on the server alone, since they may be secrets that no variable keeps.
        unreadable: why files could not be read.
    """

    general: dict[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    agent: dict[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    hidden: dict[str, list[protection.Path]] = dataclasses.field(default_factory=dict)
    templates: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict, repr=False)
    left: list[str] = dataclasses.field(default_factory=list)
    unreadable: list[str] = dataclasses.field(default_factory=list)

    def known(self, value: t.Any, path: protection.Path) -> t.Any:
        """Return a value with its secrets as such; ``_NOWHERE`` for one that must stay on the server."""
        if isinstance(value, dict):
            inner = {key: self.known(one, (*path, *protection.parts(key))) for key, one in value.items()}
            there = {key: one for key, one in inner.items() if one is not _NOWHERE}
            return there if there or not value else _NOWHERE
        if isinstance(value, list):
            items = [self.known(one, (*path, str(number))) for number, one in enumerate(value)]
            return _NOWHERE if any(item is _NOWHERE for item in items) else items
        level = level_of(path, value)
        if level == Level.SHOWN:
            return value
        if level >= Level.GUARDED and level_of(path, KEPT) >= Level.GUARDED:
            return Secret(value if isinstance(value, str) else None)
        self.left.append(protection.words(path))
        return _NOWHERE

    def section(self, name: str, *path: str) -> dict[str, t.Any]:
        """Return a section of a file, secrets as such, with the values that its encrypted companion has."""
        data = get(self.agent if name == AGENT else self.general, *path)
        found = self.known(data, path) if isinstance(data, dict) else {}
        for hidden in self.hidden.get(name, ()):
            if tuple(map(fold, hidden[: len(path)])) == tuple(map(fold, path)):
                _put(found, hidden[len(path) :], Secret())
        return found if isinstance(found, dict) else {}

    def rest(self, name: str) -> dict[str, t.Any]:
        """Return the settings of a file that no variable of their own stands for, without what the template has."""
        data = self.agent if name == AGENT else self.general
        own = _without(data, _OWN_VARIABLES[name], self.templates.get(name, {}))
        found = self.known(own, ()) if own else {}
        return found if isinstance(found, dict) else {}


def questions(runtime: str) -> tuple[Query, ...]:
    """Return the questions about an agent's settings, as the settings' own plan asks them."""
    names = (*FILES, f"{TEMPLATES}\\{GENERAL}", f"{TEMPLATES}\\{AGENT}")
    return tuple(probe.file(windows_path.join(runtime, name), MAX_BYTES) for name in names)


def read(runtime: str, ask: Ask) -> Found:
    """Return what an agent's settings files hold."""
    found = Found()
    found.general, found.agent = _tree(runtime, GENERAL, ask, found), _tree(runtime, AGENT, ask, found)
    for name in (GENERAL, AGENT):
        found.templates[name] = _tree(runtime, f"{TEMPLATES}\\{name}", ask, Found())
    for name, encrypted in ((GENERAL, ENCRYPTED_GENERAL), (AGENT, ENCRYPTED_AGENT)):
        hidden = _tree(runtime, encrypted, ask, found)
        found.hidden[name] = [tuple(path) for path in _paths(hidden)]
    return found


def _tree(runtime: str, name: str, ask: Ask, found: Found) -> dict[str, t.Any]:
    """Return a file as .NET reads it; an empty one where it is absent or cannot be read, which ``found`` then says."""
    path = windows_path.join(runtime, name)
    try:
        content = file_content.of(ask(probe.file(path, MAX_BYTES)), path, MAX_BYTES)
        return {} if content is None else configuration.tree(settings_text.document(path, content).data)
    except Refused as refusal:
        found.unreadable.append(str(refusal))
    except configuration.RepeatedKey as error:
        found.unreadable.append(f"{path}: found {error.path} twice, which .NET refuses")
    return {}


def _paths(tree: t.Any, path: protection.Path = ()) -> t.Iterator[protection.Path]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _paths(value, (*path, key))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from _paths(value, (*path, str(number)))
    else:
        yield path


def _without(data: dict[str, t.Any], own: t.Collection[protection.Path], template: t.Any) -> dict[str, t.Any]:
    """Return settings without those at some paths, those equal to a template, and sections that are empty then."""
    found = {}
    for key, value in data.items():
        at = fold(key)
        names = {path for path in own if path and fold(path[0]) == at}
        if (key.lower(),) in names or value in (None, {}, []):
            continue
        beside = get(template, key)
        if isinstance(value, dict):
            inner = _without(value, {path[1:] for path in names}, beside)
            if inner:
                found[key] = inner
        elif value != beside:
            found[key] = value
    return found


def _put(tree: dict[str, t.Any], path: protection.Path, value: t.Any) -> None:
    for key in path[:-1]:
        name = next((one for one in tree if fold(one) == fold(key)), key)
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    if path:
        tree[path[-1]] = value
