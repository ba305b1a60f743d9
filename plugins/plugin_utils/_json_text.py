# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings files as text: read what .NET reads, change as little of the text as possible.

ASP.NET Core reads its JSON with comments skipped and trailing commas allowed, keys without regard to case, at most 64
levels deep (Microsoft.Extensions.Configuration.Json on System.Text.Json). One thing is refused here that .NET takes: a
section that stands twice, whose halves it merges, since a change could not tell which half is meant. Comments, order,
indentation, line ends, the byte order mark and every untouched character stay.
"""

from __future__ import annotations

import bisect
import dataclasses
import json
import math
import re
import typing as t

# Belief [settings-json]: the agent's .NET reads as .NET 10 does, which the tests ask; dotnet/runtime,
# JsonConfigurationFileParser.
MAX_DEPTH = 64
INDENT, NEWLINE = "  ", "\r\n"
"""The style of a file that has none yet: two spaces and Windows line ends, as the vendor's templates."""

_SPACE = re.compile(r"[ \t\r\n]*")
_SKIP = re.compile(r"(?:[ \t\r\n]+|//[^\r\n\u2028\u2029]*|/\*[\s\S]*?\*/)*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_SCALAR = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.+-])|(?:true|false|null)(?![0-9A-Za-z_])"
)
_SAME_LINE = re.compile(r"(?:[ \t]*(?://[^\r\n]*|/\*(?:(?!\*/)[^\r\n])*\*/))*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def fold(key: str) -> str:
    """Return a key as .NET compares it when case does not count: each character in its own upper case, where that is
    one character. Python's ``lower`` holds more and other characters equal.
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
    """The one value that takes a key away."""

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
        """Yield key, place and value of what an object or an array holds."""
        for member in self.members or ():
            yield member.key, member.start, member.value
        for number, item in enumerate(self.items or ()):
            yield str(number), item.start, item

    def leaves(self, path: str) -> t.Iterator[tuple[str, int, Node]]:
        """Yield path, place and value of everything that holds nothing else: texts, numbers, empty sections."""
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
    def __init__(self, text: str) -> None:
        self._text = text
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
            if fold(key) in seen:
                raise self.twice(key, seen[fold(key)], place)
            seen[fold(key)] = place
            self._colons = self._colons or ":" in key
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
    return Document(text, _Scanner(text).document())


def merge(data: t.Any, changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what data is after changes: objects are merged by key without regard to case, all else is replaced,
    ``REMOVE`` removes. A section of removals alone makes nothing where there is no such section.
    """
    merged = dict(data) if isinstance(data, dict) else {}
    names = {fold(key): key for key in merged}
    for key, value in _once(changes).items():
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
    """Tell whether a change takes keys away and sets nothing."""
    if isinstance(change, dict):
        return bool(change) and all(map(only_removes, change.values()))
    return change is REMOVE


def _once(changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return changes with every key once: of keys that differ in case the first gives the name, the last the value."""
    once: dict[str, t.Any] = {}
    names: dict[str, str] = {}
    for key, value in changes.items():
        name = names.setdefault(fold(key), key)
        before = once.get(name)
        if isinstance(value, dict):
            once[name] = _once({**before, **value} if isinstance(before, dict) else value)
        else:
            once[name] = value
    return once


def edit(document: Document, changes: t.Mapping[str, t.Any]) -> str:
    """Return the text after changes (see ``merge``), every character that they do not concern untouched.

    Raises:
        BadJson: .NET would refuse the new text, for instance since ``a:b`` is wanted where section ``a`` has a ``b``.
    """
    splices: list[tuple[int, int, str]] = []
    _Editor(document.text, splices).object(document.root, changes, 0)
    text, last, parts = document.text, 0, []
    for start, end, new in sorted(splices, key=lambda s: (s[0], s[1])):
        parts += [text[last:start], new]
        last = end
    edited = "".join([*parts, text[last:]])
    if splices:
        parse(edited)
    return edited


def _equal(one: t.Any, other: t.Any) -> bool:
    """Compare plain data; True is not 1, and neither is 1.0: the product's configuration has "True", "1" and "1.0"."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) is not isinstance(other, float):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


class _Editor:
    """Collects the splices of one file, in the file's own style."""

    def __init__(self, text: str, splices: list[tuple[int, int, str]]) -> None:
        self._text, self._splices = text, splices
        newline = re.search(r"\r\n|\n", text)
        self._newline = newline[0] if newline else NEWLINE
        self._one_line = newline is None and any(c not in "\ufeff{} \t" for c in text)
        indent = re.search(r"\n([ \t]+)[\"/]", text)
        self._indent = indent[1] if indent else INDENT
        self._colon = ": " if self._indent and (not self._one_line or '": ' in text) else ":"
        self._comma = ", " if not self._one_line or '", "' in text or re.search(r",\s", text) else ","

    def object(self, node: Node, changes: t.Mapping[str, t.Any], depth: int) -> None:
        removed: list[Member] = []
        added: dict[str, t.Any] = {}
        by_key = {fold(member.key): member for member in node.members or ()}
        for key, value in _once(changes).items():
            member = by_key.get(fold(key))
            if value is REMOVE:
                removed += [member] if member else []
            elif isinstance(value, dict) and member is not None and member.value.members is not None:
                self.object(member.value, value, depth + 1)
            elif only_removes(value):
                continue
            elif member is None:
                added[key] = value
            else:
                wanted = merge(None, value) if isinstance(value, dict) else value
                if not _equal(member.value.plain(), wanted):
                    text = self._dump(wanted, self._line_indent(member.start))
                    self._splices.append((member.value.start, member.value.end, text))
        if removed or added:
            self._members(node, removed, added)

    def _members(self, node: Node, removed: list[Member], added: dict[str, t.Any]) -> None:
        members = node.members or []
        for member in removed:
            end = member.value.end if member.comma is None else member.comma + 1
            self._splices.append((*self._whole_line(member.start, end), ""))
        gone = {id(member) for member in removed}
        kept = [member for member in members if id(member) not in gone]
        trailing = bool(members) and members[-1].comma is not None
        if added:
            self._add(node, kept, trailing, added)
        elif kept and kept[-1] is not members[-1] and not trailing and (comma := kept[-1].comma) is not None:
            self._splices.append((comma, comma + 1, ""))

    def _add(self, node: Node, kept: list[Member], trailing: bool, added: dict[str, t.Any]) -> None:
        members = node.members or []
        inline = self._one_line
        if members:
            inline = not re.search(r"[\r\n]", self._text[node.start : members[0].start])
        outer = self._line_indent(node.start)
        inner = self._line_indent(members[0].start) if members and not inline else outer + self._indent
        values = [f"{self._quoted(k)}{self._colon}{self._dump(v, inner, inline=inline)}" for k, v in added.items()]
        between = self._comma if inline else f",{self._newline}{inner}"
        text = between.join(values) + ("," if trailing else "")
        if kept:
            last = kept[-1]
            at = last.value.end
            if last.comma is None:
                self._splices.append((at, at, ","))
            else:
                at = last.comma + 1
            place = at if inline else t.cast("re.Match[str]", _SAME_LINE.match(self._text, at)).end()
            self._splices.append((place, place, (self._comma[1:] if inline else self._newline + inner) + text))
            return
        interior = self._text[node.start + 1 : node.end - 1]
        if members:  # all of them go
            place = node.start + 1
            self._splices.append((place, place, text if inline else f"{self._newline}{inner}{text}"))
        elif inline:
            self._splices.append((node.end - 1, node.end - 1, text))
        else:
            tail = interior[len(interior.rstrip()) :]
            place = node.end - 1 - len(tail)
            self._splices.append((place, node.end - 1, f"{self._newline}{inner}{text}{self._newline}{outer}"))

    @staticmethod
    def _quoted(key: str) -> str:
        return json.dumps(key, ensure_ascii=False)

    def _dump(self, value: t.Any, indent: str, *, inline: bool = False) -> str:
        value = _without_removed(value)
        if inline or self._one_line:
            return json.dumps(value, ensure_ascii=False, separators=(self._comma, self._colon))
        lines = json.dumps(value, ensure_ascii=False, indent=self._indent).split("\n")
        return (self._newline + indent).join(lines)

    def _line_indent(self, at: int) -> str:
        """Return the white space at the beginning of the line that a position is on."""
        start = max(self._text.rfind("\n", 0, at), self._text.rfind("\r", 0, at)) + 1
        return t.cast("re.Match[str]", re.compile(r"\ufeff?([ \t]*)").match(self._text, start))[1]

    def _whole_line(self, start: int, end: int) -> tuple[int, int]:
        """Return a range widened to its whole lines where nothing else stands on them."""
        begin = start
        while begin > 0 and self._text[begin - 1] in " \t":
            begin -= 1
        rest = t.cast("re.Match[str]", re.compile(r"[ \t]*(\r\n|\n|\r)").match(self._text + "\n", end))
        if rest and begin > 0 and self._text[begin - 1] in "\r\n" and rest.end() <= len(self._text):
            return begin, rest.end()
        return start, end


def _without_removed(value: t.Any) -> t.Any:
    return merge(None, value) if isinstance(value, dict) else value
