"""The small part of PowerShell that win_powershell's model runs: literals, parameters, warnings, and ``$Ansible``."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..registry.value_data import text

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>\$[A-Za-z.]+)|(?P<word>[A-Za-z][\w-]*)"
    r"|(?P<mark>@\{|@\(|\(Get-Location\)\.Path|[{}()=,;\n]))"
)
_CONSTANTS: dict[str, t.Any] = {"$true": True, "$false": False, "$null": None}
_PROCESSES = re.compile(r"^\s*\[CmdletBinding\(SupportsShouldProcess\)\]\s*")
_PARAMETERS = re.compile(r"^\s*param\(([^)]*)\)")


class Unreadable(Exception):
    """More than this runs."""


@dataclasses.dataclass
class Ran:
    """What a script left.

    Attributes:
        output: of its pipeline.
        warnings: their texts.
        ansible: what ``$Ansible`` holds.
    """

    output: list[t.Any]
    warnings: list[str]
    ansible: dict[str, t.Any]


def foresees(script: str) -> bool:
    """Tell whether a script says that it may run in check mode."""
    return bool(_PROCESSES.match(script))


def run(script: str, parameters: t.Mapping[str, t.Any], folder: str, *, check: bool) -> Ran:
    """Run a script.

    Raises:
        Unreadable: it has something else in it.
    """
    foresees_first, script = foresees(script), _PROCESSES.sub("", script)
    declared = _PARAMETERS.match(script)
    names = [name.strip().lower() for name in declared[1].split(",") if name.strip()] if declared else []
    given = {f"${name.lower()}": value for name, value in parameters.items()}
    if set(given) - set(names) and (declared or foresees_first):
        raise Unreadable("a parameter that the script does not declare")
    variables = {name: given.get(name) for name in names}
    ansible: dict[str, t.Any] = {"CheckMode": check, "Result": {}, "Diff": {}, "Changed": True, "Failed": False}
    reader = _Reader(_tokens(_PARAMETERS.sub("", script)), variables, ansible, folder)
    return Ran(*reader.statements(), ansible)


def _tokens(script: str) -> list[str]:
    found, position = [], 0
    script = script.strip()
    while position < len(script):
        match = _TOKEN.match(script, position)
        if match is None:
            raise Unreadable(script[position : position + 40])
        found.append(match[0].strip(" \t") if "\n" not in match[0] else ";")
        if "\n" in match[0] and match[0].strip():
            found.append(match[0].strip())
        position = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[str], variables: dict[str, t.Any], ansible: dict[str, t.Any], folder: str) -> None:
        self._tokens, self._variables, self._ansible, self._folder = tokens, variables, ansible, folder

    def _next(self) -> str:
        return self._tokens.pop(0) if self._tokens else ";"

    def _take(self, *marks: str) -> bool:
        if self._tokens and self._tokens[0] in marks:
            self._tokens.pop(0)
            return True
        return False

    def statements(self) -> tuple[list[t.Any], list[str]]:
        output: list[t.Any] = []
        warnings: list[str] = []
        while self._tokens:
            if self._take(";"):
                continue
            if self._take("Write-Warning"):
                warnings.append(text(self._value()))
            elif len(self._tokens) > 1 and self._tokens[1] == "=":
                self._assign()
            else:
                output += self._piped()
            if self._tokens and not self._take(";"):
                raise Unreadable(self._tokens[0])
        return output, warnings

    def _piped(self) -> list[t.Any]:
        """Return a value as the pipeline passes it on: a list's entries one by one."""
        unrolled = not self._take(",")
        value = self._value()
        return value if isinstance(value, list) and unrolled else [value]

    def _assign(self) -> None:
        place, _ = self._next().split("."), self._next()
        holder = self._ansible
        if place[0].lower() != "$ansible" or len(place) not in {2, 3}:
            raise Unreadable(".".join(place))
        known = {name.lower(): name for name in holder}
        name = known.get(place[1].lower())
        if name is None:
            raise Unreadable(place[1])
        if len(place) == 3:
            holder, name = holder[name], place[2]
        holder[name] = self._value()

    def _value(self) -> t.Any:
        token = self._next()
        lowered = token.lower()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        if re.fullmatch(r"-?\d+\.\d+", token):
            return float(token)
        if token == "(Get-Location).Path":
            return self._folder
        if lowered in _CONSTANTS:
            return _CONSTANTS[lowered]
        if lowered in self._variables:
            return self._variables[lowered]
        if lowered == "$ansible.checkmode":
            return self._ansible["CheckMode"]
        if token == "@(":
            return self._list()
        if token == "@{":
            return self._table()
        raise Unreadable(token)

    def _list(self) -> list[t.Any]:
        found: list[t.Any] = []
        while not self._take(")"):
            found.append(self._value())
            self._take(",")
        return found

    def _table(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        while not self._take("}"):
            name = self._next()
            if not self._take("="):
                raise Unreadable(name)
            found[name.strip("'")] = self._value()
            self._take(";")
        return found


def shown(value: t.Any, depth: int) -> t.Any:
    """Return a value as the module shows it: below the depth as its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth < 0:
        return " ".join(map(text, value)) if isinstance(value, list) else text(value)
    if isinstance(value, list):
        return [shown(entry, depth - 1) for entry in value]
    return {name: shown(entry, depth - 1) for name, entry in value.items()}
