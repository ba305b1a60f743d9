# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration files in XML as text: attributes and elements set with as little change of the text as possible.

What System.Xml refuses is refused. So are three things that it lets pass: a file in another encoding than UTF-8 as soon
as it has a character beyond ASCII, an XML declaration with such a character, and an element with the prefix xmlns.
Comments, order, indentation, line ends, the byte order mark and every untouched character stay.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from xml.parsers import expat
from xml.sax.saxutils import escape

_TAG = re.compile(rb"<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)(\s*=\s*)(\"[^\"]*\"|'[^']*')")
# Belief [web-config-xml]: IIS reads web.config as System.Xml does, which the tests ask; .NET's "XmlReader".
_LIKE_ASCII = re.compile("us-ascii|iso-8859-(?:[1-9]|13|15)|windows-125[0-8]", re.IGNORECASE)
_IN_QUOTES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
BOM = b"\xef\xbb\xbf"


def is_text(value: str) -> bool:
    """Return whether XML can hold a text: no control characters but white space, no halves of characters."""
    return not _NO_XML.search(value)


class BadXml(ValueError):
    """A file that is not well-formed, or not what a configuration file may be; line and column count from 1."""

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.line, self.column, self.reason = line, column, reason


@dataclasses.dataclass
class Element:
    """An element and where it stands (bytes).

    Attributes:
        name: the tag.
        attributes: in order.
        start: of the start tag.
        tag_end: behind the start tag.
        empty: closed by its start tag.
        close: of the end tag; equal to ``tag_end`` for an empty element.
        end: behind the element.
        line: of the start tag, from 1.
    """

    name: str
    attributes: dict[str, str]
    start: int
    tag_end: int
    empty: bool
    line: int
    close: int = 0
    end: int = 0
    children: list[Element] = dataclasses.field(default_factory=list)
    parent: Element | None = dataclasses.field(default=None, repr=False)

    def all(self, name: str) -> list[Element]:
        """Return the direct children of a name."""
        return [child for child in self.children if child.name == name]


def _expected(code: int, rest: bytes, stack: list[Element]) -> str:
    """Return what was expected where expat stopped: its own words, and ours for the mistakes that people make."""
    message = expat.errors.messages[code]
    opened = f"</{stack[-1].name}>, which closes line {stack[-1].line}" if stack else ""
    if message == expat.errors.XML_ERROR_SYNTAX:
        return f"{message}: expected '<' of the first element"
    if message == expat.errors.XML_ERROR_TAG_MISMATCH:
        return f"{message}: expected {opened}"
    if message == expat.errors.XML_ERROR_NO_ELEMENTS:
        return f"{message}: expected {opened or '<configuration>'}, and the file ends here"
    if message == expat.errors.XML_ERROR_INVALID_TOKEN and rest[:1] in {b"<", b"&"}:
        return f"{message}: expected {escape(rest[:1].decode())} for '{rest[:1].decode()}' in a value"
    if message == expat.errors.XML_ERROR_INVALID_TOKEN:
        return f"{message}: expected a name, ' name=\"value\"', or the end of the tag"
    if message == expat.errors.XML_ERROR_UNBOUND_PREFIX:
        return f"{message}: expected names without ':', or xmlns:prefix on an element around"
    return message


class _Reader:
    """Builds the tree of elements from expat's events.

    Expat tells where an event begins (CurrentByteIndex), but not where a start tag ends or how it is written, so the
    tag is matched in the text as well. Names stay as they are written: this parser does not resolve prefixes.
    """

    def __init__(self, text: bytes) -> None:
        self.only_ascii = False
        self._text = text
        self._root: list[Element] = []
        self._stack: list[Element] = []
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.ordered_attributes = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self) -> Element:
        """Return the root element; raises BadXml."""
        # Once more for the prefixes alone: a parser that checks them hides the names as they are written.
        for parser in (self._parser, expat.ParserCreate("UTF-8", "\x0c")):
            try:
                parser.Parse(self._text, True)
            except expat.ExpatError as error:
                reason = _expected(error.code, self._text[parser.ErrorByteIndex :], self._stack)
                raise BadXml(error.lineno, error.offset + 1, reason) from None
        return self._root[0]

    def _bad(self, reason: str) -> BadXml:
        return BadXml(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1, reason)

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        del standalone
        if version != "1.0":
            raise self._bad(f"expected XML version 1.0, found {version}")
        if not encoding or encoding.lower() == "utf-8":
            return
        # Another encoding is harmless while every character is ASCII, which it has in common with UTF-8; what is
        # written into such a file later stays ASCII too (only_ascii).
        if not (self._text.isascii() and _LIKE_ASCII.fullmatch(encoding)):
            raise self._bad(f"expected encoding utf-8, found {encoding}: save the file as UTF-8, and declare it there")
        self.only_ascii = True

    def _start(self, name: str, attributes: list[str]) -> None:
        at = self._parser.CurrentByteIndex
        tag = _TAG.match(self._text, at)
        if not tag:
            raise self._bad(f"cannot follow the tag <{name}>")
        pairs = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if pairs.get("xml:space", "default") not in {"default", "preserve"}:
            raise self._bad(f"expected default or preserve for xml:space, found {pairs['xml:space']!r}")
        element = Element(
            name=name,
            attributes=pairs,
            start=at,
            tag_end=tag.end(),
            empty=tag[0].endswith(b"/>"),
            line=self._parser.CurrentLineNumber,
            parent=self._stack[-1] if self._stack else None,
        )
        (self._stack[-1].children if self._stack else self._root).append(element)
        self._stack.append(element)

    def _end(self, name: str) -> None:
        del name  # expat has compared it with the start tag's
        element = self._stack.pop()
        element.close = element.tag_end if element.empty else self._parser.CurrentByteIndex
        element.end = element.tag_end if element.empty else self._text.index(b">", element.close) + 1

    def _doctype(self, *_: t.Any) -> None:
        raise self._bad("a document type, which has no place in a configuration file")


