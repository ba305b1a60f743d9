# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a step of an upgrade. Docs: win_im_agent_upgrade.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import download, version_folders
from .._agent.drain import OPTIONS, Drain
from .._agent.folders import Folders
from .._core.plan import Refused
from .._operate import run_state
from .._versions.suitable import Limits
from .._windows import windows_path

LOOK, KEPT, TAKE, BACK, SETTLE = "look", "kept", "take", "back", "settle"
STEPS = (LOOK, KEPT, TAKE, BACK, SETTLE)
ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "step": {"type": "str", "choices": list(STEPS), "required": True},
        "path": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "checksum": {"type": "str", "required": True},
        "kept": {"type": "str"},
        "version": {"type": "str", "default": ""},
        "hosting_bundle_version": {"type": "str"},
        "server_version": {"type": "str"},
        "downgrade": {"type": "bool", "default": False},
        **run_state.NAMES,
        **OPTIONS,
        "plan": {"type": "list", "elements": "dict", "default": []},
        "checks": {"type": "list", "elements": "dict", "default": []},
        "unsound": {"type": "bool", "default": False},
        "reason": {"type": "str", "default": ""},
        "keep_versions": {"type": "int", "default": 2},
        "stopped_at": {"type": "str", "default": ""},
    },
    **run_state.NAMED,
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One step of an upgrade.

    Attributes:
        step: which one.
        folders: the working directory and its folders.
        checksum: the SHA-256 of the archive of the version that is wanted.
        kept: the folder of a kept version that is wanted; empty for the staged one.
        version: how the version begins that is looked for among the kept ones; empty for the last one.
        limits: which versions may take the place of the present one.
        hosting: what runs the agent, as ``run_state`` takes it.
        drain: what happens while a job of the agent runs.
        plan: what a run would change, as ``win_im_agent_info`` foretells it.
        checks: the checks of a verification.
        unsound: whether an agent that does not pass them may be upgraded.
        reason: why the former version takes its place again.
        keep_versions: how many former versions stay.
        stopped_at: when the agent was stopped, in the server's time.
    """

    step: str
    folders: Folders
    checksum: str
    kept: str
    version: str
    limits: Limits
    hosting: t.Mapping[str, t.Any]
    drain: Drain
    plan: tuple[t.Mapping[str, t.Any], ...]
    checks: tuple[t.Mapping[str, t.Any], ...]
    unsound: bool
    reason: str
    keep_versions: int
    stopped_at: str

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        folders = Folders.of(arguments["path"], arguments["folders"])
        checksum = download.checksum(arguments["checksum"])
        if checksum is None:
            raise Refused("checksum: wanted the SHA-256 of the archive, 64 hexadecimal digits")
        if arguments["keep_versions"] < 0:
            raise Refused(
                f"keep_versions (im_agent_keep_versions): found {arguments['keep_versions']}, wanted 0 or more"
            )
        names = ("service", "pool", "site", "stop_seconds")
        return cls(
            step=arguments["step"],
            folders=folders,
            checksum=checksum,
            kept=arguments.get("kept") or "",
            version=arguments["version"],
            limits=Limits.of(arguments),
            hosting={name: arguments.get(name) for name in names},
            drain=Drain.of({**arguments, "settings_path": folders.path("Runtime")}, arguments.get("pool")),
            plan=tuple(arguments["plan"]),
            checks=tuple(arguments["checks"]),
            unsound=arguments["unsound"],
            reason=arguments["reason"],
            keep_versions=arguments["keep_versions"],
            stopped_at=arguments["stopped_at"],
        )

    @property
    def runtime(self) -> str:
        """Return the Runtime folder."""
        return self.folders.path("Runtime")

    @property
    def parent(self) -> str:
        """Return the folder that Runtime is in."""
        return windows_path.above(self.runtime)

    @property
    def new(self) -> str:
        """Return the folder that is to become Runtime."""
        return self.kept or version_folders.staged(self.runtime, self.checksum)

    def agent(self, state: str) -> run_state.Wanted:
        """Return what asks for a state of the agent."""
        stays = {"start_stopped": False, "drain": "ignore", "drain_minutes": 1}
        return run_state.Wanted.of({**self.hosting, **stays, "state": state})
