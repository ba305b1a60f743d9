# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a step that goes back to what a run has found. Docs: win_im_agent_restore.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.drain import OPTIONS, Drain
from .._agent.folders import Folders
from .._agent.settings_files import Place
from .._operate import run_state
from .._windows import iis_config

LOOK, KEEP, BACK, START, SETTLE = "look", "keep", "back", "start", "settle"
STEPS = (LOOK, KEEP, BACK, START, SETTLE)
ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "step": {"type": "str", "choices": list(STEPS), "required": True},
        "path": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "stores": {"type": "list", "elements": "str", "default": ["My"]},
        **run_state.NAMES,
        **OPTIONS,
        "checks": {"type": "list", "elements": "dict", "default": []},
        "reason": {"type": "str", "default": ""},
        "backup_count": iis_config.BACKUP_COUNT,
    },
    **run_state.NAMED,
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One step.

    Attributes:
        step: which one.
        folders: the working directory and its folders.
        stores: the computer's stores that the agent's key pairs may be in.
        service: the agent's service; empty under IIS.
        pool: the agent's application pool; empty for a service.
        site: the agent's site; empty for a service.
        stop_seconds: how long the agent may take to stop.
        drain: what happens while a job of the agent runs.
        checks: the checks of a verification.
        reason: why what was there is put back.
        backup_count: how many former versions of applicationHost.config are kept.
    """

    step: str
    folders: Folders
    stores: tuple[str, ...]
    service: str
    pool: str
    site: str
    stop_seconds: int
    drain: Drain
    checks: tuple[t.Mapping[str, t.Any], ...]
    reason: str
    backup_count: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        folders = Folders.of(arguments["path"], arguments["folders"])
        return cls(
            step=arguments["step"],
            folders=folders,
            stores=tuple(dict.fromkeys(arguments["stores"])),
            service=arguments.get("service") or "",
            pool=arguments.get("pool") or "",
            site=arguments.get("site") or "",
            stop_seconds=arguments["stop_seconds"],
            drain=Drain.of({**arguments, "settings_path": folders.path("Runtime")}, arguments.get("pool")),
            checks=tuple(arguments["checks"]),
            reason=arguments["reason"],
            backup_count=arguments["backup_count"],
        )

    @property
    def runtime(self) -> str:
        """Return the Runtime folder."""
        return self.folders.path("Runtime")

    @property
    def names(self) -> dict[str, str]:
        """Return what runs the agent, by its name; empty names are of the other hosting."""
        return {"service": self.service, "pool": self.pool, "site": self.site}

    @property
    def place(self) -> Place:
        """Return where the settings files are."""
        return Place(self.runtime, self.folders.path("Work"))

    def agent(self, state: str) -> run_state.Wanted:
        """Return what asks for a state of the agent."""
        stays = {"start_stopped": False, "drain": "ignore", "drain_minutes": 1, "stop_seconds": self.stop_seconds}
        return run_state.Wanted.of({**self.names, **stays, "state": state})
