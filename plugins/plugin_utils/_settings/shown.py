# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May this value be shown? Everything that shows a settings file, a setting or a variable asks here."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.mask import CHANGED, MASK
from .._core.scrub import SHORTEST
from .._dotnet.json_text import REMOVE, fold
from .rules.showable import ANY, Level, Path, level_of

SHORT = 8
"""Characters that a secret has at least to give no warning."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """What may be shown in one task.

    Attributes:
        listed: paths that the user lists (``im_agent_show``); each stands for all that is below it.
        vaulted: texts of vaulted values, which are never shown.
        secrets: texts of further secrets, which are shown inside no other text.
    """

    listed: tuple[Path, ...] = ()
    vaulted: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    secrets: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)

    def knowing(self, *trees: t.Any) -> Shown:
        """Return the same, aware of the secrets in settings, former ones too."""
        found = frozenset[str]().union(*(secrets(tree) for tree in trees))
        return dataclasses.replace(self, secrets=self.secrets | found)

    def replacing(self, before: t.Any, after: t.Any) -> Shown:
        """Return the same, aware of the former values that vaulted ones replace: nobody can tell where they came from.

        Args:
            before: settings as they were.
            after: settings as they will be.
        """
        hidden = {_folded(path) for path, value in leaves(after) if self._is_vaulted(value)}
        former = {str(value) for path, value in leaves(before) if _folded(path) in hidden and value not in {None, ""}}
        return dataclasses.replace(self, vaulted=self.vaulted | former)

    def _is_vaulted(self, value: t.Any) -> bool:
        text = "" if value is None or isinstance(value, bool) else str(value)
        return bool(text) and (text in self.vaulted or _holds(text, self.vaulted))

    def may_show(self, path: Path, value: t.Any) -> bool:
        """Tell whether a value may be shown, by where it stands, where it comes from and what form it has."""
        if value is None or value == "":
            return True
        if self._is_vaulted(value):
            return False
        if any(_fits(path, listed) for listed in self.listed):
            return True
        return level_of(path, value) == Level.SHOWN and not _holds(str(value), self.secrets)

    def masked(self, data: t.Any, before: t.Any = None, path: Path = ()) -> t.Any:
        """Return settings with everything masked that may not be shown.

        Args:
            data: plain settings.
            before: what they were; what differs from it is masked as changed. None: nothing to compare with.
            path: where they stand.
        """
        if isinstance(data, dict):
            old = {fold(str(key)): value for key, value in before.items()} if isinstance(before, dict) else {}
            return {key: self.masked(value, old.get(fold(str(key))), (*path, str(key))) for key, value in data.items()}
        if isinstance(data, list):
            olds = before if isinstance(before, list) else []
            return [
                self.masked(value, olds[number] if number < len(olds) else None, (*path, str(number)))
                for number, value in enumerate(data)
            ]
        if self.may_show(path, data):
            return data
        return CHANGED if before is not None and before != data else MASK


def secrets(data: t.Any, path: Path = ()) -> frozenset[str]:
    """Return the texts of all values in settings whose keys are those of secrets."""
    return frozenset(str(value) for where, value in leaves(data, path) if level_of(where, value) == Level.SECRET)


def guarded(data: t.Any, path: Path = ()) -> list[Path]:
    """Return the paths of all values in settings that are, or may be, secrets."""
    return [where for where, value in leaves(data, path) if level_of(where, value) >= Level.GUARDED]


def short(data: t.Any) -> list[Path]:
    """Return the paths of secrets that are too short to be told from words in other texts."""
    found = ((where, value) for where, value in leaves(data) if level_of(where, value) == Level.SECRET)
    return [where for where, value in found if len(str(value)) < SHORT]


def leaves(data: t.Any, path: Path = ()) -> t.Iterator[tuple[Path, t.Any]]:
    """Yield the paths and values of everything in settings that holds nothing else and is not to be removed."""
    if isinstance(data, t.Mapping):
        for key, value in data.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from leaves(value, (*path, str(number)))
    elif data is not REMOVE:
        yield path, data


def _holds(text: str, secrets: t.Iterable[str]) -> bool:
    return any(len(secret) >= SHORTEST and secret in text for secret in secrets)


def _folded(path: Path) -> Path:
    return tuple(map(fold, path))


def _fits(path: Path, listed: Path) -> bool:
    if len(path) < len(listed) or not listed:
        return False
    return all(wanted in {ANY, fold(part)} for part, wanted in zip(path, map(fold, listed), strict=False))
