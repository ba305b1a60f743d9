# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings files, read as .NET reads them, with the place of every value; and changes to what was read, as data.

ASP.NET Core reads its JSON with comments skipped and trailing commas allowed, keys without regard to case, at most 64
levels deep (Microsoft.Extensions.Configuration.Json on System.Text.Json). One thing is refused here that .NET takes: a
section that stands twice, whose halves it merges, since a change could not tell which half is meant. How
changes get into the text is in json_editor.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import json
import math
import re
import typing as t

# Belief [settings-json]: the agent's .NET reads as .NET 10 does, which the tests ask; dotnet/runtime,
# JsonConfigurationFileParser.
MAX_DEPTH = 64
LONGEST_KEPT = 2**16
"""Characters of a text that is not scanned twice: what a longer one is would take much memory."""

_SPACE = re.compile(r"[ \t\r\n]*")
_SKIP = re.compile(r"(?:[ \t\r\n]+|//[^\r\n\u2028\u2029]*|/\*[\s\S]*?\*/)*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_SCALAR = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.+-])|(?:true|false|null)(?![0-9A-Za-z_])"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def fold(key: str) -> str:
    """Return a key as .NET compares it when case does not count: each character in its own upper case, where that is
    one character. Python's ``lower`` treats more and other characters as equal.
    """
    if key.isascii():
        return key.upper()
    return "".join(map(_upper, key))


def _upper(character: str) -> str:
    if character in "\u0131\u017f":  # the dotless i and the long s are letters of their own to .NET
        return character
    upper = character.upper()
    if len(upper) > 1:  # a Greek letter with a small iota below has an upper case of one character, as its title case
        upper = character.title()
    return upper if len(upper) == 1 else character


class BadJson(ValueError):
    """A file that .NET would refuse.

    Attributes:
        line: counted from 1.
        column: counted from 1.
        reason: what was expected.
    """

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.line, self.column, self.reason = line, column, reason


class _Remove:
    """The one value that removes a key."""

    def __repr__(self) -> str:
        return "REMOVE"


REMOVE = _Remove()


@dataclasses.dataclass
class Member:
    """A key with its value, and where both stand; ``comma`` is the position of the comma behind, or None."""

    key: str
    start: int
    value: Node
    comma: int | None = None


@dataclasses.dataclass
class Node:
    """A value and where it stands.

    Attributes:
        start: of the value.
        end: behind it.
        members: of an object.
        items: of an array.
        data: of anything else.
        text: of anything else, as the configuration has it; None for null.
    """

    start: int
    end: int
    members: list[Member] | None = None
    items: list[Node] | None = None
    data: t.Any = None
    text: str | None = None

    def plain(self) -> t.Any:
        """Return the value as plain data; a number that Python cannot hold is its text."""
        if self.members is not None:
            return {member.key: member.value.plain() for member in self.members}
        return self.data if self.items is None else [item.plain() for item in self.items]

    def inside(self) -> t.Iterator[tuple[str, int, Node]]:
        """Yield key, place and value of what an object or an array contains."""
        for member in self.members or ():
            yield member.key, member.start, member.value
        for number, item in enumerate(self.items or ()):
            yield str(number), item.start, item

    def leaves(self, path: str) -> t.Iterator[tuple[str, int, Node]]:
        """Yield path, place and value of every value that contains nothing else: strings, numbers, empty sections."""
        for key, at, value in self.inside():
            below = f"{path}:{key}"
            if value.members or value.items:
                yield from value.leaves(below)
            else:
                yield below, at, value


@dataclasses.dataclass(frozen=True)
class Document:
    """A settings file that was read."""

    text: str
    root: Node

    @property
    def data(self) -> dict[str, t.Any]:
        """Return the settings as plain data."""
        return t.cast("dict[str, t.Any]", self.root.plain())

    def values(self) -> dict[str, str | None]:
        """Return the settings as the product's configuration has them: a text for each path of keys and numbers,
        joined with colons; None for null and for empty sections.
        """
        found: dict[str, tuple[str, str | None]] = {}
        for path, _at, node in self.root.leaves(""):
            name = found.get(fold(path), (path[1:],))[0]
            found[fold(path)] = name, node.text
        return dict(found.values())


class _Scanner:
    def __init__(self, text: str, *, halves: bool = False) -> None:
        self._text = text
        self._halves = halves
        self._lines: list[int] | None = None
        self._colons = False

    def place(self, at: int) -> tuple[int, int]:
        if self._lines is None:
            self._lines = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", self._text))]
        line = bisect.bisect_right(self._lines, at)
        start = self._lines[line - 1]
        return line, at - start + 1 - (1 if start == 0 and self._text.startswith("\ufeff") and at else 0)

    def bad(self, at: int, reason: str) -> BadJson:
        return BadJson(*self.place(at), reason)

    def skip(self, at: int) -> int:
        match = _SKIP.match(self._text, at)
        end = match.end() if match else at
        if self._text.startswith("/*", end):
            raise self.bad(end, "a comment that begins with /* must end with */")
        if self._text.startswith(("\u2028", "\u2029"), end):
            raise self.bad(
                end,
                f"the invisible line separator U+{ord(self._text[end]):04X}, which .NET refuses outside of"
                " texts and /* */: delete it",
            )
        return end

    def document(self) -> Node:
        text = self._text
        at = self.skip(1 if text.startswith("\ufeff") else 0)
        if not text.startswith("{", at):
            raise self.bad(
                at,
                "expected '{', since settings are one object" if at < len(text) else "the file is empty, expected '{'",
            )
        node = self.value(at, 1)
        end = self.skip(node.end)
        if end < len(text):
            raise self.bad(end, "expected the end of the file")
        if self._colons:
            self.paths(node)
        return node

    def paths(self, root: Node) -> None:
        """Refuse two values for one path, as keys with a colon in them allow: "a:b" is also b in section a."""
        seen = dict[str, int]()
        for path, at, node in root.leaves(""):
            folded = fold(path)
            if folded in seen and node.members is None and node.items is None:
                raise self.twice(path[1:], seen[folded], at)
            seen.setdefault(folded, at)

    def twice(self, key: str, first: int, second: int) -> BadJson:
        lines = self.place(first)[0], self.place(second)[0]
        return self.bad(
            second,
            f"the key {key!r} of line {lines[1]} stands in line {lines[0]} already; keys that differ in case are equal",
        )

    def value(self, at: int, depth: int) -> Node:
        text = self._text
        first = text[at : at + 1]
        if first in {"{", "["} and first:
            if depth > MAX_DEPTH:
                raise self.bad(at, f"nested deeper than {MAX_DEPTH} levels, which .NET refuses")
            return self.object(at, depth) if first == "{" else self.array(at, depth)
        if first == '"':
            data, end = self.string(at)
            return Node(at, end, data=data, text=data)
        match = _SCALAR.match(text, at)
        if not match:
            raise self.bad(at, "expected a value" + ("; the file ends here" if at >= len(text) else ""))
        if match[0] in _WORDS:
            return Node(at, match.end(), data=_WORDS[match[0]][0], text=_WORDS[match[0]][1])
        return Node(at, match.end(), data=_number(match[0]), text=match[0])

    def string(self, at: int) -> tuple[str, int]:
        match = _STRING.match(self._text, at)
        if not match:
            raise self.bad(at, "expected a text in double quotes, ended on its line, with \\\\ for a backslash")
        data = json.loads(match[0]) if "\\" in match[0] else match[0][1:-1]
        if _SURROGATE.search(data):
            raise self.bad(at, "the text has half a surrogate pair, which .NET refuses")
        return data, match.end()

    def object(self, at: int, depth: int) -> Node:
        text, members, seen = self._text, list[Member](), dict[str, int]()
        place = self.skip(at + 1)
        while not text.startswith("}", place):
            if not text.startswith('"', place):
                raise self.bad(place, "expected a key in double quotes, or '}'")
            key, end = self.string(place)
            again = fold(key) in seen
            if again and not self._halves:
                raise self.twice(key, seen[fold(key)], place)
            seen.setdefault(fold(key), place)
            self._colons = self._colons or again or ":" in key
            colon = t.cast("re.Match[str]", _SPACE.match(text, end)).end()
            if not text.startswith(":", colon):
                comment = ", and no comment before it" if text.startswith(("//", "/*"), colon) else ""
                raise self.bad(colon, f"expected ':' after the key {key!r}{comment}")
            value = self.value(self.skip(colon + 1), depth + 1)
            members.append(Member(key, place, value))
            place = self.skip(value.end)
            if text.startswith(",", place):
                members[-1].comma = place
                place = self.skip(place + 1)
            elif not text.startswith("}", place):
                raise self.bad(place, "expected ',' or '}'" + ("; the file ends here" if place >= len(text) else ""))
        return Node(at, place + 1, members)

    def array(self, at: int, depth: int) -> Node:
        text, items = self._text, list[Node]()
        place = self.skip(at + 1)
        while not text.startswith("]", place):
            value = self.value(place, depth + 1)
            items.append(value)
            place = self.skip(value.end)
            if text.startswith(",", place):
                place = self.skip(place + 1)
            elif not text.startswith("]", place):
                raise self.bad(place, "expected ',' or ']'" + ("; the file ends here" if place >= len(text) else ""))
        return Node(at, place + 1, items=items)


_WORDS: dict[str, tuple[bool | None, str | None]] = {
    "true": (True, "True"),
    "false": (False, "False"),
    "null": (None, None),
}


def _number(text: str) -> t.Any:
    """Return a number, or its text where Python has no such number (beyond a double, or thousands of digits)."""
    try:
        number = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(number, float) and math.isinf(number) else number


def parse(text: str) -> Document:
    """Read a settings file.

    Raises:
        BadJson: .NET would refuse it; with line, column and what was expected.
    """
    return Document(text, _scanned(text, halves=False))


def _scanned(text: str, *, halves: bool) -> Node:
    """Return what a text is; plans and checks read the same files, and nobody changes what was read."""
    if len(text) > LONGEST_KEPT:
        return _Scanner(text, halves=halves).document()
    return _kept(text, halves=halves)


@functools.lru_cache(maxsize=16)
def _kept(text: str, *, halves: bool) -> Node:
    return _Scanner(text, halves=halves).document()


def read(text: str) -> dict[str, t.Any]:
    """Return the settings of a file that is only read, as values by their path: a section that stands twice is put
    together, as .NET does it.

    Raises:
        BadJson: .NET would refuse it.
    """
    return {path[1:]: node.plain() for path, _at, node in _scanned(text, halves=True).leaves("")}


def merge(data: t.Any, changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what data is after changes: objects are merged by key without regard to case, all else is replaced,
    ``REMOVE`` removes. A section of removals alone creates nothing where there is no such section.
    """
    merged = dict(data) if isinstance(data, dict) else {}
    names = {fold(key): key for key in merged}
    for key, value in with_each_key_once(changes).items():
        name = names.get(fold(key), key)
        if value is REMOVE:
            merged.pop(name, None)
        elif only_removes(value) and not isinstance(merged.get(name), dict):
            continue
        elif isinstance(value, dict):
            merged[name] = merge(merged.get(name), value)
        else:
            merged[name] = value
    return merged


def only_removes(change: t.Any) -> bool:
    """Tell whether a change removes keys and sets nothing."""
    if isinstance(change, dict):
        return bool(change) and all(map(only_removes, change.values()))
    return change is REMOVE


def with_each_key_once(changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return changes with every key once: of keys that differ in case the first gives the name, the last the value."""
    once: dict[str, t.Any] = {}
    names: dict[str, str] = {}
    for key, value in changes.items():
        name = names.setdefault(fold(key), key)
        before = once.get(name)
        if isinstance(value, dict):
            once[name] = with_each_key_once({**before, **value} if isinstance(before, dict) else value)
        else:
            once[name] = value
    return once
