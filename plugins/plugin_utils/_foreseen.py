# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that a play over the shared vocabulary will ask a server, so that its first probe brings every answer.

A question that is missing here costs one more remote execution, nothing else: the action that needs it asks by itself.
"""

from __future__ import annotations

import types
import typing as t

from . import (
    _agent_settings,
    _application_pool,
    _cert_pairs,
    _load_order,
    _permissions,
    _prerequisites,
    _service,
    _site,
    _web_config,
    _working_directory,
)
from ._folders import Folders
from ._plan import Refused
from ._questions import Query

Inventory = t.Mapping[str, t.Any]


def runtime(inventory: Inventory) -> str:
    """Return the agent's Runtime folder."""
    return Folders.of(inventory["working_directory"], inventory.get("folders") or {}).path("Runtime")


def questions(inventory: Inventory) -> tuple[Query, ...]:
    """Return the questions of every subject that the roles use, for an inventory that has been checked."""
    asked: list[Query] = []
    for subject, arguments in _arguments(inventory):
        try:
            asked += subject.questions(
                subject.Wanted.of(_with_defaults(subject.ARGUMENT_SPEC["argument_spec"], arguments))
            )
        except Refused:
            continue  # the subject's own task says so, with its options' names
    return tuple(asked)


def _with_defaults(spec: dict[str, t.Any], arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    filled = {name: arguments.get(name, option.get("default")) for name, option in spec.items()}
    for name, option in spec.items():
        value = filled[name]
        if option.get("options") and isinstance(value, list):
            filled[name] = [_with_defaults(option["options"], item) for item in value]
        elif option.get("options") and isinstance(value, dict):
            filled[name] = _with_defaults(option["options"], value)
    return filled


def _arguments(inventory: Inventory) -> t.Iterator[tuple[types.ModuleType, dict[str, t.Any]]]:
    """Yield what the roles pass to each module, as far as questions follow from it."""
    root, folders = inventory["working_directory"], inventory.get("folders") or {}
    path, pool = runtime(inventory), inventory["pool_name"]
    user = inventory.get("identity_username") or ""
    service, is_service = inventory.get("service_name") or "", inventory.get("hosting") == "service"
    own = {"service": service} if is_service else {"pool": pool}
    identity = {"account": user} if user else own
    former = [{"pool": pool}, *([{"service": service}] if service else [])]
    yield (
        _prerequisites,
        {
            **({"features": ["RSAT-ADDS-Tools"]} if is_service else {}),
            "hosting_bundle": {
                "source": inventory["hosting_bundle_source"],
                "checksum": inventory["hosting_bundle_checksum"],
                "version": str(inventory["hosting_bundle_version"]),
            },
        },
    )
    archive = {"source": inventory["archive_source"], "checksum": inventory["archive_checksum"]}
    yield _working_directory, {"path": root, "folders": folders, "archive": archive}
    yield (
        _cert_pairs,
        {
            "pairs": inventory["certificates"],
            "identity": identity,
            "host_name": inventory.get("host_name"),
            "settings_path": path,
        },
    )
    watch = [f"{path}\\{name}" for name in _load_order.OURS]
    if service:
        yield (
            _service,
            {
                "name": service,
                "state": "started" if is_service else "absent",
                "path": path,
                "urls": inventory.get("service_urls"),
                "username": user or None,
                "password": inventory.get("identity_password") or None,
                "replaces_site": inventory["site_name"],
                "watch": watch,
            },
        )
    yield (
        _application_pool,
        {
            "name": pool,
            "state": "absent" if is_service else "started",
            "identity": "specific_user" if user else "application_pool_identity",
            "username": user or None,
            "password": inventory.get("identity_password") or None,
            "watch": [] if is_service else watch,
        },
    )
    yield (
        _permissions,
        {"working_directory": root, "folders": folders, "identity": identity, "former_identities": former},
    )
    settings = inventory.get("settings") or {}
    work = folders.get("Work") or (f"{root}\\Work" if is_service else None)
    yield _agent_settings, {"path": path, "settings": settings, "work_folder": work}
    if is_service:
        yield _site, {"name": inventory["site_name"], "state": "absent"}
        return
    yield _web_config, {"path": path}
    binding = {
        "port": int(inventory["https_port"]),
        "host_name": inventory["host_name"],
        "certificate_thumbprint": "0" * 40,
    }
    server: dict[str, t.Any] = next((pair for pair in inventory["certificates"] if pair.get("use") == "server"), {})
    binding["certificate_store"] = server.get("store_name") or "My"
    yield (
        _site,
        {
            "name": inventory["site_name"],
            "path": path,
            "pool": pool,
            "bindings": [binding],
            "replaces_service": service or None,
        },
    )
