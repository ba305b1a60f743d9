# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fragments of the agent's settings, put together as the product does when it starts: a later one wins, key by key.

The order is the vendor's (page "Agent Configuration"): appsettings.agent.json, encrypted file, Azure Key Vault,
CyberArk, appsettings.connection.json. The merge is that of Microsoft.Extensions.Configuration, which the product is
built on: keys without regard to case, a key with colons is a path, lists are merged item by item, and nothing that a
later fragment lacks, or holds as an empty list or section, is taken away.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ._json_text import fold
from ._kind import kind
from ._load_order import AGENT, CONNECTION, CYBERARK, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL, varied
from ._plan import Refused

KEY_VAULT = "Azure Key Vault"
# Belief [load-order]: the general files come before those of the agent, and a file of an environment comes right behind
# the file that it overrides; the vendor says that it does, not how it ranks among the others ("Network Configuration").
CHAIN = (GENERAL, ENCRYPTED_GENERAL, AGENT, ENCRYPTED_AGENT, KEY_VAULT, CYBERARK, CONNECTION)
_WITHOUT_ENVIRONMENT = frozenset({KEY_VAULT, CONNECTION})

Path = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Leaf:
    """A value that is no section, and the fragment that it is from."""

    value: t.Any = dataclasses.field(repr=False)
    source: str


@dataclasses.dataclass
class _Settings:
    """Settings by path, keys folded.

    Attributes:
        leaves: the values.
        sections: every section with the fragment that first named it; also empty ones.
        lists: the sections that are lists in some fragment.
        spelling: each path's last key as it was first spelled.
    """

    leaves: dict[Path, _Leaf] = dataclasses.field(default_factory=dict)
    sections: dict[Path, str] = dataclasses.field(default_factory=dict)
    lists: set[Path] = dataclasses.field(default_factory=set)
    spelling: dict[Path, str] = dataclasses.field(default_factory=dict)


def chain(environment: str) -> tuple[str, ...]:
    """Return the names of all fragments in load order, those of an environment included."""
    found = []
    for name in CHAIN:
        found.append(name)
        if name not in _WITHOUT_ENVIRONMENT:
            found.append(varied(name, environment))
    return tuple(found)


def merged(fragments: t.Any, environment: str) -> dict[str, t.Any]:
    """Return what the agent sees.

    Args:
        fragments: settings by the name of their file, or ``KEY_VAULT``, in any order; None for a file that is missing.
        environment: the value of ASPNETCORE_ENVIRONMENT.

    Raises:
        Refused: a fragment whose place is not known, or that is no section; a key twice in a fragment; a key that is a
            value in one fragment and a section in another.
    """
    order = chain(environment)
    if not isinstance(fragments, dict):
        raise Refused(f"found {kind(fragments)}, wanted a dictionary of settings by the name of their file")
    known = {name.lower(): name for name in order}
    given: dict[str, t.Any] = {}
    for name, data in fragments.items():
        own = known.get(str(name).lower())
        if own is None:
            raise Refused(f"found the fragment {name!r}, wanted names among {', '.join(order)}")
        if own in given:
            raise Refused(f"found the fragment {own} twice; Windows does not tell their names apart: keep one")
        if data is not None and not isinstance(data, dict):
            raise Refused(f"{own}: found {kind(data)}, wanted a dictionary of settings")
        given[own] = data
    settings = _Settings()
    for name in order:
        _lay(settings, given.get(name) or {}, name)
    for path, leaf in list(settings.leaves.items()):
        if path not in settings.sections:
            continue
        if leaf.value not in (None, ""):
            raise Refused(
                f"{_shown(settings, path)}: found a value in {leaf.source} and a section in {settings.sections[path]};"
                " .NET keeps both, and the product reads only one. Keep one of them"
            )
        del settings.leaves[path]
    return t.cast("dict[str, t.Any]", _built(settings))


def _lay(settings: _Settings, data: t.Mapping[str, t.Any], source: str) -> None:
    """Lay a fragment over what there is."""
    separator = "--" if source == KEY_VAULT else ":"
    own: set[Path] = set()
    todo: list[tuple[Path, t.Any]] = [((), data)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, (dict, list)):
            if path:
                settings.sections.setdefault(path, source)
            if isinstance(value, list):
                settings.lists.add(path)
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            inside = [(_below(settings, path, str(key), separator, source), below) for key, below in pairs]
            todo += reversed(inside)
            continue
        if path in own:
            raise Refused(f"{source}: found {_shown(settings, path)} twice; .NET refuses such a file: keep one")
        own.add(path)
        settings.leaves[path] = _Leaf(value, source)


def _below(settings: _Settings, path: Path, key: str, separator: str, source: str) -> Path:
    """Return the path of a key, which may itself be a path, and note what lies between."""
    words = key.split(separator)
    for number, word in enumerate(words):
        if number:
            settings.sections.setdefault(path, source)
        if source == KEY_VAULT and word.isdecimal() and path:
            settings.lists.add(path)
        path = (*path, fold(word))
        settings.spelling.setdefault(path, word)
    return path


def _built(settings: _Settings) -> t.Any:
    """Return the settings as dictionaries and lists."""
    children: dict[Path, list[Path]] = {(): []}
    for path in settings.spelling:
        if path in settings.leaves or path in settings.sections:
            children.setdefault(path[:-1], []).append(path)

    def node(path: Path) -> t.Any:
        if path in settings.leaves:
            return settings.leaves[path].value
        below = children.get(path, [])
        if path in settings.lists and all(child[-1].isdecimal() for child in below):
            return [node(child) for child in sorted(below, key=lambda child: int(child[-1]))]
        return {settings.spelling[child]: node(child) for child in below}

    return node(())


def _shown(settings: _Settings, path: Path) -> str:
    return ":".join(settings.spelling[path[: number + 1]] for number in range(len(path)))
