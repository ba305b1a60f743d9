"""XML documents as .NET's XmlDocument holds and writes them: which elements were written empty, where it indents."""

from __future__ import annotations

import dataclasses
import re
from xml.parsers import expat

XMLNS = "http://www.w3.org/2000/xmlns/"
XML = "http://www.w3.org/XML/1998/namespace"
_SPACE = " \t\r\n"
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)")
_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(?P<tag><(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>)|[^<]+|<", re.DOTALL
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_HIDDEN = str.maketrans({"\r": "\ue00d", "\n": "\ue00a", "\t": "\ue009"})
_SHOWN = str.maketrans({"\ue00d": "\r", "\ue00a": "\n", "\ue009": "\t"})


class NotXml(Exception):
    """A text is no XML: the message is .NET's where it is known."""


@dataclasses.dataclass(eq=False)
class Node:
    """A node of a document.

    Attributes:
        kind: as XPath and .NET call it: document, element, attribute, text, cdata, comment, instruction, declaration,
            whitespace.
        name: with the prefix; ``#text`` and the like where there is none.
        value: of what is no element.
        space: its namespace.
        children: of document and element.
        attributes: of an element, in order.
        parent: of all but the document; an attribute's is the element that it is of.
        short: an element without children is written as one tag.
    """

    kind: str
    name: str
    value: str = ""
    space: str = ""
    children: list[Node] = dataclasses.field(default_factory=list)
    attributes: list[Node] = dataclasses.field(default_factory=list)
    parent: Node | None = None
    short: bool = True

    @property
    def local(self) -> str:
        """Return the name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """Return what is before the colon."""
        return self.name.rpartition(":")[0]

    @property
    def inner_text(self) -> str:
        """Return the texts of it and of what is below."""
        if self.kind in {"element", "document"}:
            below = (child for child in self.children if child.kind not in {"comment", "instruction", "declaration"})
            return "".join(child.inner_text for child in below)
        return self.value

    @inner_text.setter
    def inner_text(self, text: str) -> None:
        if self.kind == "element":
            self.children = []
            self.append(Node("text", "#text", text))
        else:
            self.value = text

    @property
    def root(self) -> Node | None:
        """Return a document's element."""
        return next((child for child in self.children if child.kind == "element"), None)

    def append(self, child: Node) -> None:
        """Put a node behind the others."""
        child.parent = self
        self.children.append(child)
        self.short = False

    def attribute(self, name: str) -> Node | None:
        """Return the attribute of a name."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)

    def set(self, name: str, value: str, space: str = "") -> None:
        """Set an attribute; a new one is the last."""
        found = self.attribute(name)
        if found is None:
            found = Node("attribute", name, space=space, parent=self)
            self.attributes.append(found)
        found.value = value


def load(content: bytes, *, keep_space: bool = False) -> Node:
    """Return the document in a file; ends of lines stay what they are, other than the standard has it.

    Args:
        content: of the file.
        keep_space: whether texts that are only white space count.

    Raises:
        NotXml: it is none.
    """
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    name = "utf-16" if marked else declared[1].decode() if declared else "utf-8"
    try:
        text = content.decode("utf-8-sig" if name.lower() == "utf-8" else name)
    except (LookupError, UnicodeDecodeError) as error:
        raise NotXml(str(error)) from None
    return _Loader(keep_space).load(_hidden(text))


def parse(text: str) -> Node:
    """Return the document in a text, with ends of lines as the standard has them; raises NotXml."""
    return _Loader(keep_space=False).load(text)


def _hidden(text: str) -> str:
    """Hide from the parser what it would change: returns in texts, and white space in values."""
    made, depth = [], 0
    for token in _TOKEN.finditer(text):
        part = token[0]
        if token["tag"]:
            depth += 0 if part.startswith("<!") or part.endswith("/>") else -1 if part.startswith("</") else 1
            part = _QUOTED.sub(lambda quoted: quoted[0].translate(_HIDDEN), part)
        elif not part.startswith("<?xml ") and (depth or part.startswith("<")):
            part = part.replace("\r", "\ue00d")
        made.append(part)
    return "".join(made)


def encoding(document: Node) -> str | None:
    """Return the encoding that a document declares."""
    declared = document.children[0] if document.children else None
    found = re.search(r"encoding=\"([^\"]+)", declared.value) if declared and declared.kind == "declaration" else None
    return found[1] if found else None


class _Loader:
    def __init__(self, keep_space: bool) -> None:
        self._keep_space = keep_space
        self._document = self._at = Node("document", "#document")
        self._spaces: list[dict[str, str]] = [{"xml": XML, "xmlns": XMLNS, "": ""}]
        self._text: list[str] = []
        self._content = b""
        parser = self._parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = lambda text: self._add(Node("comment", "#comment", text.translate(_SHOWN)))
        parser.ProcessingInstructionHandler = lambda name, text: self._add(
            Node("instruction", name, text.translate(_SHOWN))
        )
        parser.StartCdataSectionHandler = self._flush
        parser.EndCdataSectionHandler = self._end_cdata
        parser.DefaultHandler = self._other

    def load(self, text: str) -> Node:
        if not text.strip():
            raise NotXml("Root element is missing.")
        self._content = text.encode()
        try:
            self._parser.Parse(self._content, True)
        except expat.ExpatError as error:
            if not text.lstrip().startswith("<"):
                raise NotXml("Data at the root level is invalid. Line 1, position 1.") from None
            raise NotXml(str(error)) from None
        return self._document

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        value = f'version="{version}"'
        value += f' encoding="{encoding}"' if encoding else ""
        value += f' standalone="{"yes" if standalone else "no"}"' if standalone >= 0 else ""
        self._add(Node("declaration", "xml", value))

    def _add(self, node: Node) -> None:
        self._flush()
        self._at.append(node)

    def _start(self, name: str, listed: list[str]) -> None:
        self._flush()
        given = dict(zip(listed[::2], listed[1::2], strict=True))
        spaces = dict(self._spaces[-1])
        for key, value in given.items():
            if key == "xmlns" or key.startswith("xmlns:"):
                spaces[key.partition(":")[2]] = value
        element = Node("element", name, space=self._space(spaces, name, element=True))
        for key, value in given.items():
            space = XMLNS if key == "xmlns" else self._space(spaces, key)
            element.attributes.append(Node("attribute", key, value.translate(_SHOWN), space, parent=element))
        self._at.append(element)
        self._spaces.append(spaces)
        self._at = element

    @staticmethod
    def _space(spaces: dict[str, str], name: str, *, element: bool = False) -> str:
        prefix, colon, _ = name.rpartition(":")
        if not colon:
            return spaces[""] if element else ""
        if prefix not in spaces:
            raise NotXml(f"'{prefix}' is an undeclared prefix.")
        return spaces[prefix]

    def _end(self, _name: str) -> None:
        self._flush()
        element, self._spaces = self._at, self._spaces[:-1]
        if not element.children:
            element.short = self._content[: self._parser.CurrentByteIndex].endswith(b"/>")
        assert element.parent
        self._at = element.parent

    def _characters(self, text: str) -> None:
        self._text.append(text.translate(_SHOWN))

    def _end_cdata(self) -> None:
        self._at.append(Node("cdata", "#cdata-section", "".join(self._text)))
        self._text = []

    def _other(self, text: str) -> None:
        """Take white space around the root, which is told to nobody else."""
        if self._at.kind == "document" and self._keep_space and not text.strip(_SPACE):
            self._at.append(Node("whitespace", "#whitespace", text))

    def _flush(self) -> None:
        text, self._text = "".join(self._text), []
        if not text:
            return
        if text.strip(_SPACE):
            self._at.append(Node("text", "#text", text))
        elif self._keep_space:
            self._at.append(Node("whitespace", "#whitespace", text))


def save(document: Node, *, keep_space: bool = False) -> bytes:
    """Return a document as XmlDocument writes it into a file.

    Args:
        document: with an element.
        keep_space: whether it was loaded so: then nothing is indented.
    """
    declared = encoding(document)
    text = _Writer(indents=not keep_space).write(document)
    if declared is None:
        return text.encode()
    signed = {"utf-8": "utf-8-sig", "utf-16": "utf-16"}.get(declared.lower(), declared)
    return text.encode(signed, "replace")


class _Writer:
    """Writes as XmlTextWriter does: an element with text in it is not indented, nor is what is below it."""

    def __init__(self, *, indents: bool) -> None:
        self._indents = indents
        self._out: list[str] = []

    def write(self, document: Node) -> str:
        for child in document.children:
            self._node(child, 0, mixed=False, spaces={"": "", "xml": XML, "xmlns": XMLNS})
        return "".join(self._out)

    def _node(self, node: Node, depth: int, *, mixed: bool, spaces: dict[str, str]) -> None:
        if node.kind in {"text", "whitespace"}:
            self._out.append(_escaped(node.value))
            return
        if node.kind == "cdata":
            self._out.append(f"<![CDATA[{node.value}]]>")
            return
        self._indent(depth, mixed=mixed)
        if node.kind == "comment":
            self._out.append(f"<!--{node.value}-->")
        elif node.kind in {"instruction", "declaration"}:
            self._out.append(f"<?{node.name}{' ' if node.value else ''}{node.value}?>")
        else:
            self._element(node, depth, mixed=mixed, spaces=spaces)

    def _indent(self, depth: int, *, mixed: bool) -> None:
        if self._indents and self._out and not mixed:
            self._out.append("\r\n" + "  " * depth)

    def _element(self, node: Node, depth: int, *, mixed: bool, spaces: dict[str, str]) -> None:
        self._out.append(f"<{node.name}")
        known = dict(spaces)
        known.update({a.name.partition(":")[2]: a.value for a in node.attributes if a.space == XMLNS})
        made: dict[str, str] = {}
        written = [(self._name(a, known, made, depth), a.value) for a in node.attributes]
        written += [(f"xmlns:{prefix}", space) for prefix, space in made.items()]
        if not node.prefix and any(a.name == "xmlns" for a in node.attributes):
            known[""] = node.space  # what an attribute says is written, and not believed
        if known.get(node.prefix) != node.space:
            known[node.prefix] = node.space
            written.append((f"xmlns:{node.prefix}" if node.prefix else "xmlns", node.space))
        self._out += [f' {name}="{_escaped(value, quoted=True)}"' for name, value in written]
        if not node.children and node.short:
            self._out.append(" />")
            return
        self._out.append(">")
        for child in node.children:
            mixed = mixed or child.kind == "cdata" or (child.kind in {"text", "whitespace"} and child.value != "")
            self._node(child, depth + 1, mixed=mixed, spaces=known)
        self._indent(depth, mixed=mixed)
        self._out.append(f"</{node.name}>")

    @staticmethod
    def _name(attribute: Node, known: dict[str, str], made: dict[str, str], depth: int) -> str:
        """Return an attribute's name: without a namespace it has no prefix, with one it needs one."""
        if not attribute.space:
            return attribute.local
        if attribute.space == XMLNS or attribute.prefix:
            return attribute.name
        prefix = next((p for p, space in known.items() if p and space == attribute.space), None)
        if prefix is None:
            prefix = f"d{depth + 1}p{len(made) + 1}"
            known[prefix] = made[prefix] = attribute.space
        return f"{prefix}:{attribute.name}"


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("\r", "&#xD;").replace("\n", "&#xA;") if quoted else text
