# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agents of a server: its sites and services whose folder or program is the agent's."""

from __future__ import annotations

import dataclasses
import re

from .._certificates.other_agents import PROGRAM, SERVICES
from .._core import probe
from .._core.probe import Ask, Query
from .._windows import iis_config, windows_path
from .._windows.iis_config import Configuration, Pool, Site

IIS, SERVICE = "iis", "service"
_PROGRAM_OF_COMMAND = re.compile(rf'^\s*"?(?P<folder>[^"]*?)\\{PROGRAM}\.exe"?', re.IGNORECASE)
_LIBRARY_OF_COMMAND = re.compile(rf'"?(?P<folder>[A-Za-z]:\\[^"]*?)\\{PROGRAM}\.dll"?', re.IGNORECASE)
_NAME_BEGINS = (
    "Identity Manager Agent",
    "Identity Manager ",
    "IdentityManagerAgent",
    "identitymanager",
)
"""How the names of site, pool, service and working directory begin by default."""


@dataclasses.dataclass(frozen=True)
class Agent:
    """One agent as it was found.

    Attributes:
        hosting: iis or service.
        runtime: its Runtime folder.
        site: its site, with its pool; None for a service.
        pool: the pool; None for a service, and for a pool that is not there.
        service: the service's name; empty under IIS.
        account: whom the service runs as.
        command: what the service runs.
    """

    hosting: str
    runtime: str
    site: Site | None = None
    pool: Pool | None = None
    service: str = ""
    account: str = ""
    command: str = ""

    @property
    def name(self) -> str:
        """Return the name of its site or service."""
        return self.site.name if self.site else self.service

    @property
    def where(self) -> str:
        """Return in words what it was found by."""
        return f"the site {self.name}" if self.site else f"the service {self.service}"

    @property
    def working_directory(self) -> str:
        """Return the folder that its Runtime lies in."""
        return windows_path.above(self.runtime)

    @property
    def organization(self) -> str:
        """Return the organisation by the names that have it, else a word of these names."""
        base = self.working_directory.rstrip("\\").rpartition("\\")[2]
        names = [self.name, self.site.pool if self.site else "", base]
        for name in names:
            for begin in _NAME_BEGINS:
                rest = name[len(begin) :].strip() if name.lower().startswith(begin.lower()) else ""
                if rest:
                    return rest
        return next((word for name in (base, self.name) if (word := re.sub(r"[^\w.-]+", "", name))), "Agent")


def questions() -> tuple[Query, ...]:
    """Return what has to be known to find them."""
    return (
        probe.iis(),
        probe.file(iis_config.PATH, iis_config.MAX_BYTES),
        _services(),
        probe.registry(iis_config.TLS_ADDRESSES, depth=1),
        probe.registry(iis_config.TLS_NAMES, depth=1),
    )


def _services() -> Query:
    return probe.registry(SERVICES, "ImagePath", "ObjectName", depth=1)


def program(runtime: str) -> Query:
    """Ask whether a folder has the agent's program."""
    return probe.file(windows_path.join(runtime, f"{PROGRAM}.dll"), 0)


def configuration(ask: Ask) -> Configuration:
    """Return IIS's configuration, an empty one without IIS."""
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    return iis_config.parse(iis_config.content(answer)) if answer else Configuration((), ())


def candidates(ask: Ask) -> list[Agent]:
    """Return what may be an agent: every site, and every service that runs its program."""
    iis = configuration(ask)
    found = []
    for site in iis.sites:
        folder = windows_path.normal(windows_path.expand(site.path)) if site.path else ""
        if folder and windows_path.why_not_absolute(folder) is None:
            found.append(Agent(IIS, folder, site=site, pool=iis.pool(site.pool)))
    for name, key in ((ask(_services()) or {}).get("children") or {}).items():
        values = {value: str(key["values"].get(value, {}).get("data") or "") for value in ("ImagePath", "ObjectName")}
        command = _PROGRAM_OF_COMMAND.match(values["ImagePath"]) or _LIBRARY_OF_COMMAND.search(values["ImagePath"])
        if command:
            folder = windows_path.normal(windows_path.expand(command["folder"]))
            found.append(
                Agent(SERVICE, folder, service=name, account=values["ObjectName"], command=values["ImagePath"])
            )
    return found


def present(ask: Ask) -> tuple[list[Agent], list[str]]:
    """Return the agents, and sentences about what else has their program.

    A folder that both a site and a service run is one agent: of the service where that runs and the site does not.
    """
    with_program = [agent for agent in candidates(ask) if ask(program(agent.runtime)) is not None]
    found: list[Agent] = []
    told = []
    for agent in with_program:
        twin = next((other for other in found if windows_path.same(other.runtime, agent.runtime)), None)
        if twin is None:
            found.append(agent)
            continue
        kept, left = (agent, twin) if _runs(agent, ask) and not _runs(twin, ask) else (twin, agent)
        found[found.index(twin)] = kept
        told.append(f"{agent.runtime} is run by {kept.where} and by {left.where}: only {kept.where} was described")
    return found, told


def _runs(agent: Agent, ask: Ask) -> bool:
    if agent.hosting == SERVICE:
        return bool((ask(probe.service(agent.service)) or {}).get("state") == "Running")
    return agent.name in {
        site["name"] for site in (ask(probe.iis()) or {}).get("sites", ()) if site["state"] == "Started"
    }
