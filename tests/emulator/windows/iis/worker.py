"""A worker process of an emulated IIS."""

from __future__ import annotations

import dataclasses
import datetime

from ..agent.process import Agent


@dataclasses.dataclass
class Worker:
    """A worker process of a pool, with the application that it runs in process, and the SID that it runs as."""

    pool: str
    process_id: int
    started: datetime.datetime
    owner: str = ""
    agents: dict[str, Agent] = dataclasses.field(default_factory=dict)

    def order_to_stop(self) -> None:
        """Tell its applications that it is about to end."""
        for agent in self.agents.values():
            agent.order_to_stop()

    def stop_agents(self) -> None:
        """End its applications."""
        for agent in self.agents.values():
            agent.stop()
