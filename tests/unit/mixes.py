"""An agent is installed or changed on a server that a seed draws, and what comes of it that must not be.

``make scenarios MIX_SEED=n MIXES=n`` runs a number of them, ``tests/unit/test_mixes.py`` the first.
"""

from __future__ import annotations

import dataclasses
import functools
import random
import re
import typing as t

import chain
import install_playbook
from emulator.behaviours import catalogue, presets
from emulator.windows.machine import Machine
from in_process import Server
from twin import Twin

HOSTING = ("iis", "service")
CHANGE = {"environment": {"LOG_LEVEL": "debug"}, "agent_settings": {"Serilog": {"MinimumLevel": "Debug"}}}
STARTED = "IIS AspNetCore Module V2", 1032
REFUSALS = {
    "neighbour_in_default_pool": r"application pool DefaultAppPool is not as IIS created it: it serves Intranet",
    "not_elevated": r"administrator",
    "shared_configuration": r"redirection\.config",
}
"""Behaviours under which a run may be refused before it writes, and the cause that it names."""
Result = t.Mapping[str, t.Any]
Results = t.Mapping[str, Result]
VERIFIES = "win_im_agent_health"


@dataclasses.dataclass(frozen=True)
class Mix:
    """What a seed draws.

    Attributes:
        seed: the number.
        hosting: iis or service.
        installed: whether an agent is there already, which is changed.
        behaviours: of the server.
    """

    seed: int
    hosting: str
    installed: bool
    behaviours: t.Mapping[str, t.Mapping[str, t.Any]]

    def __str__(self) -> str:
        """Return a line for people."""
        named = (name + "".join(f" {value}" for value in options.values()) for name, options in self.behaviours.items())
        return f"{self.seed}: {'change' if self.installed else 'install'} {self.hosting}; {', '.join(named)}"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a mix.

    Attributes:
        refused: the failure, empty where the run converged.
        faults: what is not as it has to be.
    """

    refused: str
    faults: tuple[str, ...]


def draw(seed: int) -> Mix:
    """Return the mix of a seed."""
    drawn = random.Random(f"run {seed}")
    return Mix(seed, drawn.choice(HOSTING), drawn.random() < 0.5, presets.mix(seed))


def run(mix: Mix) -> Outcome:
    """Plan, foretell, run and run again; hold each against the twin that nothing is run on.

    The plan is that of the playbook's first task, which refuses. The others are those of ``chain``, which need less
    time; ``run/test_whole_plan.py`` verifies that the plan is what the playbook then does.
    """
    server, inventory = _server(mix)
    twin = Twin.of(server.machine)
    plan = _plan(server, inventory, check=True)
    if plan.get("failed"):
        again = _plan(server, inventory, check=False)
        return Outcome(plan["msg"], tuple(_refusal(mix, twin.changed(server.machine), plan, again)))
    foretold = chain.converge(server, inventory, check=True)
    faults = [f"check mode changed {what}" for what in twin.changed(server.machine)]
    starts, answered = _starts(server.machine), runs(server.machine, mix.hosting)
    done = chain.converge(server, inventory)
    faults += [f"planned, and then failed: {message}" for message in chain.failures(done)]
    faults += _told_otherwise(foretold, done)
    faults += [f"a neighbour: {what}" for what in twin.differences(server.machine, _operations(foretold))]
    again = chain.converge(server, inventory)
    faults += [f"the second run failed: {message}" for message in chain.failures(again)]
    faults += [f"the second run changed {task}" for task in sorted(chain.changed(again))]
    server.machine.clock.wait(10)
    if not chain.failures(done) and not runs(server.machine, mix.hosting):
        faults.append("success, and the agent does not run")
    restarts = _starts(server.machine) - starts - (0 if answered else 1)
    return Outcome("", (*faults, *([f"{restarts} restarts"] if restarts > 1 else ())))


def runs(machine: Machine, hosting: str) -> bool:
    """Tell whether the agent runs."""
    if hosting == "service":
        service = machine.services.get(chain.SERVICE)
        return service is not None and service.state == "Running"
    iis = machine.iis
    workers = iis.activation.workers() if iis else []
    return iis is not None and iis.pool_state(chain.POOL) == "Started" and chain.POOL in {w.pool for w in workers}


def _server(mix: Mix) -> tuple[Server, dict[str, t.Any]]:
    inventory = chain.inventory(hosting=mix.hosting, **(CHANGE if mix.installed else {}))
    if not mix.installed:
        return chain.server({"behaviours": mix.behaviours}), inventory
    machine = _installed(mix.hosting).copy()
    catalogue.switch_on(machine, mix.behaviours)
    return Server(machine), inventory


@functools.cache
def _installed(hosting: str) -> Machine:
    server = chain.server()
    failed = chain.failures(chain.converge(server, chain.inventory(hosting=hosting)))
    if failed:
        raise ValueError(f"the installation before failed: {failed[0]}")
    return server.machine


def _plan(server: Server, inventory: t.Mapping[str, t.Any], *, check: bool) -> Result:
    """Return the result of the playbook's first task."""
    given = {f"im_agent_{name}": value for name, value in inventory.items() if value is not None}
    variables = given | {"inventory_hostname": server.machine.name, "im_agent_verify_timeout": 0}
    (first,) = install_playbook.run(server, variables, check=check, only_first=True)
    return first.result


def _refusal(mix: Mix, written: t.Sequence[str], foretold: Result, done: Result) -> t.Iterator[str]:
    """Yield what is wrong with a refusal: it comes after a write, has no known cause, or check mode said otherwise."""
    if not any(name in mix.behaviours and re.search(cause, foretold["msg"]) for name, cause in REFUSALS.items()):
        yield f"refused for no cause that is listed: {foretold['msg']}"
    if written:
        yield f"refused after {len(written)} writes, for one {written[0]}"
    if done.get("msg") != foretold["msg"]:
        yield f"check mode told the refusal, and the run {done.get('msg', 'was none')}"


def _told_otherwise(foretold: Results, done: Results) -> t.Iterator[str]:
    """Yield where check mode is not what was done; an operation of one task may be foretold by a later one too."""
    if chain.changed(foretold) != chain.changed(done):
        yield f"check mode told {sorted(chain.changed(foretold))}, and {sorted(chain.changed(done))} changed something"
    differ = _operations(foretold) ^ _operations(done)
    if differ:
        yield f"only check mode told, or only the run did: {sorted(differ)}"


def _operations(results: Results) -> set[str]:
    return {
        operation
        for task, result in results.items()
        if task != VERIFIES and result["changed"]
        for operation in result.get("operations") or ()
    }


def _starts(machine: Machine) -> int:
    """Return how often an agent started: events of its own, by folder or provider."""
    folder = f"'{chain.RUNTIME}\\'".lower()
    return sum(
        (event.provider, event.id) == ("Usercube-Agent", 0)
        or ((event.provider, event.id) == STARTED and folder in event.message.lower())
        for event in machine.events.entries
    )
