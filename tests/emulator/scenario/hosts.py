"""Scenario files: what emulated servers are before anybody touches them. The format is described in the package's
README.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import yaml

from ..windows.machine import Machine
from . import saved_state
from .listening import AUTHS, SCHEMES, Listening
from .listening import more as more_listeners
from .listening import quotas as read_quotas
from .server import BadScenario, build, path_faults

WIRE = frozenset({"connection", "auth", "scheme", "allow_unencrypted", "address", "user", "password"})
ABOUT_WINRM = frozenset({"more_listeners", "quotas"})
CONNECTIONS = ("psrp", "winrm")
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
    | {"identity_servers", "saved_state", "behaviours", "peers", "proxies", "group_policies"}
)
NOT_ON_A_DRIVE = frozenset(
    {"registry", "certificates", "environment", "pools", "sites", "listeners", "clock", "identity_servers"}
    | {"saved_state", "behaviours", "peers", "proxies", "group_policies"}
)
"""What a scenario cannot lay down for a host of kind powershell: its tasks do. Modelled modules see web and shares."""


@dataclasses.dataclass(frozen=True)
class HostSpec:
    """One server of a scenario.

    Attributes:
        name: its inventory name.
        machine: its state.
        connection: psrp or winrm.
        auth: basic, ntlm, kerberos, credssp or certificate.
        scheme: https or http.
        allow_unencrypted: whether http takes messages in clear (AllowUnencrypted of WinRM's service).
        others: its listeners besides the one of ``scheme`` and ``auth``, which the inventory reaches.
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
    scheme: str = "https"
    allow_unencrypted: bool = False
    others: tuple[Listening, ...] = ()
    address: str | None = None
    user: str = "Administrator"
    password: str = "Emulated-1"
    faults: tuple[dict[str, t.Any], ...] = ()
    kind: str = "model"
    modelled: tuple[str, ...] = ()
    files: t.Mapping[str, bytes | None] = dataclasses.field(default_factory=dict)

    @property
    def listener(self) -> Listening:
        """Return the listener that the inventory reaches."""
        return Listening(self.scheme, self.auth, self.allow_unencrypted)

    @property
    def listeners(self) -> tuple[Listening, ...]:
        """Return all its listeners."""
        return (self.listener, *self.others)


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
        known = WIRE | ABOUT_WINRM | KIND | STATE
        unknown = sorted(set(merged) - known)
        if unknown:
            raise BadScenario(f"host {name}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")
        kind, modelled = _kind(name, merged)
        wire = {key: merged[key] for key in WIRE if key in merged}
        for key, allowed in (("connection", CONNECTIONS), ("auth", AUTHS), ("scheme", SCHEMES)):
            if wire.get(key, allowed[0]) not in allowed:
                raise BadScenario(f"host {name}: {key} is one of {', '.join(allowed)}, not {wire[key]!r}")
        faults = tuple(fault for fault in merged.get("faults") or () if "path" not in fault)
        machine = _saved(name, merged, folder) if "saved_state" in merged else build(name, merged, folder)
        if wire.get("auth") in ("ntlm", "kerberos"):
            machine.network.second_hop = False  # nothing is delegated: Windows gives the server no password
        machine.quotas = read_quotas(name, merged)
        others = more_listeners(name, merged)
        files = {path: _laid(machine, path) for path in merged.get("files") or ()}
        specs[name] = HostSpec(
            name, machine, others=others, faults=faults, kind=kind, modelled=modelled, files=files, **wire
        )
    return specs


def _laid(machine: Machine, path: str) -> bytes | None:
    return None if machine.files.is_folder(path) else machine.files.read(path)


def _saved(name: str, merged: t.Mapping[str, t.Any], folder: Path) -> Machine:
    """Build the server that a file of ``python -m emulator save`` holds."""
    besides = sorted(set(merged) & STATE - {"saved_state", "faults"})
    if besides:
        raise BadScenario(f"host {name}: saved_state is the whole state; found {besides[0]} beside it, remove that key")
    machine = saved_state.restore(json.loads((folder / str(merged["saved_state"])).read_text("utf-8")))
    if machine.name != name:
        raise BadScenario(f"host {name}: saved_state is of the host {machine.name}; give it that name")
    path_faults(machine, merged, folder)
    return machine


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
