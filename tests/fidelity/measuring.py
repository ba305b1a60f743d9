"""How far a module's handler agrees with the module: sequences run until a number of cases or a deadline."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import json
import os
import re
import time
import typing as t

from emulator.process.powershell import Crashed

from . import drawing, judging
from .known import Difference
from .world import HERE, NAMED, RealSide, Sequence, World

SMALLER_TRIES, SMALLER_SECONDS = 12, 45
"""What a finding may cost to be made smaller: the engine takes seconds a try."""
TRIES = 3
"""How often a sequence is begun, each time under another name, when the engine is lost in the middle of it."""
LONGEST_START = 1500
SLOW_SECONDS, SLOW_SHARE = 1.0, 3
"""A module whose calls take longer than this is called only a third as often."""
FINDINGS = 5
"""So many different findings end a module's measurement: the rest would be the same again."""
_numbers = itertools.count(1)
_NAME = re.compile(NAMED)


@dataclasses.dataclass(frozen=True)
class Finding:
    """A difference that nothing explains, with the smallest sequence found that shows it."""

    number: int
    sequence: Sequence
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        calls = "\n".join(f"    {step}" for step in self.sequence.steps)
        shown = "\n".join(f"    {difference}" for difference in self.differences)
        start = json.dumps(self.sequence.start, ensure_ascii=False)
        start = start if len(start) < LONGEST_START else start[:LONGEST_START] + " ..."
        return f"  sequence {self.number}, start {start}, calls:\n{calls}\n  differs after the last:\n{shown}"


@dataclasses.dataclass
class Tally:
    """What was measured of one module.

    Attributes:
        calls: of the module itself, in its own sequences.
        agreed: those of them that gave the same in everything.
        known: how many calls each entry of the table excused, other modules' calls in the sequences included.
        crashes: how often the engine was lost in the middle; the sequence is begun again on a new one.
        lost: the sequences in which that happened each time: nothing is known of them.
    """

    module: str
    cases: int = 0
    calls: int = 0
    agreed: int = 0
    known_differences: int = 0
    crashes: int = 0
    lost: list[Sequence] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    known: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    findings: list[Finding] = dataclasses.field(default_factory=list)

    def summary(self) -> dict[str, int | float]:
        """Return the numbers that are published."""
        return {
            "cases": self.cases,
            "calls": self.calls,
            "agreed": self.agreed,
            "known_differences": self.known_differences,
            "crashes": self.crashes,
            "lost": len(self.lost),
            "seconds": round(self.seconds, 1),
        }


def fresh_name() -> str:
    """Return a name that no sequence of this process or another had, of the form ``NAMED``."""
    return f"q{os.getpid():07d}{next(_numbers):05d}"


def measure(
    world: World,
    module: str,
    real: RealSide,
    seed: int,
    *,
    calls: int | None = None,
    seconds: float | None = None,
    fixed: bool = True,
    stop: t.Callable[[], bool] = lambda: False,
) -> Tally:
    """Measure one module.

    Args:
        world: one that has the module.
        module: its full name.
        real: the engine's side.
        seed: what the sequences are drawn from.
        calls: no sequence begins after so many calls of the module; a third of it where a call takes over a second.
        seconds: no sequence begins after so many; at least one runs.
        fixed: whether to begin with the world's fixed sequences.
        stop: ends it between two sequences.
    """
    tally, began = Tally(module), time.monotonic()
    real.prepare(world)
    measured = time.monotonic()
    first = [s for s in world.fixed if fixed and any(step.module == module for step in s.steps)]
    for number, sequence in enumerate(itertools.chain(first, drawing.sequences(world, module, seed))):
        spent = time.monotonic() - measured
        late = seconds is not None and spent > seconds
        full = calls is not None and tally.calls >= _enough(calls, spent, tally.calls)
        if stop() or full or (late and tally.cases) or len(tally.findings) >= FINDINGS:
            break
        try:
            judged = _judged(tally, world, real, sequence)
        except Crashed:
            tally.lost.append(sequence)
            if len(tally.lost) > FINDINGS:
                raise
        else:
            _count(tally, world, real, number, sequence, judged)
    tally.seconds = time.monotonic() - began
    return tally


def _enough(calls: int, spent: float, made: int) -> int:
    """Return how many calls are wanted, in view of what those cost that were made."""
    return -(-calls // SLOW_SHARE) if made and spent / made > SLOW_SECONDS else calls


def _judged(tally: Tally, world: World, real: RealSide, sequence: Sequence) -> list[judging.Judged]:
    """Return the verdicts on a sequence.

    Raises:
        Crashed: the engine was lost each time.
    """
    left = TRIES
    while True:
        try:
            return judging.run(world, real, sequence, fresh_name())
        except Crashed:
            tally.crashes += 1
            left -= 1
            if not left:
                raise


def _count(
    tally: Tally, world: World, real: RealSide, number: int, sequence: Sequence, judged: list[judging.Judged]
) -> None:
    tally.cases += 1
    for index, verdict in enumerate(judged):
        tally.known.update(verdict.known)
        if verdict.step.module == tally.module:
            tally.calls += 1
            tally.known_differences += bool(verdict.known and not verdict.unexplained)
            tally.agreed += not verdict.known and not verdict.unexplained
        if verdict.unexplained:
            short = Sequence(sequence.start, sequence.steps[: index + 1])
            _note(tally, world, real, number, short, verdict.unexplained)


def _fields(differences: t.Iterable[Difference]) -> set[tuple[str, ...]]:
    """Return where values differ. Each sequence has a name of its own, which does not count: not in keys either."""
    return {tuple(_NAME.sub(HERE, part) for part in difference.field) for difference in differences}


def _note(
    tally: Tally, world: World, real: RealSide, number: int, sequence: Sequence, differences: tuple[Difference, ...]
) -> None:
    fields = _fields(differences)
    if any(fields == _fields(finding.differences) for finding in tally.findings):
        return
    smallest, began = differences, time.monotonic()

    def still(candidate: Sequence) -> bool:
        nonlocal smallest
        if time.monotonic() - began > SMALLER_SECONDS:
            return False
        try:
            *_, last = _judged(tally, world, real, candidate)
        except Crashed:
            return False
        if last.step != candidate.steps[-1] or _fields(last.unexplained) != fields:
            return False
        smallest = last.unexplained
        return True

    tally.findings.append(Finding(number, drawing.smaller(sequence, still, SMALLER_TRIES), smallest))
