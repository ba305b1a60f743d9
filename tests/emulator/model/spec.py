"""A module's argument spec, read from the .ps1 that travels in the payload, and the checks that Ansible.Basic makes
with it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import typing as t

import tree_sitter
import tree_sitter_powershell

from .call import ModuleFailure

_LANGUAGE = tree_sitter.Language(tree_sitter_powershell.language())
_LEGACY = re.compile(r"Get-AnsibleParam[^\n]*?-name\s+[\"']?([A-Za-z_]+)[\"']?([^\n]*)", re.IGNORECASE)
_TRUE = {"yes", "y", "on", "1", "true", "t", "1.0"}
_FALSE = {"no", "n", "off", "0", "false", "f", "0.0"}


class Unknown:
    """A value that only running the script would tell."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = Unknown()


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a module takes.

    Attributes:
        options: by name; None for a plain script that takes what it gets.
        legacy: read by Get-AnsibleParam, so that unknown options pass unseen.
        supports_check_mode: whether it may run in check mode.
        rules: mutually_exclusive, required_together, required_one_of, required_if, required_by.
    """

    options: dict[str, dict[str, t.Any]] | None
    legacy: bool = False
    supports_check_mode: bool = True
    rules: dict[str, t.Any] = dataclasses.field(default_factory=dict)


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


class _Reader:
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
        if kind == "hash_literal_expression":
            return self._table(node)
        if kind == "string_literal":
            return _string(_text(node))
        if kind in {"decimal_integer_literal", "hexadecimal_integer_literal"}:
            return int(_text(node), 0)
        if kind == "real_literal":
            return float(_text(node))
        if kind == "variable":
            constant = {"$true": True, "$false": False, "$null": None}
            text = _text(node).lower()
            return constant[text] if text in constant else self.variable(text.lstrip("$"))
        if kind == "array_expression":
            return self._array(node)
        if kind == "parenthesized_expression" and len(children) == 1:
            return self.value(children[0])
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


def _string(text: str) -> str:
    return text[1:-1].replace("''", "'") if text[:1] in {"'", '"'} and text[-1:] == text[:1] else text


@functools.cache
def read(source: str, utilities: str = "") -> Spec:
    """Return the spec that a module's script states.

    Args:
        source: the text of the .ps1.
        utilities: the text of WebRequest.psm1, whose options some modules add.
    """
    if "AnsibleModule]::Create" not in source:
        if "Get-AnsibleParam" not in source:
            return Spec(None)
        names = {match[1]: {"raw": True} for match in _LEGACY.finditer(source)}
        options = {name: option for name, option in names.items() if not name.startswith("_ansible")}
        return Spec(
            options, legacy=True, supports_check_mode=bool(re.search(r"supports_check_mode\s+\$true", source, re.I))
        )
    reader = _Reader(source)
    made = re.search(r"AnsibleModule\]::Create\(\s*\$args\s*,\s*\$(\w+)(.*?)\)\s*$", source, re.MULTILINE)
    table = reader.variable(made[1]) if made else reader.variable("spec")
    if not isinstance(table, dict):
        return Spec(None)
    if made and "WebRequestSpec" in made[2] and utilities:
        table = _merged(table, _Reader(utilities).returned("Get-AnsibleWindowsWebRequestSpec"))
    options = table.get("options") or {}
    rules = {key: value for key, value in table.items() if key not in {"options", "supports_check_mode"}}
    return Spec(options if isinstance(options, dict) else None, False, bool(table.get("supports_check_mode")), rules)


def _merged(table: dict[str, t.Any], more: t.Any) -> dict[str, t.Any]:
    if not isinstance(more, dict):
        return table
    options = {name: dict(option) for name, option in (more.get("options") or {}).items()}
    for name, option in (table.get("options") or {}).items():
        options[name] = {**options.get(name, {}), **option}
    return {**table, "options": options}


def check(spec: Spec, module: str, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the arguments as the module sees them: names resolved, types made, defaults filled in.

    Raises:
        ModuleFailure: with the message of Ansible.Basic.
    """
    given = {name: value for name, value in arguments.items() if not name.startswith("_ansible_")}
    if spec.options is None:
        return given
    if spec.legacy:
        return given
    try:
        return _checked(spec.options, spec.rules, given, module, "")
    except _Invalid as invalid:
        raise ModuleFailure(str(invalid)) from None


class _Invalid(Exception):
    pass


