"""community.windows.win_xml: nodes of a document by XPath; the whole file is written anew, as .NET writes it.

Texts are compared as PowerShell does, where ``A`` equals ``a``.
"""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.text import xml_document, xml_paths
from ..windows.text.xml_document import XMLNS, Node, NotXml
from .ansible_windows_files import mind_path

BACKUP_PROCESS = 4000
"""The number of the process that backups are named after."""
NO_MATCH = (
    "The supplied xpath did not match any nodes.  If this is unexpected, check your xpath is valid for the xml file at"
    " supplied path."
)
WRONG_TYPE = (
    "The specified node cannot be inserted as the valid child of this node, because the specified node is the wrong"
    " type."
)
NO_CONTAINER = "The current node cannot contain other nodes."
ON_NULL = "You cannot call a method on a null-valued expression."


@handles("community.windows.win_xml")
def win_xml(call: Call) -> dict[str, t.Any]:
    """Count or show nodes, or change them."""
    return _Edit(call).run()


def _fails(message: str) -> WindowsError:
    return WindowsError("System.Management.Automation.RuntimeException", message)


def _called(method: str, count: int, why: str) -> WindowsError:
    return _fails(f'Exception calling "{method}" with "{count}" argument(s): "{why}"')


def _equal(one: str, other: t.Any) -> bool:
    """Tell what ``-eq`` tells of a text; null equals none."""
    return other is not None and one.lower() == str(other).lower()


class _Edit:
    """One call: the document and what is to be done with it."""

    def __init__(self, call: Call) -> None:
        self._call, arguments = call, call.arguments
        self._kind = str(arguments["type"]).lower()
        self._path, self._fragment = arguments["path"], arguments["fragment"]
        self._attribute, self._state = arguments["attribute"], str(arguments["state"]).lower()
        self._content = str(arguments["content"] or "").lower()
        self._keep_space = bool(arguments["preserve_whitespace"])
        self._result: dict[str, t.Any] = {"changed": False}

    def run(self) -> dict[str, t.Any]:
        """Return the module's result."""
        self._document = self._loaded()
        nodes, result = self._selected(), self._result
        if self._call.arguments["count"]:
            result["count"] = len(nodes)
            if not self._fragment and not self._content:
                return result
        if not nodes:
            return result | {"msg": NO_MATCH}
        result["msg"] = "not changed"
        if self._content:
            return result | {"matches": [self._shown(node) for node in nodes]}
        work = {"element": self._elements, "text": self._texts, "attribute": self._attributes}
        if work[self._kind](nodes):
            self._save()
        return result

    def _loaded(self) -> Node:
        files = self._call.machine.files
        mind_path(self._path)
        if not files.is_file(self._path):
            raise ModuleFailure(f"Specified path {self._path} does not exist or is not a file.", **self._result)
        try:
            return xml_document.load(files.read(self._path), keep_space=self._keep_space)
        except NotXml as error:
            why = f'Exception calling "Load" with "1" argument(s): "{error}"'
            message = f"Failed to parse file at '{self._path}' as an XML document: {why}"
            raise ModuleFailure(message, **self._result) from None

    def _selected(self) -> list[Node]:
        """Return what the XPath names; of prefixes only the root's is known."""
        root, xpath = self._document.root, str(self._call.arguments["xpath"])
        assert root
        if not root.attributes and all(child.kind in {"text", "cdata"} for child in root.children):
            # PowerShell gives such an element as its text, which has no schema.
            message = "The property 'SchemaInfo' cannot be found on this object. Verify that the property exists."
            raise _fails(message)
        try:
            return xml_paths.select(self._document, xpath, {"xml": xml_document.XML, root.prefix: root.space})
        except xml_paths.NoPath as error:
            raise _called("SelectNodes", 2, str(error)) from None
        except xml_paths.UnknownPath:
            raise ModuleFailure(f"the emulator's win_xml does not know the xpath {xpath}") from None

    def _shown(self, node: Node) -> dict[str, t.Any]:
        if self._content == "attribute":
            return {node.name: {attribute.name: attribute.value for attribute in node.attributes}}
        return {node.name: node.inner_text or None}

    # Elements

    def _elements(self, nodes: list[Node]) -> bool:
        if self._state == "absent":
            return self._remove(nodes)
        fragment, space = self._read_fragment(), (self._document.root or self._document).space
        changed = False
        for matched in nodes:
            candidate = Node("element", fragment.name, space=space)
            _copy(candidate, fragment, space)
            node = (matched.root or matched) if matched.kind == "document" else matched
            changed = False  # what the nodes before this one got is saved only when this one changes as well
            present = any(_same(candidate, element) for element in node.children or [node])
            if not present and self._state == "present":
                if node.kind != "element":
                    raise _called("AppendChild", 1, WRONG_TYPE if node.kind == "attribute" else NO_CONTAINER)
                node.append(candidate)
                self._result["msg"] += "xml added "
                changed = True
        return changed

    def _read_fragment(self) -> Node:
        if not self._fragment:
            raise _fails(ON_NULL)
        try:
            document = xml_document.parse(self._fragment)
        except NotXml as error:
            why = f'Cannot convert value "{self._fragment}" to type "System.Xml.XmlDocument". Error: "{error}"'
            told = {key: value for key, value in self._result.items() if key != "msg"}
            raise ModuleFailure(f"Failed to parse fragment as XML: {why}", **told) from None
        assert document.root
        return document.root

    def _remove(self, nodes: list[Node]) -> bool:
        """Remove nodes; in check mode that is not even foretold."""
        if self._call.check:
            return False
        for node in nodes:
            if node.parent is None or node.kind == "attribute":
                raise _fails(ON_NULL)
            node.parent.children.remove(node)
        return True

    # Texts and attributes

    def _texts(self, nodes: list[Node]) -> bool:
        differing = [node for node in nodes if not _equal(node.inner_text, self._fragment)]
        for node in differing:
            if node.kind == "document":
                why = "The 'InnerText' of a 'Document' node is read-only and cannot be set."
                raise _called("set_InnerText", 1, why)
            node.inner_text = self._fragment or ""
        return bool(differing)

    def _attributes(self, nodes: list[Node]) -> bool:
        if self._state not in {"present", "absent"}:
            raise _fails("The variable '$add' cannot be retrieved because it has not been set.")
        work = self._set if self._state == "present" else self._unset
        changes = [work(node) for node in nodes]
        return any(changes)

    def _set(self, node: Node) -> bool:
        name, value = self._attribute, self._fragment
        if node.kind == "attribute":
            if not _equal(node.name, name) or _equal(node.value, value):
                return False
            node.value = value or ""
            return True
        _check_element(node, "HasAttribute")
        found = node.attribute(name)
        # PowerShell finds children of that name as well, in any case of letters.
        held = [one.value for one in node.attributes if _equal(one.name, name)]
        held += [one.inner_text for one in node.children if one.kind == "element" and _equal(one.name, name)]
        if found is not None and all(_equal(one, value) for one in held):
            return False
        node.set(name, value or "", (self._document.root or node).space)
        return True

    def _unset(self, node: Node) -> bool:
        name = self._attribute
        owner = node.parent if node.kind == "attribute" else node
        assert owner
        if node.kind != "attribute":
            _check_element(node, "HasAttribute")
        kept = [attribute for attribute in owner.attributes if attribute.name != name]
        found, owner.attributes = len(kept) < len(owner.attributes), kept
        return found or node.kind == "attribute"

    def _save(self) -> None:
        result, call = self._result, self._call
        result["changed"] = True
        if call.check:
            result["msg"] += " check mode"
            return
        files = call.machine.files
        if call.arguments["backup"]:
            name = f"{self._path}.{BACKUP_PROCESS}.{call.machine.clock.now():%Y%m%d-%H%M%S}.bak"
            files.copy(self._path, name)
            result["backup_file"] = name
        if self._document.root is None:
            raise _called("Save", 1, "Invalid XML document. The document does not have a root element.")
        try:
            files.write(self._path, xml_document.save(self._document, keep_space=self._keep_space))
        except WindowsError as error:
            raise _called("Save", 1, error.message) from None
        result["msg"] = f"{self._call.arguments['type']} {'removed' if self._state == 'absent' else 'changed'}"


