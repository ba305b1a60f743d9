"""The XPath that people write for configuration files: location paths with simple predicates."""

from __future__ import annotations

import re
import typing as t

from .xml_document import Node

_NAME = r"[A-Za-z_\u0080-\uffff][\w.\-\u0080-\uffff]*"
_STEP = re.compile(
    rf"(?P<slash>//?)?(?P<test>\.\.|\.|@?(?:{_NAME}:)?(?:{_NAME}|\*)|)(?P<call>\(\))?(?P<predicates>(?:\[[^\[\]]*\])*)"
)
_PREDICATE = re.compile(
    rf"(?:(?P<number>\d+)|(?P<last>last\(\))|(?P<what>\.|text\(\)|local-name\(\)|name\(\)|@?(?:{_NAME}:)?{_NAME})"
    r"(?:\s*(?P<operator>!?=)\s*(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"))?)"
)
_KINDS = {"text": {"text", "cdata", "whitespace"}, "comment": {"comment"}}


class NoPath(Exception):
    """A text is no path."""


class UnknownPath(Exception):
    """A text may be a path, but is none that is understood here."""


def select(document: Node, path: str, prefixes: t.Mapping[str, str]) -> list[Node]:
    """Return the nodes that a path names, in the document's order.

    Args:
        document: in which, and from where.
        path: or several with ``|`` between.
        prefixes: the namespaces that names may have.

    Raises:
        NoPath: it is none, or has a prefix that is not there; the message is .NET's.
        UnknownPath: it has what is not understood here.
    """
    if not path or path.count("[") != path.count("]"):
        raise NoPath("Expression must evaluate to a node-set.")
    found: set[int] = set()
    for part in path.split("|"):
        found |= {id(node) for node in _path(document, part.strip(), prefixes)}
    return [node for node in _all(document) if id(node) in found]


def _all(node: Node) -> t.Iterator[Node]:
    yield node
    yield from node.attributes
    for child in node.children:
        yield from _all(child)


def _below(node: Node) -> t.Iterator[Node]:
    yield node
    for child in node.children:
        yield from _below(child)


def _path(document: Node, path: str, prefixes: t.Mapping[str, str]) -> list[Node]:
    nodes, at = [document], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or step.end() == at or (at > 0 and not step["slash"]):
            raise UnknownPath(path)
        at = step.end()
        if not step["test"]:
            if step["slash"] != "/" or path != "/":
                raise NoPath(f"'{path}' has an invalid token.")
            continue
        if step["slash"] == "//":
            nodes = _once(below for node in nodes for below in _below(node))
        predicates = re.findall(r"\[([^\[\]]*)\]", step["predicates"])
        named = [_named(node, step["test"], bool(step["call"]), prefixes) for node in nodes]
        for predicate in predicates:
            named = [_kept(candidates, predicate, prefixes) for candidates in named]
        nodes = _once(node for candidates in named for node in candidates)
    return nodes


def _once(nodes: t.Iterable[Node]) -> list[Node]:
    return list({id(node): node for node in nodes}.values())


def _named(node: Node, test: str, call: bool, prefixes: t.Mapping[str, str]) -> list[Node]:
    if test == ".":
        return [node]
    if test == "..":
        return [node.parent] if node.parent else []
    if call:
        if test == "node":
            return [child for child in node.children if child.kind != "declaration"]
        if test not in _KINDS:
            raise UnknownPath(test)
        return [child for child in node.children if child.kind in _KINDS[test]]
    attribute = test.startswith("@")
    prefix, _, local = test.removeprefix("@").rpartition(":")
    if prefix and prefix not in prefixes:
        raise NoPath(f"Namespace prefix '{prefix}' is not defined.")
    space = prefixes[prefix] if prefix else ""
    if attribute:
        among = [one for one in node.attributes if not (one.name == "xmlns" or one.prefix == "xmlns")]
    else:
        among = [child for child in node.children if child.kind == "element"]
    anything = local == "*" and not prefix
    return [one for one in among if anything or (one.space == space and local in {"*", one.local})]


def _kept(nodes: list[Node], predicate: str, prefixes: t.Mapping[str, str]) -> list[Node]:
    read = _PREDICATE.fullmatch(predicate.strip())
    if read is None:
        raise UnknownPath(predicate)
    if read["number"]:
        return nodes[int(read["number"]) - 1 : int(read["number"])] if int(read["number"]) else []
    if read["last"]:
        return nodes[-1:]
    wanted = read["single"] if read["single"] is not None else read["double"]
    return [node for node in nodes if _holds(_values(node, read["what"], prefixes), read["operator"], wanted)]


def _values(node: Node, what: str, prefixes: t.Mapping[str, str]) -> list[str]:
    if what == "local-name()":
        return [node.local]
    if what == "name()":
        return [node.name]
    if what == "text()":
        return [one.inner_text for one in _named(node, "text", True, prefixes)]
    return [one.inner_text for one in _named(node, what, False, prefixes)]


def _holds(values: list[str], operator: str | None, wanted: str | None) -> bool:
    if operator is None or wanted is None:
        return bool(values)
    return any((value == wanted) == (operator == "=") for value in values)
