"""Sequences of calls, drawn by hypothesis from a seed, and made smaller when they show a difference."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import threading
import typing as t

import hypothesis
from emulator.model import argument_checks
from emulator.model.installed_modules import spec_of
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from .sides import SEARCH
from .world import Sequence, Step, World

LONGEST = 6
BATCH = 25
_KINDS = ("own", "own", "own", "one option", "one option", "again", "around")
_MODES = ("run", "run", "foreseen", "foreseen", "check", "no diff")
_one_at_a_time = threading.Lock()


@st.composite
def _sequences(draw: st.DrawFn, world: World, module: str) -> Sequence:
    start = draw(world.start())
    steps: list[Step] = []
    last: Step | None = None
    while len(steps) < LONGEST:
        kind = draw(st.sampled_from(_KINDS))
        if kind == "around" and world.around is not None:
            steps.append(draw(world.around))
            continue
        step = draw(world.steps[module])
        if last is not None and kind == "again":
            step = last
        elif last is not None and kind == "one option":
            step = _one_option_changed(draw, last, step)
        if len(argument_checks.impossible(spec_of(step.module, SEARCH), step.arguments)) > 1:
            continue  # which of them the module names is drawn by .NET
        last = step
        mode = draw(st.sampled_from(_MODES))
        if mode in {"check", "foreseen"}:
            steps.append(dataclasses.replace(step, check=True))
        if mode == "no diff":
            steps.append(dataclasses.replace(step, diff=False))
        elif mode != "check":
            steps.append(step)
    return Sequence(start, tuple(steps[:LONGEST]))


def _one_option_changed(draw: st.DrawFn, step: Step, other: Step) -> Step:
    """Return a step with one option as in another: set, changed, or left out."""
    differing = sorted(
        key for key in {*step.arguments, *other.arguments} if step.arguments.get(key) != other.arguments.get(key)
    )
    if not differing:
        return step
    key = draw(st.sampled_from(differing))
    kept = {k: v for k, v in step.arguments.items() if k != key}
    return dataclasses.replace(step, arguments={**kept, key: other.arguments[key]} if key in other.arguments else kept)


def sequences(world: World, module: str, seed: int) -> t.Iterator[Sequence]:
    """Yield sequences of calls of one module without end; the n-th depends on the seed and the world alone.

    Left out are those that repeat one call: hypothesis begins each batch with the simplest sequences it knows.
    """
    seen: set[str] = set()
    number = 0
    while True:
        for sequence in _batch(world, module, seed, number):
            if repr(sequence) not in seen and len(set(map(str, sequence.steps))) > 1:
                seen.add(repr(sequence))
                yield sequence
        number += 1


def _batch(world: World, module: str, seed: int, number: int) -> list[Sequence]:
    digest = hashlib.sha256(f"{seed} {module} {number}".encode()).digest()
    drawn: list[Sequence] = []

    @hypothesis.seed(int.from_bytes(digest[:8], "big"))
    @hypothesis.settings(
        max_examples=BATCH,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(_sequences(world, module))
    def collect(sequence: Sequence) -> None:
        drawn.append(sequence)

    with _one_at_a_time:
        collect()
    return drawn


def smaller(sequence: Sequence, still: t.Callable[[Sequence], bool], tries: int) -> Sequence:
    """Return a sequence with fewer calls and fewer options that still shows its difference.

    Args:
        sequence: ends with the call that shows it.
        still: runs a sequence and tells whether it shows the same.
        tries: how often that may be asked. Each costs an engine's seconds, so this is no search for the smallest.
    """
    smallest, left = sequence, tries
    progress = True
    while progress and left > 0:
        progress = False
        for candidate in _candidates(smallest):
            if left <= 0:
                break
            left -= 1
            if still(candidate):
                smallest, progress = candidate, True
                break
    return smallest


def _candidates(sequence: Sequence) -> t.Iterator[Sequence]:
    *before, last = sequence.steps
    make = functools.partial(dataclasses.replace, sequence)
    if len(before) > 1:
        yield make(steps=(last,))
    for index in range(len(before)):
        yield make(steps=(*before[:index], *before[index + 1 :], last))
    for key in sequence.start if isinstance(sequence.start, dict) else ():
        yield make(start={k: v for k, v in sequence.start.items() if k != key})
    for key in last.arguments if len(last.arguments) > 1 else ():
        kept = {k: v for k, v in last.arguments.items() if k != key}
        yield make(steps=(*before, dataclasses.replace(last, arguments=kept)))