class Document:
    """An XML file that was read, and the changes to its text.

    Args:
        content: the bytes of the file, UTF-8 with or without byte order mark.

    Raises:
        BadXml: not UTF-8, not well-formed, or with a document type.
    """

    def __init__(self, content: bytes) -> None:
        self._bom = BOM if content.startswith(BOM) else b""
        self._text = content[len(self._bom) :]
        self._splices: list[tuple[int, int, bytes]] = []
        self._only_ascii = False
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise BadXml(1, 1, "expected UTF-8, found UTF-16: save the file as UTF-8")
        if self._text.startswith(BOM):
            raise BadXml(1, 1, "a second byte order mark, an invisible character before the first '<': delete it")
        self._newline = b"\r\n" if b"\r\n" in self._text else b"\n"
        self.root = self._parse()

    def _parse(self) -> Element:
        reader = _Reader(self._text)
        root = reader.read()
        self._only_ascii = reader.only_ascii
        return root

    def place(self, element: Element) -> str:
        """Return line and column of an element's start tag, as messages name them."""
        start = self._text.rfind(b"\n", 0, element.start) + 1
        return f"line {element.line}, column {len(self._text[start : element.start].decode()) + 1}"

    def set(self, element: Element, name: str, value: str) -> None:
        """Set an attribute; one that has the value is left alone."""
        if element.attributes.get(name) == value:
            return
        quoted = b'"' + self._encoded(escape(value, _IN_QUOTES)) + b'"'
        tag = self._text[element.start : element.tag_end]
        for match in _ATTRIBUTE.finditer(tag):
            if match[1].decode() == name:
                self._splices.append((element.start + match.start(3), element.start + match.end(3), quoted))
                return
        body = tag[: -2 if element.empty else -1]
        at = element.start + len(body.rstrip())
        self._splices.append((at, at, b" " + name.encode() + b"=" + quoted))

    def add(self, parent: Element, lines: list[str]) -> None:
        """Add an element as the last child of another, given as its lines (``  `` for each level), in the file's own
        indentation.
        """
        unit = self._unit()
        outer = self._indent(parent.start)
        inner = self._indent(parent.children[0].start) if parent.children else outer + unit
        shown = []
        for line in lines:
            level = (len(line) - len(line.lstrip(" "))) // 2
            shown.append(inner + unit * level + self._encoded(line.strip()))
        text = self._newline.join(shown)
        if parent.empty:  # <a /> becomes <a>, the new element and </a>
            tag = self._text[parent.start : parent.tag_end]
            body = tag[:-2].rstrip()
            closing = self._newline + outer + b"</" + parent.name.encode() + b">"
            self._splices.append((parent.start + len(body), parent.tag_end, b">" + self._newline + text + closing))
            return
        # Behind the last thing that is there, a comment too; the white space in front of the end tag stays its own, and
        # is added where both tags stood on one line.
        before = self._text[parent.tag_end : parent.close]
        at = parent.close - len(before[len(before.rstrip()) :])
        tail = self._newline + outer if b"\n" not in before[len(before.rstrip()) :] else b""
        self._splices.append((at, at, self._newline + text + tail))

    def replace(self, element: Element, lines: list[str]) -> None:
        """Put another element in the place of one."""
        indent, unit = self._indent(element.start), self._unit()
        shown = [indent + unit * ((len(x) - len(x.lstrip(" "))) // 2) + self._encoded(x.strip()) for x in lines]
        self._splices.append((element.start, element.end, self._newline.join(shown)[len(indent) :]))

    def remove(self, element: Element) -> None:
        """Remove an element, with its line where nothing else stands on it."""
        before = re.compile(rb"\r?\n[ \t]*$").search(self._text, 0, element.start)
        self._splices.append((before.start() if before else element.start, element.end, b""))

    def content(self) -> bytes:
        """Return the file after the changes."""
        parts, last = [self._bom], 0
        for start, end, new in sorted(self._splices):
            parts += [self._text[last:start], new]
            last = end
        return b"".join([*parts, self._text[last:]])

    def _encoded(self, text: str) -> bytes:
        """Return new text in the file's encoding; one that is no UTF-8 gets references beyond ASCII."""
        return text.encode("ascii", "xmlcharrefreplace") if self._only_ascii else text.encode()

    def _indent(self, at: int) -> bytes:
        line = self._text[self._text.rfind(b"\n", 0, at) + 1 : at]
        return line if not line.strip() else line[: len(line) - len(line.lstrip())]

    def _unit(self) -> bytes:
        found = re.search(rb"\n([ \t]+)<", self._text)
        return found[1] if found else b"  "
