# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that a play over the shared vocabulary will ask a server, so that its first probe returns every answer.

A question that is missing here costs one more remote execution, nothing else: the action that needs it asks by itself.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t

from .._agent import before_note, drain, start_signs
from .._agent.folders import Folders
from .._certificates import cert_pairs
from .._core.plan import Refused
from .._core.probe import Query
from .._hosting import application_pool, service, site
from .._server import permissions, prerequisites, working_directory
from .._settings import agent_settings, web_config

Inventory = t.Mapping[str, t.Any]


def runtime(inventory: Inventory) -> str:
    """Return the agent's Runtime folder."""
    return Folders.of(inventory["working_directory"], inventory.get("folders") or {}).path("Runtime")


def questions(inventory: Inventory) -> tuple[Query, ...]:
    """Return the questions of every subject that the roles use, for an inventory that has been checked."""
    found: list[Query] = [before_note.presence(runtime(inventory))]
    for subject, arguments in _arguments(inventory):
        try:
            found += subject.questions(
                subject.Wanted.of(_with_defaults(subject.ARGUMENT_SPEC["argument_spec"], arguments))
            )
        except Refused:
            continue  # the subject's own task says so, with its options' names
    if inventory.get("hosting") != "service":
        folders = Folders.of(inventory["working_directory"], inventory.get("folders") or {})
        found.append(start_signs.newest_file(folders.path("Temp")))
    return tuple(found)


def _with_defaults(spec: dict[str, t.Any], arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    filled = {name: arguments.get(name, option.get("default")) for name, option in spec.items()}
    for name, option in spec.items():
        value = filled[name]
        if option.get("options") and isinstance(value, list):
            filled[name] = [_with_defaults(option["options"], item) for item in value]
        elif option.get("options") and isinstance(value, dict):
            filled[name] = _with_defaults(option["options"], value)
    return filled


@dataclasses.dataclass(frozen=True)
class _Server:
    """What several modules get from the inventory.

    Attributes:
        inventory: the inventory's variables.
        runtime: the agent's Runtime folder.
        is_service: whether the agent is a service, not a site of IIS.
    """

    inventory: Inventory
    runtime: str
    is_service: bool

    @property
    def user(self) -> str | None:
        return self.inventory.get("identity_username") or None

    @property
    def password(self) -> str | None:
        return self.inventory.get("identity_password") or None

    @property
    def service(self) -> str | None:
        return self.inventory.get("service_name") or None

    @property
    def folders(self) -> dict[str, t.Any]:
        return {
            "working_directory": self.inventory["working_directory"],
            "folders": self.inventory.get("folders") or {},
        }

    @property
    def stops(self) -> dict[str, t.Any]:
        """Return what belongs to a stop of the agent; whether it waits, no question depends on."""
        return {"settings_path": self.runtime, "drain": drain.WAIT}

    @property
    def identity(self) -> dict[str, t.Any]:
        if self.user:
            return {"account": self.user}
        return {"service": self.service or ""} if self.is_service else {"pool": self.inventory["pool_name"]}


Arguments = tuple[types.ModuleType, dict[str, t.Any]]


def _arguments(inventory: Inventory) -> t.Iterator[Arguments]:
    """Yield what the roles pass to each module, as far as questions follow from it (docs/decisions/0011)."""
    server = _Server(inventory, runtime(inventory), inventory.get("hosting") == "service")
    yield from _installed(server)
    yield from _identities(server)
    settings = inventory.get("settings") or {}
    work = server.folders["folders"].get("Work")
    work = work or (f"{inventory['working_directory']}\\Work" if server.is_service else None)
    hosted = {"hosting": "service" if server.is_service else "iis", "service": server.service}
    identity = server.identity
    kept = {"backup_count": int(inventory["backup_count"])} if "backup_count" in inventory else {}
    more = {**hosted, "identity": identity, **kept}
    yield agent_settings, {"path": server.runtime, "settings": settings, "work_folder": work, **more}
    if server.is_service:
        yield site, {"name": inventory["site_name"], "state": "absent", **kept}
        return
    yield web_config, {"path": server.runtime, "identity": identity, **kept}
    yield site, {**_site(server), **kept}


def _installed(server: _Server) -> t.Iterator[Arguments]:
    """Yield what installs features, bundle and runtime."""
    inventory = server.inventory
    bundle = {
        "source": inventory["hosting_bundle_source"],
        "checksum": inventory["hosting_bundle_checksum"],
        "version": str(inventory["hosting_bundle_version"]),
    }
    features = {"features": ["RSAT-ADDS-Tools"]} if server.is_service else {}
    way = {"https_proxy": inventory.get("https_proxy"), "no_proxy": inventory.get("no_proxy") or []}
    yield prerequisites, {**features, "hosting_bundle": bundle, **way}
    archive = {"source": inventory["archive_source"], "checksum": inventory["archive_checksum"]}
    folders = server.folders
    given = {"path": folders["working_directory"], "folders": folders["folders"], "archive": archive}
    yield working_directory, {**given, **way}


def _identities(server: _Server) -> t.Iterator[Arguments]:
    """Yield what has to do with whom the agent runs as: key pairs, service, pool and rights."""
    inventory = server.inventory
    yield (
        cert_pairs,
        {
            "pairs": inventory["certificates"],
            "identity": server.identity,
            "host_name": inventory.get("host_name"),
            "organization": inventory.get("organization"),
            "settings_path": server.runtime,
        },
    )
    if server.service:
        yield service, _service(server)
    yield (
        application_pool,
        {
            "name": inventory["pool_name"],
            "state": "absent" if server.is_service else "started",
            "identity": "specific_user" if server.user else "application_pool_identity",
            "username": server.user,
            "password": server.password,
            **server.stops,
        },
    )
    former = [{"pool": inventory["pool_name"]}, *([{"service": server.service}] if server.service else [])]
    yield permissions, {**server.folders, "identity": server.identity, "former_identities": former}


def _service(server: _Server) -> dict[str, t.Any]:
    return {
        "name": server.service,
        "state": "started" if server.is_service else "absent",
        "path": server.runtime,
        "urls": server.inventory.get("service_urls"),
        "username": server.user,
        "password": server.password,
        "replaces_site": server.inventory["site_name"],
        **server.stops,
    }


def _site(server: _Server) -> dict[str, t.Any]:
    inventory = server.inventory
    own: dict[str, t.Any] = next((pair for pair in inventory["certificates"] if pair.get("use") == "server"), {})
    binding: dict[str, t.Any] = {"host_name": inventory["host_name"]}
    if inventory.get("site_protocol") == "http":
        binding |= {"protocol": "http", "port": int(inventory["http_port"])}
    else:
        binding |= {
            "port": int(inventory["https_port"]),
            "certificate_thumbprint": "0" * 40,  # no question depends on it
            "certificate_store": own.get("store_name") or "My",
        }
    return {
        "name": inventory["site_name"],
        "path": server.runtime,
        "pool": inventory["pool_name"],
        "bindings": [binding],
        "replaces_service": server.service,
    }
