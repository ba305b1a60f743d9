# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refusals and warnings in the inventory's words: the variable behind a module's option, and where it was set."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import origin, sentence
from .role_tasks import RoleTask
from .variables import SettledVariables

VOCABULARY = "im_agent_"
MAIN = {"imops.identity_manager.win_im_cert_pair": "pairs"}
"""The option that refusals of a module are about which name none."""
_ALIAS = re.compile(r"\{\{ ?([A-Za-z_]\w*)( or omit| \| .*)? ?\}\}")
_OPTION = re.compile(r"(\w+)(?:\.(\w+))?(?=[:, ])")
UNDEFINED = re.compile(r"'(\w+)' is undefined")
_UNKNOWN = re.compile(r"(\w+)\.([\w.]+)\. Supported parameters include: (.*?)\.?$", re.DOTALL)
_IN_WORDS = re.compile(r"\b(?:option ([a-z_]+)|([a-z]+(?:_[a-z]+)+)|([a-z]+)(?=: | is '))\b")
_OURS = re.compile(rf"\b{VOCABULARY}\w+(?:\.\w+)*")
_SHORTEST = 2
"""Characters of a value that tells which variable a sentence is about."""

Place = t.Callable[[str], str]
"""Returns where a variable was set, such as ``group_vars/agents/agent.yml:12``; empty where nobody knows."""


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a task cannot be carried out.

    Attributes:
        task: the task, as ``role : name``.
        variable: the inventory's variable that it is about; empty where none is known.
        place: where that was set; empty where nobody knows.
        text: what was found, what was wanted and what to do.
    """

    task: str
    variable: str
    place: str
    text: str

    def __str__(self) -> str:
        place = f" ({self.place})" if self.place else ""
        return f"{self.variable}{place}: {self.text}" if self.variable else f"{self.task}: {self.text}"

    @property
    def fields(self) -> dict[str, str]:
        """Return it for a result, with what its sentence says was found, wanted, and is to be done."""
        found, wanted, remedy = sentence.parts(self.text)
        return {**dataclasses.asdict(self), "found": found, "wanted": wanted, "remedy": remedy}

    @property
    def kind(self) -> tuple[str, str]:
        """Return what two refusals share that say the same of the same variable."""
        return self.variable, self.text.partition(": ")[0]


def of(task: RoleTask, error: Exception, variables: SettledVariables, place: Place) -> list[Refusal]:
    """Return a task's refusals in the inventory's words.

    Args:
        task: the task.
        error: why its module refuses it, in words of its options, or why its templates fail.
        variables: the task's variables.
        place: finds where a variable was set.
    """
    parts = getattr(error, "parts", ())
    if parts:
        return [Refusal(str(task), name, place(name), sentence.complete(text, name)) for name, text in parts]
    text = str(error)
    undefined = UNDEFINED.search(text)
    if undefined:
        name, rest = undefined[1], f"found no such variable, wanted a value, since the task '{task}' uses it"
    else:
        name, rest = _in_vocabulary(task, text, variables)
        rest = sentence.of_arguments(rest)
    return [Refusal(str(task), name, place(name) if name else "", sentence.complete(rest, name))]


def _in_vocabulary(task: RoleTask, text: str, variables: SettledVariables) -> tuple[str, str]:
    """Return the variable that a refusal is about, and what the refusal says of it."""
    option, argument = _option(task, text)
    name = behind(argument, variables) if option else ""
    if not name.startswith(VOCABULARY):
        main = behind(task.arguments.get(MAIN.get(task.module, ""), ""), variables)
        name = by_value(argument, text, variables) or name or main
    rest = text.removeprefix(f"{option}: ") if name and option else text
    return name, in_variables(task, rest, variables)


def _option(task: RoleTask, text: str) -> tuple[str, t.Any]:
    """Return the option that a refusal begins with and its argument; nothing and all arguments for none."""
    found = _OPTION.match(text)
    if not found or found[1] not in task.arguments:
        return _option_elsewhere(task, text)
    argument = task.arguments[found[1]]
    if found[2] and isinstance(argument, dict) and found[2] in argument:
        return found[0], argument[found[2]]
    return found[1], argument


def _option_elsewhere(task: RoleTask, text: str) -> tuple[str, t.Any]:
    """Return the option that a sentence names elsewhere than at its beginning, as a variable of the environment or in
    brackets, and its argument.
    """
    first = text.partition(":")[0].lower()
    named = re.search(r"\(option (\w+)\)", text)
    for option in (first, named[1] if named else ""):
        if option in task.arguments:
            return option, task.arguments[option]
    return "", task.arguments


def of_options(message: str) -> str:
    """Return what Ansible says of a module's options in our words, where an option within another is unknown."""
    found = _UNKNOWN.search(message)
    return f"{found[1]}: found the unknown key {found[2]!r}, wanted one of {found[3]}" if found else message


def behind(argument: t.Any, variables: SettledVariables) -> str:
    """Return the variable that an argument is made of, perhaps by filters, followed as far as variables are made of
    others; empty for none.
    """
    name = ""
    while isinstance(argument, str):
        found = _ALIAS.fullmatch(argument)
        if not found:
            break
        name = name if found[1].startswith("_") else found[1]
        argument = variables.raw(found[1])
    return name


def by_value(argument: t.Any, text: str, variables: SettledVariables) -> str:
    """Return the inventory's variable behind an argument whose value stands in a sentence, the longest value first."""
    found = {}
    text = text.replace("\\\\", "\\")  # as in a text that is shown in quotation marks
    for name in variables.names(argument):
        value = variables.value(name) if name.startswith(VOCABULARY) else None
        shown = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if len(shown) >= _SHORTEST and re.search(rf"(?<!\w){re.escape(shown)}(?!\w)", text):
            found[name] = len(shown)
    return max(sorted(found), key=found.__getitem__, default="")


def in_variables(task: RoleTask, text: str, variables: SettledVariables) -> str:
    """Return a sentence with the inventory's variables in the place of a module's options.

    An option is a word with ``_``, or one that stands after "option", before a colon or before "is '".
    """

    def named(match: re.Match[str]) -> str:
        option, plain = match[1] or match[2] or match[3], match[0]
        name = behind(task.arguments.get(option, ""), variables)
        return plain.removeprefix("option ").replace(option, name) if name else plain

    return _IN_WORDS.sub(named, text)


def placed(text: str, place: Place) -> str:
    """Return a warning with the place of each of our variables after its name, where its user has set it."""
    told: set[str] = set()

    def located(match: re.Match[str]) -> str:
        where = "" if match[0] in told else place(match[0])
        told.add(match[0])
        if not origin.is_of_user(where):
            return match[0]
        before = match.string[: match.start()]
        in_brackets = before.count("(") > before.count(")")
        return f"{match[0]}, {where}" if in_brackets else f"{match[0]} ({where})"

    return _OURS.sub(located, text)
