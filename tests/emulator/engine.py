"""What answers a PowerShell pipeline: one small interface, so that a model and a real PowerShell can both stand behind
it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .counters import Counters


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """One pipeline as it arrived: the script, its input lines and the connection that it came over.

    Attributes:
        script: the PowerShell text (an ``-EncodedCommand`` is decoded already).
        lines: the input, one string a line.
        connection: ``psrp`` or ``winrm``.
        user: the authenticated user's name.
    """

    script: str
    lines: tuple[str, ...]
    connection: str = "psrp"
    user: str = "Administrator"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a pipeline gave: output lines, error lines and the exit status."""

    output: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    exit_code: int = 0


class ConnectionDropped(Exception):
    """The host's connection breaks now: the client sees its TCP connection closed, not an answer."""


class HostRestarts(Exception):
    """The pipeline was answered with ``outcome``, then the host restarts: listener closed, connections aborted, shells
    lost. Until then it is the same Windows with the same boot time; ``boot`` starts it again.
    """

    def __init__(self, outcome: Outcome, boot: t.Callable[[], None]) -> None:
        super().__init__("the host restarts")
        self.outcome, self.boot = outcome, boot


class OthersFirst(Exception):
    """The pipeline has done nothing yet, and waits for what another one will do: it is to be run again."""


class Engine(t.Protocol):
    """Anything that runs pipelines for one host, one at a time.

    Attributes:
        waits: whether ``run`` waits for another process, so that the event loop must not wait for it.
        faults: what goes wrong on purpose.
    """

    waits: bool
    faults: list[t.Mapping[str, t.Any]]

    @property
    def counters(self) -> Counters:
        """Return what was counted since the last reset."""
        ...

    def start(self) -> None:
        """Be ready for pipelines."""
        ...

    def run(self, pipeline: Pipeline) -> Outcome:
        """Run one pipeline to its end; raises ConnectionDropped or HostRestarts."""
        ...

    def reset(self) -> None:
        """Begin counting anew."""
        ...

    def dump(self) -> dict[str, t.Any]:
        """Return state and counters as JSON-able data."""
        ...

    def close(self) -> None:
        """Free what the engine holds (processes, folders)."""
        ...