def _checked(
    options: dict[str, dict[str, t.Any]], rules: dict[str, t.Any], given: dict[str, t.Any], module: str, where: str
) -> dict[str, t.Any]:
    names: dict[str, str] = {}
    for name, option in options.items():
        aliases = option.get("aliases") if isinstance(option, dict) else None
        for known in [name, *(aliases if isinstance(aliases, list) else [aliases] if aliases else [])]:
            names[str(known).lower()] = name
    unknown = sorted(name for name in given if name.lower() not in names)
    if unknown:
        raise _Invalid(
            f"Unsupported parameters for ({module}) module: {', '.join(unknown)}{where}. "
            f"Supported parameters include: {', '.join(sorted(options))}"
        )
    values = {names[name.lower()]: value for name, value in given.items() if value is not None}
    _mind_rules(rules, values, where)
    missing = sorted(
        n for n, o in options.items() if isinstance(o, dict) and o.get("required") is True and n not in values
    )
    if missing:
        raise _Invalid(f"missing required arguments: {', '.join(missing)}{where}")
    result: dict[str, t.Any] = {}
    for name, option in options.items():
        value = values.get(name, option.get("default") if isinstance(option, dict) else None)
        result[name] = (
            None if value is None or isinstance(value, Unknown) else _typed(name, option, value, module, where)
        )
    _mind_conditions(rules, result, where)
    _mind_companions(rules, values, where)
    return result


def _mind_rules(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    for group in _groups(rules.get("mutually_exclusive")):
        both = [name for name in group if name in values]
        if len(both) > 1:
            raise _Invalid(f"parameters are mutually exclusive: {', '.join(group)}{where}")
    for group in _groups(rules.get("required_together")):
        if any(n in values for n in group) and not all(n in values for n in group):
            raise _Invalid(f"parameters are required together: {', '.join(group)}{where}")
    for group in _groups(rules.get("required_one_of")):
        if not any(name in values for name in group):
            raise _Invalid(f"one of the following is required: {', '.join(group)}{where}")


def _mind_conditions(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    for rule in _groups(rules.get("required_if")):
        if len(rule) >= 3 and values.get(rule[0]) == rule[1]:
            needed = rule[2] if isinstance(rule[2], list) else [rule[2]]
            absent = [name for name in needed if values.get(name) is None]
            any_is_enough = len(rule) > 3 and rule[3] is True
            if absent and not (any_is_enough and len(absent) < len(needed)):
                kind = "any" if any_is_enough else "all"
                raise _Invalid(
                    f"{rule[0]} is {rule[1]} but {kind} of the following are missing: {', '.join(absent)}{where}"
                )


def _mind_companions(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    companions = rules.get("required_by")
    for name, needed in companions.items() if isinstance(companions, dict) else ():
        absent = [n for n in (needed if isinstance(needed, list) else [needed]) if n not in values]
        if name in values and absent:
            raise _Invalid(f"missing parameter(s) required by '{name}': {', '.join(absent)}{where}")


def _groups(value: t.Any) -> list[list[t.Any]]:
    if not isinstance(value, list) or not value:
        return []
    return value if isinstance(value[0], list) else [value]


def _typed(name: str, option: dict[str, t.Any], value: t.Any, module: str, where: str) -> t.Any:
    kind = option.get("type") or "str"
    made = value if isinstance(kind, Unknown) or not isinstance(kind, str) else _made(name, kind, value, where)
    if isinstance(made, list) and isinstance(option.get("elements"), str):
        elements = option["elements"]
        if elements == "dict" and isinstance(option.get("options"), dict):
            made = [_checked(option["options"], option, dict(e), module, f" found in {name}") for e in made]
        else:
            made = [_made(name, elements, element, where) for element in made]
    elif kind == "dict" and isinstance(option.get("options"), dict) and isinstance(made, dict):
        made = _checked(option["options"], option, made, module, f" found in {name}")
    choices = option.get("choices")
    if isinstance(choices, list) and not any(isinstance(c, Unknown) for c in choices):
        for item in made if isinstance(made, list) else [made]:
            if str(item).lower() not in {str(choice).lower() for choice in choices}:
                raise _Invalid(
                    f"value of {name} must be one of: {', '.join(map(str, choices))}. Got no match for: {item}{where}"
                )
    return made


def _made(name: str, kind: str, value: t.Any, where: str) -> t.Any:
    try:
        if kind in {"str", "path", "sid"}:
            return (
                value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)
            )
        if kind == "int":
            return int(value)
        if kind == "float":
            return float(value)
        if kind == "bool":
            text = str(value).lower()
            if text in _TRUE or text in _FALSE:
                return text in _TRUE
            raise ValueError
        if kind == "list":
            return value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]
        if kind == "dict":
            if isinstance(value, dict):
                return value
            return json.loads(str(value))
    except (TypeError, ValueError):
        raise _Invalid(
            f"argument for {name} is of type System.{type(value).__name__.capitalize()} and we were unable to convert"
            f" to {kind}{where}"
        ) from None
    return value


def hidden(spec: Spec, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the arguments as Ansible.Basic writes them to the event log: only options declared no_log are masked."""
    return {
        name: (
            "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" if (spec.options or {}).get(name, {}).get("no_log") is True else value
        )
        for name, value in arguments.items()
        if not name.startswith("_ansible_") and value is not None
    }
