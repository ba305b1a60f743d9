"""One sequence, run on both sides and judged call by call against the table of known differences."""

from __future__ import annotations

import dataclasses

from . import comparing
from .known import Difference, Known
from .sides import Modelled
from .world import RealSide, Sequence, Step, World, named


@dataclasses.dataclass(frozen=True)
class Judged:
    """One call's verdict.

    Attributes:
        step: the call.
        known: names of the table's entries that excused something.
        unexplained: what nothing excuses.
    """

    step: Step
    known: frozenset[str]
    unexplained: tuple[Difference, ...]


def run(world: World, real: RealSide, sequence: Sequence, name: str) -> list[Judged]:
    """Run a sequence under a name that nothing on the drive has yet; stop where the states part.

    Args:
        world: whose sequence it is.
        real: the engine's side.
        sequence: start state and calls.
        name: takes the place of ``HERE``.
    """
    real.prepare(world)
    modelled = Modelled(world.machine())
    real.lay(world, sequence.start, name)
    world.lay(modelled.machine, named(sequence.start, name), name)
    before = (real.read(world, name), world.read(modelled.machine, name))
    laid = comparing.states((before[0], before[0]), (before[1], before[1]), world.stamps)
    if laid:
        raise AssertionError(f"the world {world.name} lays down two different states: {laid}")
    judged: list[Judged] = []
    for step in sequence.steps:
        results = (
            comparing.in_order(real.call(step, name), world.listed_by),
            comparing.in_order(modelled.call(step, name), world.listed_by),
        )
        after = (real.read(world, name), world.read(modelled.machine, name))
        compared = comparing.results(*results, world.listed_by)
        found = [found for found in compared if not world.same(found[0], found[1], found[2])]
        parted = comparing.states((before[0], after[0]), (before[1], after[1]), world.stamps)
        differences = [
            Difference(step.module, step.arguments, step.check, *values, results) for values in (*found, *parted)
        ]
        verdict, ends = _judge(step, differences, world.known)
        judged.append(verdict)
        if ends or any(difference.field[0] == "state" for difference in verdict.unexplained):
            break
        before = after
    return judged


def _judge(step: Step, differences: list[Difference], table: tuple[Known, ...]) -> tuple[Judged, bool]:
    known: set[str] = set()
    unexplained, ends = [], False
    for difference in differences:
        entry = next((entry for entry in table if entry.takes(difference)), None)
        if entry is None:
            unexplained.append(difference)
        else:
            known.add(entry.name)
            ends = ends or entry.ends
    return Judged(step, frozenset(known), tuple(unexplained)), ends
