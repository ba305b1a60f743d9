# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server is, and whether the inventory can be right: every play's first step. Docs: win_im_agent_info.yml."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _foreseen, _iis_config, _mask, _questions, _vocabulary, _working_directory
from ._plan import Plan, Refused
from ._questions import Ask, Query

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "inventory": {"type": "dict", "no_log": True},
        "refresh": {"type": "bool", "default": False},
        "foretell": {"type": "list", "elements": "str", "default": []},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a task wants.

    Attributes:
        inventory: the inventory's variables, by name without the prefix ``im_agent_``; empty when only facts
            are asked for.
        refresh: whether the server is asked again.
        foretell: the roles' entry points whose tasks are foretold, in the order of the play.
    """

    inventory: t.Mapping[str, t.Any] = dataclasses.field(repr=False)
    refresh: bool
    foretell: tuple[str, ...]

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused with every variable that cannot be right."""
        inventory = arguments.get("inventory") or {}
        if inventory:
            problems = _vocabulary.problems(inventory)
            if problems:
                raise Refused(f"the inventory is refused, nothing was written. {'; '.join(map(str, problems))}")
        return cls(inventory, arguments["refresh"], tuple(arguments["foretell"]))


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that must appear nowhere."""
    return _mask.secrets(arguments.get("inventory") or {})


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return all that the play will ask, so that one probe brings it."""
    return (
        _questions.policies(),
        _questions.iis(),
        _questions.file(_iis_config.PATH, _iis_config.MAX_BYTES),
        *(_foreseen.questions(wanted.inventory) if wanted.inventory else ()),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the facts; nothing is ever changed."""
    del check
    iis = ask(_questions.iis())
    configuration = ask(_questions.file(_iis_config.PATH, _iis_config.MAX_BYTES))
    facts: dict[str, t.Any] = {
        "server": ask(_questions.host()),
        "recorded": ask(_questions.policies()),
        "iis": iis,
        "sites": [],
        "pools": [],
    }
    if configuration:
        parsed = _iis_config.parse(base64.b64decode(configuration["content"]))
        facts["sites"] = [dataclasses.asdict(site) for site in parsed.sites]
        facts["pools"] = [
            {"name": p.name, "attributes": {k: v for k, v in p.attributes.items() if k != "processModel.password"}}
            for p in parsed.pools
        ]
    if wanted.inventory:
        runtime = _foreseen.runtime(wanted.inventory)
        marker = ask(_questions.file(f"{runtime}\\{_working_directory.MARKER}"))
        facts["runtime_archive"] = base64.b64decode(marker["content"]).decode().strip() if marker else None
    return Plan(facts={"agent": facts})
