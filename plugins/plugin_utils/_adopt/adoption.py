# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Existing agents of a server, written down as an inventory. Docs: win_im_agent_adopt.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import probe
from .._core.probe import Ask, Query
from .._inventory import prefetch
from .._windows import iis_config, windows_path
from . import agents, described
from .agents import Agent
from .variable import Description, Secret

KEPT, VAULT = "kept", "vault"
ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "secrets": {"type": "str", "choices": [KEPT, VAULT], "default": KEPT},
        "force": {"type": "bool", "default": False},
        "folder": {"type": "str"},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """How agents are written down.

    Attributes:
        encrypts: whether secrets are encrypted with ansible-vault, instead of kept on the server.
        force: whether existing files are overwritten.
        folder: of the inventory, on the controller; empty for that of the host's own.
    """

    encrypts: bool
    force: bool
    folder: str

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants."""
        return cls(arguments["secrets"] == VAULT, arguments["force"], arguments.get("folder") or "")


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known to find the agents."""
    del wanted
    return agents.questions()


def further(ask: Ask, given: t.Mapping[str, t.Any]) -> tuple[Query, ...]:
    """Return all that is asked of what may be an agent, in one execution: what its description needs, and what a run
    with it would ask; ``given``: the variables of downloads that the user has set already.
    """
    found: list[Query] = []
    for agent in agents.candidates(ask):
        found += [agents.program(agent.runtime), *described.questions(agent)]
        found += prefetch.questions(described.draft(agent, given))
    found += [agents.program(folder) for folder in _below_sites(ask)]
    return tuple(found)


def _below_sites(ask: Ask) -> list[str]:
    """Return the folders of applications below sites, which no variable describes as an agent."""
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    paths = iis_config.folders(iis_config.content(answer)) if answer else set()
    known = {agent.runtime.lower() for agent in agents.candidates(ask)}
    folders = {windows_path.normal(windows_path.expand(path)) for path in paths}
    return sorted(f for f in folders if windows_path.why_not_absolute(f) is None and f.lower() not in known)


def descriptions(ask: Ask, given: t.Container[str]) -> tuple[list[tuple[Agent, Description]], list[str]]:
    """Return the server's agents with their descriptions, and warnings; ``given``: variables that are set already."""
    present, told = agents.present(ask)
    for folder in _below_sites(ask):
        if ask(agents.program(folder)) is not None:
            told.append(
                f"{folder} has the agent's program and is an application below a site: wanted a site of its own, so it"
                " was not described"
            )
    return [(agent, described.of(agent, ask, given)) for agent in present], told


def known_secrets(value: t.Any) -> t.Iterator[str]:
    """Yield the secrets of a description's values that are known."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from known_secrets(inner)
    elif isinstance(value, Secret) and value.value:
        yield value.value
