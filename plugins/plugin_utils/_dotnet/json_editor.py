# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes to the text of a settings file: as little of it as possible, in the file's own style.

Comments, order, indentation, line ends, the byte order mark and every character that a change does not concern stay.
The file is never written anew from its data: what people wrote into it, comments above all, would be lost.
"""

from __future__ import annotations

import json
import re
import typing as t

from .json_text import REMOVE, Document, Member, Node, fold, merge, only_removes, parse, with_each_key_once

_LINE_END = re.compile(r"\r\n|\n")
_INDENTED = re.compile(r"\n([ \t]+)[\"/]")
INDENT, NEWLINE = "  ", "\r\n"
"""The style of a file that has none yet: two spaces and Windows line ends, as in the vendor's templates."""

_SAME_LINE = re.compile(r"(?:[ \t]*(?://[^\r\n]*|/\*(?:(?!\*/)[^\r\n])*\*/))*")


def edit(document: Document, changes: t.Mapping[str, t.Any]) -> str:
    """Return the text after changes (see ``json_text.merge``), every character that they do not concern untouched.

    Raises:
        BadJson: .NET would refuse the new text, for instance since ``a:b`` is wanted where section ``a`` has a ``b``.
    """
    editor = _Editor(document.text)
    editor.object(document.root, changes)
    splices = editor.splices
    text, last, parts = document.text, 0, []
    # By position only: two insertions at one place (a comma, then a key) have to stay in the order they were added in.
    for start, end, new in sorted(splices, key=lambda s: (s[0], s[1])):
        parts += [text[last:start], new]
        last = end
    edited = "".join([*parts, text[last:]])
    if splices:
        parse(edited)  # the last guard: what .NET would refuse is never written
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
    """Collects the splices of one file, in the file's own style.

    A splice is (start, end, new text). Positions are those of the text as it was read, so no splice moves another one;
    ``edit`` applies them all at once.
    """

    def __init__(self, text: str) -> None:
        self.splices: list[tuple[int, int, str]] = []
        self._text = text
        newline = _LINE_END.search(text)
        self._newline = newline[0] if newline else NEWLINE
        # A file with content on a single line stays on it; an empty one has no style yet and gets ours.
        self._one_line = newline is None and any(c not in "\ufeff{} \t" for c in text)
        indent = _INDENTED.search(text)
        self._indent = indent[1] if indent else INDENT
        self._colon = ": " if self._indent and (not self._one_line or '": ' in text) else ":"
        self._comma = ", " if not self._one_line or '", "' in text or re.search(r",\s", text) else ","

    def object(self, node: Node, changes: t.Mapping[str, t.Any]) -> None:
        """Collect the splices of an object and of what is below it."""
        removed: list[Member] = []
        added: dict[str, t.Any] = {}
        by_key = {fold(member.key): member for member in node.members or ()}
        for key, value in with_each_key_once(changes).items():
            member = by_key.get(fold(key))
            if value is REMOVE:
                removed += [member] if member else []
            elif isinstance(value, dict) and member is not None and member.value.members is not None:
                self.object(member.value, value)
            elif only_removes(value):
                continue
            elif member is None:
                added[key] = value
            else:
                self._replace(member, value)
        if removed or added:
            self._members(node, removed, added)

    def _replace(self, member: Member, value: t.Any) -> None:
        wanted = merge(None, value) if isinstance(value, dict) else value
        # An equal value keeps its spelling: 2.50, a text with \u escapes, an array over several lines.
        if not _equal(member.value.plain(), wanted):
            text = self._dump(wanted, self._line_indent(member.start))
            self.splices.append((member.value.start, member.value.end, text))

    def _members(self, node: Node, removed: list[Member], added: dict[str, t.Any]) -> None:
        members = node.members or []
        for member in removed:
            end = member.value.end if member.comma is None else member.comma + 1
            self.splices.append((*self._whole_line(member.start, end), ""))
        gone = {id(member) for member in removed}
        kept = [member for member in members if id(member) not in gone]
        trailing = bool(members) and members[-1].comma is not None
        if added:
            self._add(node, kept, trailing, added)
        elif kept and kept[-1] is not members[-1] and not trailing and (comma := kept[-1].comma) is not None:
            # The last member went, and the file has no trailing commas: the comma of the one before it goes as well.
            self.splices.append((comma, comma + 1, ""))

    def _add(self, node: Node, kept: list[Member], trailing: bool, added: dict[str, t.Any]) -> None:
        """Add members behind the last one that stays; ``trailing``: the object ends in a comma, and goes on to."""
        members = node.members or []
        inline = self._one_line
        if members:
            inline = not re.search(r"[\r\n]", self._text[node.start : members[0].start])
        outer = self._line_indent(node.start)
        inner = self._line_indent(members[0].start) if members and not inline else outer + self._indent
        values = [
            f"{self._quoted(k)}{self._colon}{self._dump(v, inline=inline, indent=inner)}" for k, v in added.items()
        ]
        between = self._comma if inline else f",{self._newline}{inner}"
        text = between.join(values) + ("," if trailing else "")
        if kept:
            self._behind(kept[-1], (self._comma[1:] if inline else self._newline + inner) + text, inline=inline)
        elif members:  # all of them go, and their splices cover their lines: the new ones begin behind the brace
            place = node.start + 1
            self.splices.append((place, place, text if inline else f"{self._newline}{inner}{text}"))
        elif inline:
            self.splices.append((node.end - 1, node.end - 1, text))
        else:
            # An empty object may hold comments: they stay, only the white space in front of the brace is replaced.
            interior = self._text[node.start + 1 : node.end - 1]
            place = node.end - 1 - len(interior[len(interior.rstrip()) :])
            self.splices.append((place, node.end - 1, f"{self._newline}{inner}{text}{self._newline}{outer}"))

    def _behind(self, last: Member, text: str, *, inline: bool) -> None:
        """Add a text behind a member: its comma directly behind the value, the text behind a comment on its line."""
        at = last.value.end
        if last.comma is None:
            self.splices.append((at, at, ","))
        else:
            at = last.comma + 1
        # A comment at the end of the line is about this member, so it stays beside it.
        place = at if inline else t.cast("re.Match[str]", _SAME_LINE.match(self._text, at)).end()
        self.splices.append((place, place, text))

    @staticmethod
    def _quoted(key: str) -> str:
        return json.dumps(key, ensure_ascii=False)

    def _dump(self, value: t.Any, indent: str, *, inline: bool = False) -> str:
        value = merge(None, value) if isinstance(value, dict) else value  # without the keys that are removed
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
        # The line feed is added for the match alone: where it is what matched, the text ends here and there is no line
        # end to remove.
        if rest and begin > 0 and self._text[begin - 1] in "\r\n" and rest.end() <= len(self._text):
            return begin, rest.end()
        return start, end
