"""Where an agent's process runs and as whom, and how it fails to start."""

from __future__ import annotations

import dataclasses
import typing as t

from ..files.nodes import normal
from ..security import descriptors
from .surroundings import Surroundings


class CannotStart(Exception):
    """The agent does not come up.

    Attributes:
        status: the HTTP status line that IIS answers with ("500.30").
        event: the id of the module's event.
    """

    def __init__(self, reason: str, status: str = "500.30", event: int = 1007) -> None:
        super().__init__(reason)
        self.status, self.event = status, event


@dataclasses.dataclass(frozen=True)
class Context:
    """What a process knows from the beginning.

    Attributes:
        surroundings: what it uses of its server.
        folder: of the agent.
        base: what relative paths begin at.
        sids: whom it runs as.
    """

    surroundings: Surroundings
    folder: str
    base: str
    sids: t.Collection[str]

    def resolve(self, path: str) -> str:
        """Return a path of the settings in full."""
        path = path.replace("/", "\\")
        return normal(path if path[1:2] == ":" or path.startswith("\\\\") else f"{self.base}\\{path}")

    def may(self, path: str, rights: int) -> bool:
        """Tell whether the process has rights on what is at a path."""
        return self.surroundings.files.allowed(path, self.sids, rights)

    def readable_file(self, path: str) -> bool:
        """Tell whether a file is at a path, and the process may read it."""
        return self.surroundings.files.is_file(path) and self.may(path, descriptors.READ_DATA)
