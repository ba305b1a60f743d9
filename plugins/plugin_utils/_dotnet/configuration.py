# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings of several sources as Microsoft.Extensions.Configuration has them: one value for each path, the last source
wins.

To .NET a settings file is a flat table: ``{"A": {"B": [1]}}`` is the one value ``A:B:0``. So a key with a colon is a
path, a list is a section whose keys are numbers, keys are compared without regard to case, and a later source replaces
single values: null, an empty section or an empty list stands for the path itself and leaves what is below it
(dotnet/runtime: JsonConfigurationFileParser, ConfigurationRoot, ConfigurationKeyComparer).
"""

from __future__ import annotations

import dataclasses
import typing as t

from .json_text import fold

Path = tuple[str, ...]
"""The keys that lead to a value, folded."""
SEPARATOR, VAULT_SEPARATOR = ":", "--"
"""What joins the keys of a path; a secret of a Key Vault, whose name cannot have a colon, has two dashes instead."""


class RepeatedKey(ValueError):
    """A source that has two values for one path, which .NET refuses.

    Attributes:
        source: the source's name.
        path: the path, as it is written there.
    """

    def __init__(self, source: str, path: str) -> None:
        super().__init__(f"{source}: found {path} twice")
        self.source, self.path = source, path


@dataclasses.dataclass(frozen=True)
class Source:
    """Settings of one source.

    Attributes:
        name: for messages.
        data: the settings, as JSON has them.
        separator: what joins the keys of a path there.
    """

    name: str
    data: t.Mapping[str, t.Any] = dataclasses.field(repr=False)
    separator: str = SEPARATOR


@dataclasses.dataclass(frozen=True)
class Value:
    """A value of a path; None, ``{}`` and ``[]`` are all null to .NET.

    Attributes:
        value: the value.
        source: the name of the source that it is from.
    """

    value: t.Any = dataclasses.field(repr=False)
    source: str


@dataclasses.dataclass(frozen=True)
class Conflict:
    """A path that has a value in one source and something below it in another; .NET keeps both.

    Attributes:
        path: as it is written first.
        value_source: the name of the source of the value.
        section_source: the name of the first source with something below the path.
    """

    path: str
    value_source: str
    section_source: str


@dataclasses.dataclass
class Configuration:
    """Merged settings.

    Attributes:
        values: by path, the last source's.
        lists: the paths that some source writes as a list.
        words: each path's last key as it is written first.
        first_value: the number of the first source with a value of a path.
        first_below: number and name of the first source with something below a path.
    """

    values: dict[Path, Value] = dataclasses.field(default_factory=dict)
    lists: set[Path] = dataclasses.field(default_factory=set)
    words: dict[Path, str] = dataclasses.field(default_factory=dict)
    first_value: dict[Path, int] = dataclasses.field(default_factory=dict)
    first_below: dict[Path, tuple[int, str]] = dataclasses.field(default_factory=dict)

    def shown(self, path: Path) -> str:
        """Return a path as it is written first."""
        return SEPARATOR.join(self.words[path[: end + 1]] for end in range(len(path)))

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return the paths that have a value and something below them."""
        return tuple(
            Conflict(self.shown(path), found.source, self.first_below[path][1])
            for path, found in self.values.items()
            if path in self.first_below and not _is_null(found.value)
        )

    def tree(self) -> dict[str, t.Any]:
        """Return the settings as dictionaries and lists.

        A section is a list where a source writes it as one, or where its keys are 0, 1, 2 and so on. Of a conflict, the
        kind that the first source has is shown.
        """
        children: dict[Path, list[Path]] = {}
        for path in self.words:
            if path in self.values or path in self.first_below:
                children.setdefault(path[:-1], []).append(path)
        return {self.words[path]: self._node(path, children) for path in children.get((), ())}

    def _node(self, path: Path, children: t.Mapping[Path, list[Path]]) -> t.Any:
        found = self.values.get(path)
        if found is not None and self._is_value(path, found):
            return found.value
        below = children[path]
        keys = [child[-1] for child in below]
        if all(map(_is_number, keys)):
            ordered = sorted(below, key=lambda child: int(child[-1]))
            if path in self.lists or [child[-1] for child in ordered] == list(map(str, range(len(keys)))):
                return [self._node(child, children) for child in ordered]
        return {self.words[child]: self._node(child, children) for child in below}

    def _is_value(self, path: Path, found: Value) -> bool:
        if path not in self.first_below:
            return True
        return not _is_null(found.value) and self.first_value[path] < self.first_below[path][0]


def merged(sources: t.Iterable[Source]) -> Configuration:
    """Return the settings of sources in the order in which .NET loads them; raises RepeatedKey."""
    configuration = Configuration()
    for number, source in enumerate(sources):
        _add(configuration, source, number)
    return configuration


def tree(*layers: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return settings merged, the last of them wins; raises RepeatedKey."""
    return merged(Source("settings", layer) for layer in layers).tree()


def text(value: t.Any) -> str:
    """Return a value as .NET has it: a text; null is shown as the empty one, which the binder treats alike."""
    return "" if _is_null(value) else str(value)


def changed(wanted: t.Mapping[str, t.Any], on_top: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the paths of wanted values that settings loaded on top of them change, sorted; raises RepeatedKey."""
    below, above = merged([Source("wanted", wanted)]), merged([Source("on top", on_top)])
    return tuple(
        sorted(
            below.shown(path)
            for path, found in below.values.items()
            if path in above.values
            and not _is_empty(found.value)
            and text(found.value) != text(above.values[path].value)
        )
    )


def _add(configuration: Configuration, source: Source, number: int) -> None:
    """Add a source on top of what there is."""
    own: set[Path] = set()
    todo: list[tuple[Path, t.Any]] = [((), source.data)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, list) and value:
            configuration.lists.add(path)
        if isinstance(value, (dict, list)) and (value or not path):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            inside = [(_below(configuration, path, str(key), source.separator), item) for key, item in pairs]
            todo += reversed(inside)
            continue
        if path in own and not _is_empty(value):  # an empty section replaces a value without an error
            raise RepeatedKey(source.name, configuration.shown(path))
        own.add(path)
        _set(configuration, path, Value(value, source.name), number)


def _set(configuration: Configuration, path: Path, found: Value, number: int) -> None:
    before = configuration.values.get(path)
    if before is not None and _is_empty(found.value) and not _is_empty(before.value):
        found = Value(None, found.source)  # null to .NET, and the path has a single value
    configuration.values[path] = found
    if not _is_null(found.value):
        configuration.first_value.setdefault(path, number)
    for end in range(1, len(path)):
        configuration.first_below.setdefault(path[:end], (number, found.source))


def _below(configuration: Configuration, path: Path, key: str, separator: str) -> Path:
    """Return the path of a key, which may itself be a path."""
    for word in key.replace(separator, SEPARATOR).split(SEPARATOR):
        path = (*path, fold(word))
        configuration.words.setdefault(path, word)
    return path


def _is_empty(value: t.Any) -> bool:
    return value in ({}, [])


def _is_null(value: t.Any) -> bool:
    return value is None or value == "" or _is_empty(value)


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdigit()
