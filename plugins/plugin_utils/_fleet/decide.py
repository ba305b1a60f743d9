# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a job may do next, by where the rollout stands."""

from __future__ import annotations

import dataclasses
import typing as t

from .budget import Budget
from .entry import SPENT, State, text
from .job import Job
from .standing import Stage, Standing
from .window import Window

_TAKEN_UP = frozenset({State.CUT, State.LOST})
_RETRIED = frozenset({State.FAILED, State.ROLLED_BACK})
NAMED = 5
"""As many servers does a sentence name."""


@dataclasses.dataclass(frozen=True)
class Asking:
    """A job, as far as it decides what the job may begin.

    Attributes:
        job: its name.
        servers: the servers that it reaches.
        budget: its budget.
        window: when it may begin servers.
        retry: failed servers that somebody has repaired.
        most: how many it works at together.
    """

    job: str
    servers: tuple[str, ...]
    budget: Budget
    window: Window
    retry: frozenset[str] = frozenset()
    most: int = 1000

    @classmethod
    def of(cls, job: Job) -> Asking:
        """Return what a job may begin, by what it was entered with; raises Refused."""
        budget, window = Budget.of(job.budget), Window.of(job.window)
        return cls(job.name, job.servers, budget, window, frozenset(job.retry), job.most)


@dataclasses.dataclass(frozen=True)
class Step:
    """What a job does now: one of these, or nothing where it has nothing more to do with the servers in question.

    Attributes:
        start: servers that it begins.
        again: those of them that were begun before.
        wait: what it waits for.
        hold: why it begins nothing any more.
        over: whether it goes to the end of the wave: soak time and verification.
    """

    start: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    wait: str = ""
    hold: str = ""
    over: bool = False


def taken_up(standing: Standing, asking: Asking, servers: t.Iterable[str]) -> tuple[str, ...]:
    """Return those of some servers that were begun before and are begun again. They count already, so that the budget
    does not decide: those whose job died, those that were lost, and those that somebody has repaired.
    """
    return tuple(
        server
        for server in servers
        if standing.entries.get(server)
        and standing.entries[server].job != asking.job
        and (standing.states[server] in _TAKEN_UP or (server in asking.retry and standing.states[server] in _RETRIED))
    )


def unbegun(standing: Standing, asking: Asking, servers: t.Iterable[str]) -> tuple[str, ...]:
    """Return those of some servers that nobody has begun, or that were down when another job came to them."""
    return tuple(
        server
        for server in servers
        if standing.states[server] is State.WAITING
        or (standing.states[server] is State.WAS_DOWN and standing.entries[server].job != asking.job)
    )


def next_step(standing: Standing, asking: Asking, servers: t.Sequence[str]) -> Step:
    """Return what a job does with some servers of its own, in the rollout's order."""
    again = taken_up(standing, asking, servers)
    fresh = unbegun(standing, asking, servers)
    if not again and not fresh:
        return Step()
    if not asking.window.is_open(standing.now):
        return Step(hold=f"outside im_rollout_window, which opens at {text(asking.window.opens(standing.now))}")
    if again:
        return Step(start=again[: asking.most], again=again[: asking.most])
    current = standing.current
    if current and current[1] is Stage.BAD:
        return Step(hold=f"wave {current[0].number} has ended, and {Stage.BAD.value}")
    free = standing.allowed(asking.budget) - standing.occupied
    if free < 1:
        return _without_budget(standing, asking)
    number = current[0].number if current else len(standing.waves)
    is_open = current is None or current[1] is Stage.OPEN
    start = tuple(s for s in fresh if standing.wave_of(s) < number or (is_open and standing.wave_of(s) == number))
    if start:
        return Step(start=start[: min(free, asking.most)])
    return _behind(standing, asking)


def _without_budget(standing: Standing, asking: Asking) -> Step:
    if taken_up(standing, asking, asking.servers):
        return Step(over=True)  # its job died meanwhile: a later play takes it up
    allowed = standing.allowed(asking.budget)
    if standing.spent >= allowed:
        failed = named(standing.of(*SPENT))
        return Step(hold=f"the budget is spent: {standing.spent} of {allowed} failed ({failed})")
    if standing.of(State.RUNNING):
        return Step(wait="servers that other jobs are at")
    return Step(
        hold=f"the budget is taken by {named(standing.of(State.CUT))}, whose job died: run a job that reaches these"
    )


def _behind(standing: Standing, asking: Asking) -> Step:
    """Return what a job does whose servers are all in a later wave."""
    wave, stage = standing.current or (None, Stage.PASSED)
    if wave is None or stage is not Stage.OPEN:
        return Step(over=True)
    left = tuple(s for s in wave.servers if standing.states[s] in {State.WAITING, State.RUNNING, State.CUT})
    mine = [server for server in left if server in asking.servers]
    if unbegun(standing, asking, mine) or taken_up(standing, asking, mine):
        return Step(over=True)  # its own, which a later play takes up
    running = standing.of(State.RUNNING)
    alone = standing.unreached([server for server in left if server not in running], asking.job)
    if alone:
        return Step(hold=f"wave {wave.number} has not ended, and no job reaches {named(alone)}")
    return Step(wait=f"the other servers of wave {wave.number}: {named(left)}")


def between(standing: Standing, asking: Asking) -> tuple[Step, tuple[str, ...]]:
    """Return what a job does before it goes on with the next wave, and the servers that it verifies."""
    current = standing.current
    if current is None or current[1] in {Stage.OPEN, Stage.BAD}:
        return Step(), ()
    wave, stage = current
    if stage is Stage.SOAKING:
        return Step(wait=f"the soak time of wave {wave.number}, until {text(standing.soaked(wave))}"), ()
    left = standing.unverified(wave)
    mine = tuple(server for server in left if server in asking.servers)
    if mine:
        return Step(), mine
    alone = standing.unreached(left, asking.job)
    if alone:
        return Step(hold=f"wave {wave.number} is not verified, and no job reaches {named(alone)}"), ()
    return Step(wait=f"the verification of wave {wave.number}: {named(left)}"), ()


def sizes(standing: Standing, asking: Asking, servers: t.Sequence[str]) -> list[int]:
    """Return how many servers are begun together, one time after the other, if all goes well.

    Where it does not, fewer are begun at a time; more never are.
    """
    found: list[int] = []
    again = len(taken_up(standing, asking, servers))
    while again > 0:
        found.append(min(again, asking.most))
        again -= asking.most
    waves: dict[int, int] = {}
    for server in unbegun(standing, asking, servers):
        number = standing.wave_of(server)
        waves[number] = waves.get(number, 0) + 1
    done, spent = len(standing.of(State.DONE, State.VERIFIED)), standing.spent
    for _number, servers_of_wave in sorted(waves.items()):
        end = done + servers_of_wave
        while done < end:
            allowed = asking.budget.allowed(len(standing.plan.servers), done) - spent
            found.append(max(1, min(end - done, allowed, asking.most)))
            done += found[-1]
    return found or [1]


def named(servers: t.Sequence[str]) -> str:
    """Return some servers by name, and how many more there are."""
    more = len(servers) - NAMED
    return ", ".join(servers[:NAMED]) + (f" and {more} more" if more > 0 else "") or "none"
