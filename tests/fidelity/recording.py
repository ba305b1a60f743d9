"""The real modules' answers to each world's fixed sequences, kept in ``answers/``: they hold the model to them where
there is no engine.
"""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

from .known import NOT_COMPARED
from .sides import Real
from .world import HERE, NOW, RECENT_SECONDS, State, Step, World

FOLDER = Path(__file__).resolve().parent / "answers"
NAME = "q000000000000"
"""The name that recorded sequences have; as long as any other."""


class Recorder:
    """A real side that keeps what it answers.

    Args:
        real: what answers.
    """

    def __init__(self, real: Real) -> None:
        self._real = real
        self.taken: list[t.Any] = []

    def prepare(self, world: World) -> None:
        """Make the drive fit for a world."""
        self._real.prepare(world)

    def lay(self, world: World, start: t.Any, name: str) -> None:
        """Lay a start state down."""
        self._real.lay(world, start, name)

    def read(self, world: World, name: str) -> State:
        """Read the state, and keep it."""
        return t.cast("State", self._keep(self._real.read(world, name), name))

    def call(self, step: Step, name: str) -> dict[str, t.Any]:
        """Run one call, and keep its result."""
        result = self._real.call(step, name)
        self._keep({key: value for key, value in result.items() if key not in NOT_COMPARED}, name)
        return result

    def _keep(self, answer: t.Any, name: str) -> t.Any:
        self.taken.append(json.loads(json.dumps(_timeless(answer)).replace(name, HERE)))
        return answer


class Recorded:
    """A real side that answers what was recorded, in the order in which it was asked."""

    def __init__(self, taken: t.Sequence[t.Any]) -> None:
        self._taken = iter(taken)

    def prepare(self, world: World) -> None:
        """Need nothing."""

    def lay(self, world: World, start: t.Any, name: str) -> None:
        """Lay nothing down."""

    def read(self, world: World, name: str) -> State:
        """Return the next state."""
        return t.cast("State", self._next(name))

    def call(self, step: Step, name: str) -> dict[str, t.Any]:
        """Return the next result."""
        return t.cast("dict[str, t.Any]", self._next(name))

    def _next(self, name: str) -> t.Any:
        return json.loads(json.dumps(next(self._taken)).replace(HERE, name))


def _timeless(answer: t.Any) -> t.Any:
    """Return an answer with each number that is a time of the last hours as a word."""
    if isinstance(answer, dict):
        return {key: _timeless(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_timeless(value) for value in answer]
    if isinstance(answer, float) and abs(time.time() - answer) < RECENT_SECONDS:
        return NOW
    return answer


def path(world: World) -> Path:
    """Return where a world's answers are."""
    return FOLDER / f"{world.name}.json"


def load(world: World) -> list[list[t.Any]]:
    """Return what was recorded for each fixed sequence of a world."""
    return t.cast("list[list[t.Any]]", json.loads(path(world).read_text("utf-8"))) if path(world).exists() else []


def save(world: World, answers: list[list[t.Any]]) -> None:
    """Write a world's answers."""
    FOLDER.mkdir(exist_ok=True)
    text = ",\n".join(
        "[\n" + ",\n".join(json.dumps(answer, ensure_ascii=False, sort_keys=True) for answer in taken) + "\n]"
        for taken in answers
    )
    path(world).write_text(f"[\n{text}\n]\n", "utf-8")
