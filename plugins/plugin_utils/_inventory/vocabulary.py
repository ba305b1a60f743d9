# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All public variables of the roles, as their ``meta/argument_specs.yml`` declare them, and which names and values are
possible.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import spelling

OWN = "im_agent_own_variables"
"""The variable that lists names of a user's own variables that are like ours."""
MORE = frozenset({"im_agent_hosts", "im_remove"})
"""Variables of the playbooks, which no role declares."""
RESULT = "_result"
"""What the names of registered results end with."""
RANGES: t.Mapping[str, tuple[int, int | None]] = {
    "https_port": (1, 65535),
    "http_port": (1, 65535),
    "port": (1, 65535),
    "backup_count": (0, None),
    "drain_minutes": (1, None),
    "keep_versions": (0, None),
    "most_mebibytes": (1, 1024),
    "renew_days": (1, None),
    "soak": (0, None),
    "stop_seconds": (1, 3600),
    "verify_timeout": (0, None),
    "timeout": (0, None),
}
"""The least and the greatest value of numbers, by the variable's name without its role."""
WORDS = {
    "bool": "true or false",
    "dict": "a dictionary",
    "int": "a whole number",
    "list": "a list",
    "str": "a text",
}
_LONGEST_SHOWN = 60
_NAMES = {
    bool: "a truth value",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a dictionary",
}


@dataclasses.dataclass(frozen=True)
class Variable:
    """One public variable.

    Attributes:
        name: its name.
        role: the role that declares it.
        type: the type that Ansible gives it: bool, dict, int, list, str.
        elements: the type of a list's entries; empty where nothing is declared.
        choices: the values that are possible; empty where others decide.
        required: whether a run is impossible without it.
        secret: whether its value must not be shown.
        description: what it is, in paragraphs.
    """

    name: str
    role: str
    type: str
    elements: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    secret: bool = False
    description: tuple[str, ...] = ()

    @property
    def range(self) -> tuple[int, int | None] | None:
        """Return the least and the greatest value of a number; None where every one is possible."""
        return RANGES.get(self.name.removeprefix(f"{self.role}_")) if self.type == "int" else None

    @property
    def wanted(self) -> str:
        """Return what it may hold, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.range:
            least, most = self.range
            return f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"
        if self.elements in {"str", "dict"}:
            return f"a list of {'texts' if self.elements == 'str' else 'dictionaries'}"
        return WORDS[self.type]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One variable that cannot be right.

    Attributes:
        variable: its name.
        text: what was found, what was wanted and what to do; without secrets.
        meant: the variable that it is misspelt for; empty where it is not misspelt.
    """

    variable: str
    text: str
    meant: str = ""


def of(specs: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, Variable]:
    """Return the variables by name.

    Args:
        specs: by role, the content of ``argument_specs`` in its ``meta/argument_specs.yml``.
    """
    return {
        name: Variable(
            name,
            role,
            option["type"],
            option.get("elements", ""),
            tuple(map(str, option.get("choices", ()))),
            bool(option.get("required")),
            bool(option.get("no_log")),
            tuple(paragraphs if isinstance(paragraphs, list) else [paragraphs]),
        )
        for role, entries in specs.items()
        for name, option in entries["main"].get("options", {}).items()
        for paragraphs in [option.get("description", "")]
    }


def misspelt(names: t.Iterable[str], known: t.Mapping[str, Variable], own: t.Collection[str]) -> list[Finding]:
    """Return the variables that begin as ours do, are none, and are near to one.

    Args:
        names: the names of all variables of a server.
        known: the public variables.
        own: names that a user wants to keep.
    """
    prefixes = tuple(f"{role}_" for role in dict.fromkeys(variable.role for variable in known.values()))
    exempt = {*own, *MORE}
    strange = [name for name in names if name.startswith(prefixes) and name not in known and name not in exempt]
    found = []
    for name in sorted(strange):
        if name.endswith(RESULT):
            continue
        prefix = max((prefix for prefix in prefixes if name.startswith(prefix)), key=len)
        meant = spelling.nearest(name, (other for other in known if other.startswith(prefix)), prefix=prefix)
        if meant:
            text = (
                f"found a variable that nothing reads, wanted {meant}: correct its name, or list it in {OWN} where it"
                " is your own"
            )
            found.append(Finding(name, text, meant))
    return found


def refused_value(variable: Variable, value: t.Any, *, fits: bool) -> str:
    """Return why a value is impossible, empty where it is possible.

    Args:
        variable: the variable that holds it.
        value: the value, converted to the variable's type where that is possible.
        fits: whether it was possible.
    """
    if not fits:
        return _refused(variable, value)
    if variable.choices and str(value) not in variable.choices:
        meant = spelling.nearest(str(value), variable.choices)
        return _refused(variable, value) + (f"; the nearest is {meant}" if meant else "")
    if variable.range:
        least, most = variable.range
        if value < least or (most is not None and value > most):
            return _refused(variable, value)
    return ""


def failing_template(variable: Variable, needed: str, names: t.Iterable[str]) -> str:
    """Return why a variable's template cannot be used.

    Args:
        variable: the variable that holds the template.
        needed: the variable that it lacks; empty where it fails for another reason.
        names: the names of all variables of the server, one of which may be meant.
    """
    if not needed:
        return f"found a template that Ansible cannot make a value of, wanted {variable.wanted}: correct the template"
    near = spelling.nearest(needed, names)
    remedy = f"the nearest name is {near}" if near else f"set {needed}, or correct the template"
    return f"found a template that needs {needed}, which is not set, wanted {variable.wanted}: {remedy}"


def _refused(variable: Variable, value: t.Any) -> str:
    return f"found {shown(variable, value)}, wanted {variable.wanted}: correct it, or leave it out for the default"


def shown(variable: Variable, value: t.Any) -> str:
    """Return a refused value in words: itself only where it is short, and neither it nor its variable is a secret."""
    what = next((words for kind, words in _NAMES.items() if isinstance(value, kind)), "something else")
    plain = isinstance(value, str | int | float) and variable.type in {"int", "bool", "str"}
    if not plain or variable.secret or len(str(value)) > _LONGEST_SHOWN:
        return what
    return repr(value) if isinstance(value, str) else str(value)
