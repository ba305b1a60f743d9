"""A fleet: the hosts of a scenario, each with its server, its engine and its counters."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from pathlib import Path

from .counters import Counters
from .engine import Engine
from .handlers import HANDLERS
from .model.model_engine import ModelEngine
from .process.powershell import PowerShell
from .process.process_engine import ProcessEngine
from .scenario.hosts import HostSpec, load
from .scenario.server import BadScenario


@dataclasses.dataclass
class Host:
    """One host on the wire."""

    spec: HostSpec
    engine: Engine
    address: str

    @property
    def name(self) -> str:
        """Return the inventory name."""
        return self.spec.name

    @property
    def counters(self) -> Counters:
        """Return what was counted since the last reset."""
        return self.engine.counters


def build(source: Path | t.Mapping[str, t.Any], names: t.Sequence[str] | None = None) -> dict[str, Host]:
    """Build the hosts of a scenario, each with an address of its own.

    Raises:
        BadScenario: a scenario that cannot be.
        Unavailable: a host of kind powershell, and no PowerShell here.
    """
    hosts = {}
    for number, (name, spec) in enumerate(load(source, names).items()):
        address = spec.address or _address(number)
        if not address.startswith("127."):
            raise BadScenario(f"host {name}: address {address} is not in 127.0.0.0/8")
        hosts[name] = Host(spec, _engine(spec), address)
    return hosts


def _engine(spec: HostSpec) -> Engine:
    model = ModelEngine(spec.machine, HANDLERS, spec.faults)
    if spec.kind == "model":
        return model
    powershell = PowerShell(f"imops-host-{os.getpid()}-{spec.name}")
    return ProcessEngine(spec.name, powershell, model, spec.modelled, spec.files)


def _address(number: int) -> str:
    """Return the address of the n-th host: a block for each process, so that fleets run beside each other."""
    block = (os.getpid() * 2 + number // 250) % (200 * 250)
    return f"127.{20 + block // 250}.{block % 250}.{number % 250 + 1}"
