"""A world: a small part of a server, the modules that work on it, and how to lay it down and read it on both sides."""

from __future__ import annotations

import abc
import base64
import dataclasses
import json
import time
import typing as t

from emulator.windows.machine import Machine
from hypothesis import strategies as st

from .known import Known

HERE = "{here}"
"""Stands for a sequence's own name in start states and arguments, so that each has a folder or key of its own."""
NAMED = r"q\d{12}"
"""What the name of a sequence looks like on an engine."""
NOW = "<now>"
"""Stands for a time of the run in recorded answers."""
RECENT_SECONDS = 6 * 3600
State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Step:
    """One module call, the same on both sides."""

    module: str
    arguments: t.Mapping[str, t.Any]
    check: bool = False
    diff: bool = True

    def __str__(self) -> str:
        marks = ("?" if self.check else "") + ("" if self.diff else " without diff")
        return f"{self.module.rpartition('.')[2]}{marks} {json.dumps(self.arguments, ensure_ascii=False)}"


@dataclasses.dataclass(frozen=True)
class Sequence:
    """A start state (JSON-able, the world's own shape) and the calls from there."""

    start: t.Any
    steps: tuple[Step, ...]


class RealSide(t.Protocol):
    """The real side of a comparison: an engine, or its recorded answers."""

    def prepare(self, world: World) -> None:
        """Make the drive fit for a world, once."""

    def lay(self, world: World, start: t.Any, name: str) -> None:
        """Lay a start state down."""

    def read(self, world: World, name: str) -> State:
        """Read the state."""

    def call(self, step: Step, name: str) -> dict[str, t.Any]:
        """Run one call."""


class Runs(t.Protocol):
    """What a world may ask of the real side."""

    def script(self, text: str) -> str:
        """Run a script and return its output."""


class World(abc.ABC):
    """A subject area.

    Attributes:
        name: of the file that it is in.
        steps: for each measured module, what calls of it look like (``Step`` with check and diff left alone).
        around: calls that change the world between those, measured or not.
        known: what is known to differ here.
        fixed: sequences that are always run, and whose real answers are recorded in ``answers/``: one for each bug.
        resets: a start state takes the place of all that was there, so that a name may come again: answers are recorded
            under the name that they are held against (values that are made of it, such as SIDs, are then the same).
        listed_by: for lists of entries in a result whose order the rig gets wrong: the list's name, and the key by
            which both sides are put in order before they are compared.
        stamps: names in the state's entries whose values are times: compared is whether a call moved them.
    """

    name: str
    steps: t.Mapping[str, st.SearchStrategy[Step]]
    around: st.SearchStrategy[Step] | None = None
    known: tuple[Known, ...] = ()
    fixed: tuple[Sequence, ...] = ()
    resets = False
    listed_by: t.Mapping[str, str] = {}
    stamps: frozenset[str] = frozenset()

    @abc.abstractmethod
    def start(self) -> st.SearchStrategy[t.Any]:
        """Return what start states are drawn from."""

    @abc.abstractmethod
    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the PowerShell that lays a start state down for the sequence of this name."""

    @abc.abstractmethod
    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Lay the same down in the model."""

    @abc.abstractmethod
    def read_script(self, name: str) -> str:
        """Return the PowerShell that prints the sequence's state as one JSON object."""

    @abc.abstractmethod
    def read(self, machine: Machine, name: str) -> State:
        """Return the same from the model."""

    def prepare(self, real: Runs) -> None:  # noqa: B027 (most worlds need nothing)
        """Make a Windows drive fit for this world, once a drive (install the double of IIS, start a server ...)."""

    def machine(self) -> Machine:
        """Return a fresh server for the model's side of one sequence."""
        return Machine("srv")

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Tell whether two different values of a result mean the same (a time, a random name). Precisely, please."""
        return False


def named(value: t.Any, name: str) -> t.Any:
    """Return a value with the sequence's name filled in."""
    return json.loads(json.dumps(value).replace(HERE, name))


def recent(value: t.Any) -> bool:
    """Tell whether a value is a time of this run: seconds since 1970, or the word for it in a recorded answer."""
    return value == NOW or (isinstance(value, float | int) and abs(time.time() - value) < RECENT_SECONDS)


def quoted(text: str) -> str:
    """Return a PowerShell expression for a text, whatever is in it."""
    return (
        f"([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{base64.b64encode(text.encode()).decode()}')))"
    )
