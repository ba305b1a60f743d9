"""Scenario files: what emulated servers are before anybody touches them. The format is described in the package's
README.
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t
from pathlib import Path

import yaml

from . import clock, packages
from .identity_server import IdentityServer
from .machine import Machine
from .network import Listener

WIRE = frozenset({"connection", "auth", "address", "user", "password"})
KIND = frozenset({"kind", "modelled"})
STATE = frozenset(
    {
        "os",
        "domain",
        "clock",
        "features",
        "packages",
        "web",
        "shares",
        "files",
        "registry",
        "certificates",
        "accounts",
        "services",
    }
    | {"environment", "pools", "sites", "listeners", "faults", "reboot_pending", "drives", "user_rights"}
    | {"identity_servers"}
)
NOT_ON_A_DRIVE = frozenset(
    {"registry", "certificates", "environment", "pools", "sites", "listeners", "web", "clock", "identity_servers"}
)
"""What a scenario cannot lay down for a host of kind powershell: its tasks do."""
PATH_FAULTS = ("access_denied", "locked", "read_only")


class BadScenario(Exception):
    """A scenario that cannot be: the text names the key."""


@dataclasses.dataclass(frozen=True)
class HostSpec:
    """One server of a scenario.

    Attributes:
        name: its inventory name.
        machine: its state.
        connection: psrp or winrm.
        auth: basic or ntlm.
        address: a 127.x.y.z address, or None for the next free one.
        user: who may log on.
        password: and how.
        faults: the faults that the engine minds (those of paths are in the machine's files already).
        kind: what answers pipelines: the model, or a powershell.
        modelled: modules that the model answers on a host of kind powershell.
        files: the scenario's files by path, None for a folder.
    """

    name: str
    machine: Machine
    connection: str = "psrp"
    auth: str = "basic"
    address: str | None = None
    user: str = "Administrator"
    password: str = "Emulated-1"
    faults: tuple[dict[str, t.Any], ...] = ()
    kind: str = "model"
    modelled: tuple[str, ...] = ()
    files: t.Mapping[str, bytes | None] = dataclasses.field(default_factory=dict)


def load(source: Path | t.Mapping[str, t.Any], names: t.Sequence[str] | None = None) -> dict[str, HostSpec]:
    """Read a scenario and build its servers.

    Args:
        source: a YAML file, or its data.
        names: the servers' names where the scenario has no ``hosts``; default: ``host1``.

    Raises:
        BadScenario: an unknown key or a value that cannot be.
    """
    folder = source.parent if isinstance(source, Path) else Path.cwd()
    data: dict[str, t.Any] = dict(
        (yaml.safe_load(source.read_text("utf-8")) if isinstance(source, Path) else source) or {}
    )
    defaults = data.pop("defaults", None) or {}
    hosts = data.pop("hosts", None) or {name: {} for name in names or ["host1"]}
    specs = {}
    for name, own in hosts.items():
        merged = {**defaults, **data, **(own or {})}
        known = WIRE | KIND | STATE
        unknown = sorted(set(merged) - known)
        if unknown:
            raise BadScenario(f"host {name}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")
        kind, modelled = _kind(name, merged)
        wire = {key: merged[key] for key in WIRE if key in merged}
        if wire.get("connection", "psrp") not in {"psrp", "winrm"} or wire.get("auth", "basic") not in {
            "basic",
            "ntlm",
        }:
            raise BadScenario(f"host {name}: connection is psrp or winrm, auth is basic or ntlm")
        faults = tuple(fault for fault in merged.get("faults") or () if "path" not in fault)
        machine = build(name, merged, folder)
        files = {path: _laid(machine, path) for path in merged.get("files") or ()}
        specs[name] = HostSpec(name, machine, faults=faults, kind=kind, modelled=modelled, files=files, **wire)
    return specs


def _laid(machine: Machine, path: str) -> bytes | None:
    return None if machine.files.is_folder(path) else machine.files.read(path)


def _kind(name: str, merged: t.Mapping[str, t.Any]) -> tuple[str, tuple[str, ...]]:
    kind, modelled = str(merged.get("kind", "model")), tuple(merged.get("modelled") or ())
    if kind not in {"model", "powershell"}:
        raise BadScenario(f"host {name}: kind is model or powershell, not {kind!r}")
    if kind == "model" and modelled:
        raise BadScenario(f"host {name}: modelled is for a host of kind powershell; this one is all model")
    cannot = sorted(NOT_ON_A_DRIVE & set(merged)) if kind == "powershell" else []
    if cannot:
        raise BadScenario(f"host {name}: {cannot[0]} cannot be laid down on a powershell host: let a task do it")
    bad = next((module for module in modelled if module.count(".") != 2), None)
    if bad:
        raise BadScenario(f"host {name}: modelled takes full names such as ansible.windows.win_feature, not {bad!r}")
    return kind, modelled


def build(name: str, data: t.Mapping[str, t.Any], folder: Path) -> Machine:
    """Build one server from its part of a scenario."""
    start = clock.parse(str(data["clock"])) if data.get("clock") else None
    machine = Machine(name, os=str(data.get("os", "2022")), domain=data.get("domain"), start=start)
    for letter, settings in (data.get("drives") or {}).items():
        if letter.upper() == "C":
            for key, value in (settings or {}).items():
                setattr(machine.files.drives["C"], key, value)
        else:
            machine.files.add_drive(letter, **(settings or {}))
    for account in data.get("accounts") or ():
        machine.accounts.add(**account)
    for right, names in (data.get("user_rights") or {}).items():
        machine.accounts.rights.setdefault(right, set()).update(machine.accounts.sid(n) or n for n in names)
    bundles = [p for p in data.get("packages") or () if p.get("before_iis")]
    for package in bundles:
        machine.packages.install_bundle(str(package["version"]))
    if data.get("features"):
        machine.features.install(list(data["features"]), management_tools=True)
    for package in data.get("packages") or ():
        if package not in bundles:
            machine.packages.install_bundle(str(package["version"]))
    _files(machine, data)
    for path, values in (data.get("registry") or {}).items():
        machine.registry.make(path)
        for value, typed in (values or {}).items():
            machine.registry.set(path, value, typed["type"], typed["data"])
    for certificate in data.get("certificates") or ():
        machine.certificates.make(**{key: value for key, value in certificate.items() if key != "make"})
    for service in data.get("services") or ():
        state = service.get("state", "Stopped")
        machine.services.create(**{key: value for key, value in service.items() if key != "state"})
        machine.services.set_state(service["name"], state)
    for variable, text in (data.get("environment") or {}).items():
        machine.environment.set(variable, str(text))
    for target, found in (("web", machine.network.web), ("shares", machine.network.shares)):
        for url, content in (data.get(target) or {}).items():
            found[url] = _content(content, folder)
    for listener in data.get("listeners") or ():
        machine.network.extra_listeners.append(Listener(**listener))
    for url, about in (data.get("identity_servers") or {}).items():
        machine.network.elsewhere.append(IdentityServer(url, **(about or {})).respond)
    _iis(machine, data)
    machine.reboot_pending = bool(data.get("reboot_pending"))
    if machine.reboot_pending:
        machine.registry.make(
            "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"
        )
    _path_faults(machine, data)
    return machine


def _content(content: t.Mapping[str, t.Any], folder: Path) -> bytes | Path:
    if "file" in content:
        return (folder / str(content["file"])).resolve()
    if "hosting_bundle" in content:
        options = {key: content[key] for key in ("exit_code", "signed") if key in content}
        return packages.hosting_bundle(str(content["hosting_bundle"]), **options)
    if "base64" in content:
        return base64.b64decode(str(content["base64"]))
    return str(content["text"]).encode()


def _files(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    for path, content in (data.get("files") or {}).items():
        if content.get("folder"):
            machine.files.make_folder(path)
        else:
            machine.files.make_folder(path.rpartition("\\")[0])
            found = _content(content, Path.cwd())
            machine.files.write(path, found.read_bytes() if isinstance(found, Path) else found)
        if content.get("sddl"):
            machine.files.set_sddl(path, content["sddl"])
        machine.files.entry(path).read_only = bool(content.get("read_only"))


def _iis(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    pools, sites = data.get("pools") or (), data.get("sites") or ()
    if (pools or sites) and machine.iis is None:
        raise BadScenario(f"host {machine.name}: pools and sites need features: [Web-Server]")
    for pool in pools:
        assert machine.iis is not None
        if not machine.iis.has_pool(pool["name"]):
            machine.iis.create_pool(pool["name"])
        for attribute, value in (pool.get("attributes") or {}).items():
            machine.iis.set_pool_attribute(pool["name"], attribute, value)
        if pool.get("state") == "Stopped":
            machine.iis.stop_pool(pool["name"])
    for site in sites:
        assert machine.iis is not None
        machine.files.make_folder(site["path"])
        machine.iis.create_site(site["name"], site["path"], site.get("pool"))
        for binding in site.get("bindings") or ():
            machine.iis.add_binding(site["name"], **binding)
        if site.get("state") == "Stopped":
            machine.iis.stop_site(site["name"])
    if machine.iis:
        machine.iis.recycles.clear()


def _path_faults(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    for fault in data.get("faults") or ():
        if "path" not in fault:
            continue
        if fault.get("do") == "disk_full":
            machine.files.drives[fault["path"][0].upper()].free_bytes = 0
        elif fault.get("do") == "access_denied":
            machine.files.deny(fault["path"])
        elif fault.get("do") == "locked":
            machine.files.lock(fault["path"])
        elif fault.get("do") == "read_only":
            machine.files.drives[fault["path"][0].upper()].read_only = True
        else:
            raise BadScenario(
                f"host {machine.name}: fault of {fault['path']}: do is disk_full or one of {', '.join(PATH_FAULTS)}"
            )
