"""A module's argument spec, read from the .ps1 that travels in the payload, and the checks that Ansible.Basic makes
with it.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

import tree_sitter
import tree_sitter_powershell

from . import legacy, option_types
from .call import ModuleFailure

_LANGUAGE = tree_sitter.Language(tree_sitter_powershell.language())


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
        legacy: read by Get-AnsibleParam, so that unknown options pass unseen: its parameters.
        open: takes any option besides, as it is: setup does.
        supports_check_mode: whether it may run in check mode.
        rules: mutually_exclusive, required_together, required_one_of, required_if, required_by.
    """

    options: dict[str, dict[str, t.Any]] | None
    legacy: tuple[legacy.Parameter, ...] = ()
    supports_check_mode: bool = True
    rules: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    open: bool = False


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
        checks = bool(re.search(r"supports_check_mode\s+\$true", source, re.IGNORECASE))
        return Spec(None, legacy.parameters(source), supports_check_mode=checks)
    reader = _Reader(source)
    made = re.search(r"AnsibleModule\]::Create\(\s*\$args\s*,\s*\$(\w+)(.*?)\)\s*$", source, re.MULTILINE)
    table = reader.variable(made[1]) if made else reader.variable("spec")
    if not isinstance(table, dict):
        return Spec(None)
    if made and "WebRequestSpec" in made[2] and utilities:
        table = _merged(table, _Reader(utilities).returned("Get-AnsibleWindowsWebRequestSpec"))
    options = table.get("options") or {}
    rules = {key: value for key, value in table.items() if key not in {"options", "supports_check_mode"}}
    return Spec(
        options if isinstance(options, dict) else None,
        (),
        bool(table.get("supports_check_mode")),
        rules,
        re.search(r"\$spec\.options\.\S+\s*=\s*@\{\s*type\s*=\s*'raw'", source) is not None,
    )


def _merged(table: dict[str, t.Any], more: t.Any) -> dict[str, t.Any]:
    if not isinstance(more, dict):
        return table
    options = {name: dict(option) for name, option in (more.get("options") or {}).items()}
    for name, option in (table.get("options") or {}).items():
        options[name] = {**options.get(name, {}), **option}
    return {**table, "options": options}


class Skipped(Exception):
    """The module does not run in check mode: the text says so."""


def _as_it_is(text: str) -> str:
    return text


def check(
    spec: Spec,
    module: str,
    arguments: t.Mapping[str, t.Any],
    *,
    check_mode: bool = False,
    expand: t.Callable[[str], str] = _as_it_is,
) -> dict[str, t.Any]:
    """Return the arguments as the module sees them: names resolved, types made, defaults filled in.

    Args:
        spec: what the module takes.
        module: its full name, for messages.
        arguments: as they came.
        check_mode: whether it is to run in check mode.
        expand: what environment variables in paths are filled in with.

    Raises:
        ModuleFailure: with the message of Ansible.Basic, or of Get-AnsibleParam for a module of the old kind.
        Skipped: it has no check mode.
    """
    given = {name: value for name, value in arguments.items() if not name.startswith("_ansible_")}
    if spec.options is None:
        if check_mode and not spec.supports_check_mode:
            raise Skipped("remote module does not support check mode")
        return {**given, **legacy.read(spec.legacy, given, expand)}
    if spec.open:
        given = {name: value for name, value in given.items() if name.lower() in map(str.lower, _names(spec.options))}
    try:
        _mind_names(spec.options, given, module, "")
        if check_mode and not spec.supports_check_mode:
            raise Skipped(f"remote module ({module}) does not support check mode")
        return _checked(spec.options, spec.rules, given, _Context(module, expand))
    except _Invalid as invalid:
        raise ModuleFailure(str(invalid)) from None


def impossible(spec: Spec, arguments: t.Mapping[str, t.Any]) -> list[str]:
    """Return the options of Ansible.Basic whose values are of no use each for itself; which of several it names first
    is not known, since it walks through a hashtable.
    """
    options = spec.options or {}
    names = {name.lower(): option for name, option in _names(options).items()}
    found = []
    for given, value in arguments.items():
        name = names.get(given.lower())
        if name is None or value is None:
            continue
        try:
            _typed(name, options[name], value, _Context("", _as_it_is))
        except _Invalid:
            found.append(name)
    return found


@dataclasses.dataclass(frozen=True)
class _Context:
    """Which module is checked, and in which of its options."""

    module: str
    expand: t.Callable[[str], str]
    within: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f" found in {' -> '.join(self.within)}" if self.within else ""

    def inside(self, option: str) -> _Context:
        return dataclasses.replace(self, within=(*self.within, option))


class _Invalid(Exception):
    pass


def _names(options: dict[str, dict[str, t.Any]]) -> dict[str, str]:
    """Return the options' names by each of their own names and aliases."""
    names: dict[str, str] = {}
    for name, option in options.items():
        aliases = option.get("aliases") if isinstance(option, dict) else None
        for known in [name, *(aliases if isinstance(aliases, list) else [aliases] if aliases else [])]:
            names[str(known)] = name
    return names


