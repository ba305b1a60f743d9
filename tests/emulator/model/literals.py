"""The literals of a PowerShell script, read without running it."""

from __future__ import annotations

import typing as t

import tree_sitter
import tree_sitter_powershell

_LANGUAGE = tree_sitter.Language(tree_sitter_powershell.language())
_CONSTANTS = {"$true": True, "$false": False, "$null": None}


class Unknown:
    """A value that only running the script would tell."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = Unknown()


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _string(text: str) -> str:
    return text[1:-1].replace("''", "'") if text[:1] in {"'", '"'} and text[-1:] == text[:1] else text


def _integer(text: str) -> int:
    return int(text, 0)


_SIMPLE: dict[str, t.Callable[[str], t.Any]] = {
    "string_literal": _string,
    "decimal_integer_literal": _integer,
    "hexadecimal_integer_literal": _integer,
    "real_literal": float,
}


class Literals:
    """Evaluates the literals of a script: hashtables, arrays, texts, numbers, and variables that hold them."""

    def __init__(self, source: str) -> None:
        self._root = tree_sitter.Parser(_LANGUAGE).parse(source.encode()).root_node
        self.variables: dict[str, t.Any] = {}
        self._collect(self._root)

    def _collect(self, node: tree_sitter.Node) -> None:
        pending = [node]
        while pending:
            current = pending.pop()
            if current.type == "assignment_expression" and len(current.named_children) >= 2:
                name = _text(current.named_children[0]).lstrip("$").lower()
                self.variables.setdefault(name, current.named_children[-1])
                continue
            pending += current.children

    def variable(self, name: str) -> t.Any:
        """Return a variable's value."""
        found = self.variables.get(name.lower(), UNKNOWN)
        if isinstance(found, tree_sitter.Node):
            self.variables[name.lower()] = UNKNOWN  # a variable that holds itself
            found = self.variables[name.lower()] = self.value(found)
        return found

    def returned(self, function: str) -> t.Any:
        """Return the table that a function consists of."""
        pending = [self._root]
        while pending:
            node = pending.pop()
            if node.type == "function_statement" and any(_text(c) == function for c in node.named_children):
                inside = list(node.children)
                while inside:
                    found = inside.pop(0)
                    if found.type == "hash_literal_expression":
                        return self._table(found)
                    inside += found.children
            pending += node.children
        return UNKNOWN

    def value(self, node: tree_sitter.Node) -> t.Any:
        """Return a literal's value, or UNKNOWN."""
        kind, children = node.type, node.named_children
        if kind in _SIMPLE:
            return _SIMPLE[kind](_text(node))
        if kind == "hash_literal_expression":
            return self._table(node)
        if kind == "variable":
            text = _text(node).lower()
            return _CONSTANTS[text] if text in _CONSTANTS else self.variable(text.lstrip("$"))
        if kind == "array_expression":
            return self._array(node)
        if kind == "array_literal_expression" and len(children) > 1:
            return [self.value(child) for child in children]
        if kind == "expression_with_unary_operator" and _text(node).startswith(","):
            return [self.value(children[-1])]
        if kind == "member_access":
            return self._member(node)
        return self.value(children[0]) if len(children) == 1 else UNKNOWN

    def _table(self, node: tree_sitter.Node) -> dict[str, t.Any]:
        table: dict[str, t.Any] = {}
        for body in node.named_children:
            for entry in body.named_children if body.type == "hash_literal_body" else ():
                if entry.type == "hash_entry" and len(entry.named_children) == 2:
                    table[_string(_text(entry.named_children[0]))] = self.value(entry.named_children[1])
        return table

    def _array(self, node: tree_sitter.Node) -> list[t.Any]:
        """Evaluate ``@(...)``: each statement's output is unrolled one level, as PowerShell does."""
        found: list[t.Any] = []
        for block in node.named_children:
            for statement in block.named_children if block.type == "statement_list" else [block]:
                value = self.value(statement)
                found += value if isinstance(value, list) else [value]
        return found

    def _member(self, node: tree_sitter.Node) -> t.Any:
        name, *path = _text(node).lstrip("$").split(".")
        value = self.variable(name)
        for part in path:
            value = value.get(part, UNKNOWN) if isinstance(value, dict) else UNKNOWN
        return value
