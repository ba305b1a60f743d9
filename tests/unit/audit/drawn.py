"""Unkind servers with several faults, drawn from a seed."""

from __future__ import annotations

import dataclasses
import random
import typing as t

import audited
import trial
from emulator.behaviours import catalogue, presets
from planted import FAULTS, Planted

KIND = frozenset({*presets.REFUSING, "was_stopped"})
"""Behaviours that keep a server from being an agent's at all; tests of their own are about them."""
NEIGHBOURS = ("neighbour_site", "neighbour_without_sni")
WITHOUT_MODULE = (
    frozenset({"prerequisites.possible"}),
    frozenset({"prerequisites.as-wanted", "prerequisites.warned"}),
)
"""What an IIS of others on a server whose agent is a service lacks: the module, which no installer of the wanted
version brings.
"""


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What a seed draws.

    Attributes:
        seed: the number.
        hosting: of the agent.
        behaviours: of the server.
        faults: that are planted, in order.
    """

    seed: int
    hosting: str
    behaviours: t.Mapping[str, t.Mapping[str, t.Any]]
    faults: tuple[Planted, ...]

    def __str__(self) -> str:
        """Return a line for people."""
        return f"{self.seed}: {', '.join(self.behaviours)}; {'; '.join(fault.id for fault in self.faults)}"

    @property
    def variables(self) -> dict[str, t.Any]:
        """Return the variables that the faults need."""
        return {name: value for fault in self.faults for name, value in fault.variables.items()}

    @property
    def expected(self) -> trial.Verdict:
        """Return all that may follow from the faults and the behaviours."""
        failing = {rule for fault in self.faults for rule in trial.expected(fault)[0]}
        unknown = {rule for fault in self.faults for rule in fault.unknown}
        if self.hosting == "service" and set(NEIGHBOURS) & set(self.behaviours):
            failing, unknown = failing | WITHOUT_MODULE[0], unknown | WITHOUT_MODULE[1]
        return failing, unknown


def of(seed: int) -> Drawn:
    """Return what a seed draws: three to seven behaviours and one to three faults that do not exclude each other."""
    draw = random.Random(seed)
    hosting = draw.choice(("iis", "iis", "service"))
    behaviours = {name: options for name, options in presets.mix(seed).items() if name not in KIND}
    chosen: list[Planted] = []
    # Without the privilege nobody tells when the agent started.
    untold = {"look.restart-pending"} if "no_debug_privilege" in behaviours else set()
    possible = [one for one in FAULTS if one.hosting == hosting and one.rule not in untold]
    for fault in draw.sample(possible, len(possible)):
        if len(chosen) < 3 and all(_fits(fault, other) for other in chosen):
            chosen.append(fault)
    return Drawn(seed, hosting, behaviours, tuple(chosen[: draw.randint(1, 3)]))


def _fits(fault: Planted, other: Planted) -> bool:
    """Tell whether two faults leave each other what they break: no rule is of both, and no variable."""
    first, second = ({one.rule, *one.unknown} for one in (fault, other))
    alone = fault.alone or other.alone
    return not alone and not first & second and not set(fault.variables) & set(other.variables)


def audit(drawn: Drawn) -> dict[str, t.Any]:
    """Return the audit of such a server."""
    server = trial.sound(drawn.hosting)
    for fault in drawn.faults:
        fault.deed(server)
    catalogue.switch_on(server.machine, drawn.behaviours)
    return audited.audit(server, audited.variables(hosting=drawn.hosting, **drawn.variables))
