# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which agent is removed, with what, and who has said so. Docs: win_im_agent_remove.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.drain import MINUTES, REFUSE, WAIT, Drain
from .._agent.folders import Folders
from .._certificates import cert_pairs, wanted_pair
from .._certificates.wanted_pair import Pair
from .._core.plan import Refused
from .._core.probe import Ask
from .._inventory import spelling
from .._windows import iis_config, windows_path
from .._windows.identity import FORMER_SPEC, IDENTITY_SPEC, Identity

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "inventory_host": {"type": "str", "required": True},
        "confirmed": {"type": "list", "elements": "str", "default": []},
        "inventory_hosts": {"type": "list", "elements": "str", "default": []},
        "working_directory": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "service": {"type": "str", "required": True},
        "pool": {"type": "str", "required": True},
        "site": {"type": "str", "required": True},
        "identity": IDENTITY_SPEC,
        "possible_identities": FORMER_SPEC,
        "pairs": {**wanted_pair.SPEC, "required": False, "default": []},
        "host_name": {"type": "str"},
        "organization": {"type": "str"},
        "agent_identifier": {"type": "str"},
        "openid_clients": {"type": "list", "elements": "str", "default": []},
        "data": {"type": "bool", "default": False},
        "features": {"type": "list", "elements": "str", "default": []},
        "stop_seconds": {"type": "int", "default": 120},
        # No choice to ignore a job: Windows removes no program that runs.
        "drain": {"type": "str", "choices": [WAIT, REFUSE], "default": WAIT},
        "drain_minutes": {"type": "int", "default": MINUTES},
        "backup_count": iis_config.BACKUP_COUNT,
    },
}
_SYSTEM = (
    *("C:\\Program Files", "C:\\Program Files (x86)", "C:\\ProgramData", "C:\\Users"),
    *("C:\\inetpub", "C:\\inetpub\\wwwroot", "C:\\inetpub\\history", "C:\\inetpub\\logs", "C:\\inetpub\\temp"),
)
"""Folders of Windows and IIS, in which an agent may be, and which are none."""
_SYSTEM_WHOLLY = (
    *("C:\\Windows", "C:\\Program Files\\Common Files", "C:\\Program Files\\dotnet", "C:\\Program Files\\IIS"),
    *("C:\\Program Files (x86)\\Common Files", "C:\\ProgramData\\Microsoft"),
)
"""Folders in which there is no agent either."""
_PROFILES = "C:\\Users"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is removed.

    Attributes:
        host: the inventory host.
        confirmed: the inventory hosts whose removal somebody has asked for by name.
        known: all hosts of the inventory; empty where nobody tells them.
        folders: the agent's.
        service: its service, whether or not it is one.
        pool: its application pool, whether or not it has one.
        site: its site, the same.
        identity: whom it runs as.
        possible: whom it may have run as.
        pairs: its key pairs, as they are wanted.
        identifier: of the agent, as the Identity Manager server knows it.
        clients: the names of its OpenID clients.
        data: whether its data goes too.
        features: Windows features that go too if nothing else needs them.
        stop_seconds: how long it may take to stop.
        drain: what happens while a job of the agent runs.
        backup_count: how many former versions of applicationHost.config are kept.
    """

    host: str
    confirmed: tuple[str, ...]
    known: tuple[str, ...]
    folders: Folders
    service: str
    pool: str
    site: str
    identity: Identity
    possible: tuple[Identity, ...]
    pairs: tuple[Pair, ...]
    identifier: str
    clients: tuple[str, ...]
    data: bool
    features: tuple[str, ...]
    stop_seconds: int
    drain: Drain
    backup_count: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused for folders that no agent has for itself."""
        folders = Folders.of(arguments["working_directory"], arguments["folders"])
        for path in folders.all():
            _check_folder(path)
        certificates = {"pairs": arguments["pairs"], "former_identities": [], "grant_server": False, "state": "cleaned"}
        certificates |= {"identity": arguments["identity"], "organization": arguments.get("organization")}
        certificates |= {"host_name": arguments.get("host_name")}
        return cls(
            host=arguments["inventory_host"],
            confirmed=tuple(
                name.strip() for text in arguments["confirmed"] for name in text.split(",") if name.strip()
            ),
            known=tuple(arguments["inventory_hosts"]),
            folders=folders,
            service=arguments["service"],
            pool=arguments["pool"],
            site=arguments["site"],
            identity=Identity.of(arguments["identity"]),
            possible=tuple(Identity.of(one) for one in arguments["possible_identities"]),
            pairs=cert_pairs.Wanted.of(certificates).own,
            identifier=arguments.get("agent_identifier") or "",
            clients=tuple(arguments["openid_clients"]),
            data=arguments["data"],
            features=tuple(arguments["features"]),
            stop_seconds=arguments["stop_seconds"],
            drain=Drain.of({**arguments, "settings_path": folders.path("Runtime")}, arguments["pool"]),
            backup_count=arguments["backup_count"],
        )

    @property
    def runtime(self) -> str:
        """Return the Runtime folder."""
        return self.folders.path("Runtime")

    def sids(self, ask: Ask) -> tuple[str, ...]:
        """Return the SIDs that the agent has, or may have had, as far as they are known."""
        found = [sid for one in (self.identity, *self.possible) for sid in one.known_sid(ask)]
        return tuple(dict.fromkeys(found))

    def check_names(self) -> None:
        """Raise Refused for a name that no host has: somebody wants the removal of another one."""
        unknown = [name for name in self.confirmed if name not in self.known] if self.known else []
        if not unknown:
            return
        near = list(filter(None, (spelling.nearest(name, self.known) for name in unknown)))
        meant = f" (the nearest: {', '.join(near)})" if near else ""
        raise Refused(
            f"confirmed (im_remove): found {', '.join(unknown)}, wanted names of hosts of the inventory{meant}: correct"
            " them and run again. Nothing was removed"
        )

    def check_confirmed(self) -> None:
        """Raise Refused unless somebody has named this host."""
        if self.host in self.confirmed:
            return
        found = ", ".join(filter(None, self.confirmed)) or "nothing"
        raise Refused(
            f"confirmed (im_remove): found {found}, wanted the name of this host, whose agent would be removed: run"
            f" again with -e im_remove={self.host}, or a list of names for several hosts. Nothing was removed"
        )


def _check_folder(path: str) -> None:
    """Refuse a folder that is a drive, one of Windows, or a user's profile: it would be removed with all in it."""
    parent = windows_path.above(path)
    if (
        parent in {"", path}
        or windows_path.same(parent, _PROFILES)
        or any(windows_path.same(path, one) for one in _SYSTEM)
        or any(windows_path.is_under(path, one) for one in _SYSTEM_WHOLLY)
    ):
        raise Refused(
            f"found {path} as a folder of the agent, wanted one of its own: nothing of it was removed. Check"
            " im_agent_working_directory and im_agent_folders"
        )
