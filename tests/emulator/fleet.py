"""A fleet: the hosts of a scenario, each with its server, its engine and its counters."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from pathlib import Path

from .engine import Engine
from .model.engine import Counters, ModelEngine
from .windows import scenario
from .windows.scenario import HostSpec

PORT = 5986


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
        assert isinstance(self.engine, ModelEngine)
        return self.engine.counters


def build(source: Path | t.Mapping[str, t.Any], names: t.Sequence[str] | None = None) -> dict[str, Host]:
    """Build the hosts of a scenario, each with an address of its own."""
    hosts = {}
    for number, (name, spec) in enumerate(scenario.load(source, names).items()):
        address = spec.address or _address(number)
        if not address.startswith("127."):
            raise scenario.BadScenario(f"host {name}: address {address} is not in 127.0.0.0/8")
        hosts[name] = Host(spec, ModelEngine(spec.machine, spec.faults), address)
    return hosts


def _address(number: int) -> str:
    """Return the address of the n-th host: a block for each process, so that fleets run beside each other."""
    block = (os.getpid() * 2 + number // 250) % (200 * 250)
    return f"127.{20 + block // 250}.{block % 250}.{number % 250 + 1}"
