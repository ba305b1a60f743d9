# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory's variables as Ansible hands them over, checked before a server is asked: types, ranges, choices, names
and templates of all roles' variables, then the rules on their values.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.template import Templar

from .._inventory import agent_info, combinations, rules, vocabulary
from .._inventory.vocabulary import Finding
from . import compiled, conversion, role_tasks
from .refusal import UNDEFINED, VOCABULARY

_SPECS = {
    path.parents[1].name: yaml_load(path.read_text("utf-8"))["argument_specs"]
    for path in sorted(role_tasks.ROLES.glob("*/meta/argument_specs.yml"))
}
# Read when the action is found, once in a run: a worker, which is a process for each server, starts with what is read.
KNOWN = vocabulary.of(_SPECS)
"""All public variables, by name."""
_DEFAULTS: dict[str, t.Any] = {}
for _path in sorted(role_tasks.ROLES.glob("*/defaults/main.yml")):
    _DEFAULTS |= role_tasks.defaults(_path.parents[1].name)


@dataclasses.dataclass(frozen=True)
class Read:
    """A server's variables of ours.

    Attributes:
        values: what they hold, as their type where that is possible.
        unfit: the names of those that cannot be their type.
        failing: what templates of others lack; empty where they fail for another reason.
        templated: what their templates became, before any conversion.
    """

    values: dict[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    unfit: frozenset[str] = frozenset()
    failing: dict[str, str] = dataclasses.field(default_factory=dict)
    templated: dict[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def inventory(self) -> dict[str, t.Any]:
        """Return what the option ``inventory`` of win_im_agent_info takes."""
        return {
            name: self.values[VOCABULARY + name] for name in agent_info.INVENTORY if VOCABULARY + name in self.values
        }


def read(variables: compiled.Variables, templar: Templar) -> Read:
    """Return the variables of ours that somebody set, and all that the check's rules are about.

    Args:
        variables: all variables of the server, as Ansible hands them over: values may be templates.
        templar: what templates them.
    """
    values, unfit, failing = dict[str, t.Any](), set[str](), dict[str, str]()
    templated: dict[str, t.Any] = {}
    compiled.reuse(templar)
    for name, variable in KNOWN.items():
        raw = variables.get(name)
        if raw is None or (raw == _DEFAULTS.get(name) and name.removeprefix(VOCABULARY) not in agent_info.INVENTORY):
            continue
        try:
            value = templated[name] = compiled.template(templar, raw, variables)
        except AnsibleError as error:
            undefined = UNDEFINED.search(str(error))
            failing[name] = undefined[1] if undefined else ""
            continue
        values[name], fits = conversion.converted(value, variable.type, variable.elements)
        if not fits:
            unfit.add(name)
    return Read(values, frozenset(unfit), failing, templated)


def of_inventory(inventory: t.Mapping[str, t.Any]) -> Read:
    """Return the variables of an inventory that a task has as its argument, by name without ``im_agent_``."""
    values, unfit = dict[str, t.Any](), set[str]()
    for name, value in inventory.items():
        variable = KNOWN.get(VOCABULARY + name)
        kind, elements = (variable.type, variable.elements) if variable else ("raw", "")
        values[VOCABULARY + name], fits = conversion.converted(value, kind, elements)
        if not fits:
            unfit.add(VOCABULARY + name)
    return Read(values, frozenset(unfit))


def findings(given: Read, variables: t.Mapping[str, t.Any]) -> list[Finding]:
    """Return what is wrong with variables, each once.

    Args:
        given: the variables of ours.
        variables: all variables of the server, for their names; empty where only the values are checked.
    """
    own = given.values.get(vocabulary.OWN)
    found = vocabulary.misspelt(variables, KNOWN, own if isinstance(own, list) else ())
    meant = {one.meant for one in found if one.meant not in variables}
    for name, needed in given.failing.items():
        if needed not in KNOWN:  # what is ours has its own finding
            found.append(Finding(name, vocabulary.failing_template(KNOWN[name], needed, variables)))
    for name, value in given.values.items():
        fits = name not in given.unfit
        text = vocabulary.refused_value(KNOWN[name], value, fits=fits) if name in KNOWN and value is not None else ""
        if text:
            found.append(Finding(name, text))
    known = {one.variable for one in found} | meant | given.failing.keys()
    possible = {name: value for name, value in given.values.items() if name not in known}
    inventory = {name.removeprefix(VOCABULARY): value for name, value in possible.items()}
    for problem in (*rules.problems(inventory), *combinations.problems(possible)):
        if re.split(r"[.,]", problem.variable)[0] not in known:
            found.append(Finding(problem.variable, f"found {problem.found}, wanted {problem.wanted}"))
    return found