def _mind_names(options: dict[str, dict[str, t.Any]], given: t.Mapping[str, t.Any], module: str, where: str) -> None:
    names = _names(options)
    known = {name.lower() for name in names}
    unknown = sorted(name for name in given if name.lower() not in known)
    if unknown:
        raise _Invalid(
            f"Unsupported parameters for ({module}) module: {', '.join(unknown)}{where}. "
            f"Supported parameters include: {', '.join(sorted(names))}"
        )


def _checked(
    options: dict[str, dict[str, t.Any]], rules: dict[str, t.Any], given: dict[str, t.Any], context: _Context
) -> dict[str, t.Any]:
    _mind_names(options, given, context.module, context.where)
    values, where = _by_option(options, given), context.where
    _mind_exclusive(rules, values, where)
    for name, option in options.items():
        default = option.get("default") if isinstance(option, dict) else None
        if default is not None:
            values.setdefault(name, default)
    missing = sorted(
        n for n, o in options.items() if isinstance(o, dict) and o.get("required") is True and n not in values
    )
    if missing:
        raise _Invalid(f"missing required arguments: {', '.join(missing)}{where}")
    result: dict[str, t.Any] = {}
    for name, option in options.items():
        value = values.get(name)
        result[name] = None if value is None or isinstance(value, Unknown) else _typed(name, option, value, context)
    _mind_rules(rules, values, where)
    _mind_conditions(rules, {name: result[name] for name in values}, where)
    _mind_companions(rules, values, where)
    for name, option in options.items():
        if isinstance(option, dict) and result[name] is not None:
            result[name] = _inside(name, option, result[name], context, listed=isinstance(values.get(name), list))
    return result


def _by_option(options: dict[str, dict[str, t.Any]], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what is given by each option's own name. A null counts as given; the last of several aliases counts."""
    lowered = {name.lower(): value for name, value in given.items()}
    values: dict[str, t.Any] = {}
    for alias, name in _names(options).items():
        if alias.lower() in lowered:
            values[name] = lowered[alias.lower()]
    return values


def _mind_exclusive(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
    for group in _groups(rules.get("mutually_exclusive")):
        both = [name for name in group if name in values]
        if len(both) > 1:
            raise _Invalid(f"parameters are mutually exclusive: {', '.join(group)}{where}")


def _mind_rules(rules: dict[str, t.Any], values: dict[str, t.Any], where: str) -> None:
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
            absent = [name for name in needed if name not in values]
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


def _typed(name: str, option: dict[str, t.Any], value: t.Any, context: _Context) -> t.Any:
    kind = option.get("type") or "str"
    made = value
    if isinstance(kind, str):
        try:
            made = option_types.made(kind, value, context.expand)
        except option_types.Inconvertible as why:
            raise _Invalid(
                f"argument for {name} is of type {option_types.net_type(value)} and we were unable to convert to"
                f" {kind}: {why}{context.where}"
            ) from None
    choices = option.get("choices")
    if isinstance(choices, list) and not any(isinstance(c, Unknown) for c in choices):
        known = {str(choice).lower() for choice in choices}
        wrong = [str(item) for item in (made if isinstance(made, list) else [made]) if str(item).lower() not in known]
        if wrong:
            raise _Invalid(
                f"value of {name} must be {'one or more of' if kind == 'list' else 'one of'}:"
                f" {', '.join(map(str, choices))}. Got no match for: {', '.join(wrong)}{context.where}"
            )
    return made


def _inside(name: str, option: dict[str, t.Any], value: t.Any, context: _Context, *, listed: bool) -> t.Any:
    """Check what is in a list or a dictionary; one that was listed has its texts as PowerShell wraps them."""
    inner, elements = option.get("options"), option.get("elements")
    if option.get("type") == "dict" and isinstance(inner, dict) and isinstance(value, dict):
        return _checked(inner, option, value, context.inside(name))
    if not isinstance(value, list) or not isinstance(elements, str):
        return value
    if elements == "dict" and isinstance(inner, dict):
        return [_checked(inner, option, dict(element), context.inside(name)) for element in value]
    made = []
    for element in value:
        try:
            made.append(option_types.made(elements, element, context.expand))
        except option_types.Inconvertible:
            wrapped = listed and isinstance(element, str)
            kind = "System.Management.Automation.PSObject" if wrapped else option_types.net_type(element)
            raise _Invalid(
                f"argument for list entry {name} is of type {kind} and we were unable to convert to"
                f" {elements}: Exception has been thrown by the target of an invocation.{context.where}"
            ) from None
    return made


def hidden(spec: Spec, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the arguments as Ansible.Basic writes them to the event log: only options declared no_log are masked."""
    return {
        name: (
            "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" if (spec.options or {}).get(name, {}).get("no_log") is True else value
        )
        for name, value in arguments.items()
        if not name.startswith("_ansible_") and value is not None
    }