def _check_element(node: Node, method: str) -> None:
    if node.kind != "element":
        types = {"document": "XmlDocument", "text": "XmlText", "comment": "XmlComment"}
        name = f"System.Xml.{types.get(node.kind, 'XmlNode')}"
        raise _fails(f"Method invocation failed because [{name}] does not contain a method named '{method}'.")


def _copy(target: Node, source: Node, space: str) -> None:
    """Copy elements and texts of a fragment into a namespace; a text takes the place of what was copied before it, and
    attributes lose theirs.
    """
    for attribute in source.attributes:
        space_of_it = XMLNS if attribute.space == XMLNS else ""
        target.set(attribute.name, attribute.value, space_of_it)
    for child in source.children:
        if child.kind == "element":
            made = Node("element", child.name, space=space)
            _copy(made, child, space)
            target.append(made)
        elif child.kind == "text":
            target.inner_text = child.inner_text


def _same(actual: Node, expected: Node) -> bool:
    """Compare as the module does."""
    return (
        _equal(actual.name, expected.name)
        and (actual.kind != "element" or expected.kind != "element" or _same_attributes(actual, expected))
        and len(actual.children) == len(expected.children)
        and all(_same(b, a) for a, b in zip(actual.children, expected.children, strict=True))
        and _equal(expected.inner_text, actual.inner_text)
    )


def _same_attributes(actual: Node, expected: Node) -> bool:
    return len(actual.attributes) == len(expected.attributes) and all(
        _equal(one.name, other.name) and _equal(one.value, other.value)
        for one, other in zip(actual.attributes, expected.attributes, strict=True)
    )
