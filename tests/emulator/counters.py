"""What is counted of a host."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Counters:
    """What happened since the last reset.

    Attributes:
        remote_executions: pipelines that ran.
        connections: TCP connections.
        messages: WS-Man messages answered.
        bytes: HTTP bodies in both directions.
        payload: characters of the scripts and lines that pipelines were handed, decoded.
        modules: how often each module ran.
    """

    remote_executions: int = 0
    connections: int = 0
    messages: int = 0
    bytes: int = 0
    payload: int = 0
    modules: dict[str, int] = dataclasses.field(default_factory=dict)

    def count(self, name: str) -> int:
        """Count a module and return how often it has run."""
        self.modules[name] = self.modules.get(name, 0) + 1
        return self.modules[name]
